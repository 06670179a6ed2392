import { DetachedScope } from '../common/detached-scope.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { withTimeout } from '../common/with-timeout.js';
import type { PendingHit } from '../hit/hit.js';
import { countOf } from './batch.js';
import { BatchQueue } from './batch-queue.js';
import type { DeliveryCounters } from './counters.js';
import type { DeliveryOptions } from './delivery-options.js';
import type { HitSource } from './hit-source.js';
import { flushLast, type LastFlushParts } from './last-flush.js';
import { MemorySource } from './memory-source.js';
import { SendLoop } from './send-loop.js';
import { Sender } from './sender.js';
import { SharedFlush } from './shared-flush.js';
import type { Transport } from './transport.js';

/**
 * Takes hits to Matomo: one bulk request in flight, as soon as enough hits wait or the oldest has waited long
 * enough. Every hit is either pending or counted, at any moment.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #sender: Sender;
  readonly #parts: LastFlushParts;
  readonly #loop: SendLoop;
  readonly #diagnostics: Diagnostics;
  readonly #source: HitSource;
  /** Timers and requests are of no request of the application, though they begin in one. */
  readonly #scope = new DetachedScope('MatomoDelivery');
  readonly #flushes: SharedFlush;
  #closed: Promise<void> | undefined;
  /** What is not sent when the delivery is closed stays for `finish`, which then has less time. */
  #keepsForExit = false;
  #closingMillis = 0;
  #isPrepared = false;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
    source: HitSource = new MemorySource(),
  ) {
    this.#options = options;
    this.#sender = new Sender(options, transport, diagnostics, random);
    this.#diagnostics = diagnostics;
    this.#source = source;
    const given = { options, transport, diagnostics, source };
    this.#parts = {
      ...given,
      sender: this.#sender,
      batches: new BatchQueue(options.maxExportBatchSize),
    };
    const loop = new SendLoop(this.#parts, this.#scope);
    this.#loop = loop;
    this.#flushes = new SharedFlush(
      () => this.#closed ?? loop.sendAll(),
      options.exportTimeoutMillis,
    );
    loop.start();
  }

  /** What became of hits. */
  get counters(): DeliveryCounters {
    return this.#source.counters;
  }

  /** Hits whose fate is open: queued, held back, spooled or in flight. */
  get pending(): number {
    return this.#source.pending;
  }

  /** The part of `pending` that is in the spool. */
  get spooled(): number {
    return this.#source.spooled;
  }

  /** Hits sent again after an answer that does not prove that nothing was stored: so many may be duplicated. */
  get resent(): number {
    return this.#sender.resent;
  }

  /** The part of `pending` that Matomo has to process something else for: each made it fail alone. */
  get suspects(): number {
    return this.#loop.batches.suspects;
  }

  /** Roughly what hits take in memory, of `maxQueueBytes`. */
  get queueBytes(): number {
    return this.#source.bytes;
  }

  /** Hits of processes that have ended, which this one answers for. */
  get adopted(): number {
    return this.#source.adopted;
  }

  /** Whether Matomo has not refused crashes so far. */
  get takesCrashes(): boolean {
    return this.#loop.batches.takesCrashes;
  }

  /**
   * Takes a hit over, or counts why not. The newest are dropped, not the oldest: a visit whose start is missing is
   * worse than one cut short.
   */
  push(hit: PendingHit): boolean {
    if (this.#closed !== undefined && !this.#keepsForExit) {
      this.counters.lost.shutdown += 1;
      return false;
    }
    const { maxQueueSize, maxQueueBytes } = this.#options;
    const { inMemory: waiting, bytes } = this.#source;
    if (waiting >= maxQueueSize || bytes + hit.bytes > maxQueueBytes) {
      this.counters.lost.queue_full += 1;
      const text = `The queue is full with ${countOf(waiting)}. New hits are lost and counted as queue_full. Raise maxQueueSize and maxQueueBytes, or set spool.`;
      this.#diagnostics.warnOnce('queue_full', coded('queue-full', text));
      return false;
    }
    if (!this.#isPrepared) this.#prepare();
    this.#source.push(hit);
    this.#loop.update();
    return true;
  }

  /** A process that is about to end has no time to load what sends the first bulk. */
  #prepare(): void {
    this.#isPrepared = true;
    if (this.#source.isDurable) return;
    this.#scope.runInAsyncScope(() =>
      setImmediate(() => this.#parts.transport.prepare?.()).unref(),
    );
  }

  /** Hits that come after `shutdown`, or while it sends, are kept for `finish` instead of being counted as lost. */
  keepForExit(): void {
    this.#keepsForExit = true;
  }

  /** The process is about to end: sends everything now, and from now on hits as soon as they are final. */
  hurry(): void {
    this.#loop.hurry();
    void this.flush();
  }

  /**
   * One attempt for everything that is queued, at once. While one runs, further calls share the one that follows it. At most
   * `exportTimeoutMillis`. Never rejects.
   */
  flush(): Promise<void> {
    return this.#closed ?? this.#flushes.call();
  }

  /** A last attempt; what nobody has taken by the deadline is counted as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMillis);
    return this.#closed;
  }

  async #close(deadlineMillis: number): Promise<void> {
    this.#loop.stop();
    const { batches } = this.#loop;
    batches.isClosing = this.#keepsForExit;
    batches.storedUntilMillis = performance.now() + deadlineMillis / 2;
    const start = performance.now();
    const isInTime = await withTimeout(
      deadlineMillis,
      this.#loop.sendAll().then(() => true),
    );
    batches.hasEnded = true;
    await this.#sender.close();
    await this.#loop.ended; // what was in flight has been counted
    await this.#source.close();
    this.#closingMillis = performance.now() - start;
    if (this.#keepsForExit && isInTime && !batches.isUnavailable) return;
    this.#keepsForExit = false;
    batches.drop();
    const lost = this.counters.lost.shutdown;
    if (lost === 0) return;
    const text = `The shutdown ended with ${countOf(lost)} pending. Pending hits are lost and counted as shutdown. Raise shutdownTimeoutMillis, or set spool to keep hits across restarts.`;
    this.#diagnostics.warn(coded('lost-at-shutdown', text));
  }

  /** For the end of the process, which waits meanwhile: see `flushLast`. `refusal` says why nothing is to be stored or sent. */
  finish(deadlineMillis: number, refusal?: string): void {
    if (this.pending === 0) return;
    this.#closed ??= Promise.resolve();
    this.#loop.batches.hasEnded = true;
    this.#loop.stop();
    const { inFlight, isUnavailable } = this.#loop.batches;
    const millis = deadlineMillis - this.#closingMillis;
    flushLast(this.#parts, { inFlight, isUnavailable, millis, refusal });
  }
}
