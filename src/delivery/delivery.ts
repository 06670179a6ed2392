import { DetachedScope } from '../common/detached-scope.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { holdEventLoop } from '../common/hold-event-loop.js';
import { coded } from '../common/messages.js';
import { withTimeout } from '../common/with-timeout.js';
import type { PendingHit } from '../hit/hit.js';
import { type DeliveryOptions, maxQueueBytes } from './delivery-options.js';
import { adviceForLoss, flushLast, type LastFlushParts } from './exit/last-flush.js';
import { LoopHold } from './exit/loop-hold.js';
import { SharedFlush } from './exit/shared-flush.js';
import type { Transport } from './http/transport.js';
import { LossLog } from './loss-log.js';
import { countOf } from './queue/batch.js';
import { BatchQueue } from './queue/batch-queue.js';
import type { DeliveryCounters } from './queue/counters.js';
import type { HitSource } from './queue/hit-source.js';
import { MemorySource } from './queue/memory-source.js';
import { SendLoop } from './send-loop.js';
import { Sender } from './sender.js';

/**
 * Sends hits to Matomo: one bulk request in flight, when enough hits are queued or the oldest has waited long enough. At any moment,
 * every hit is either pending or counted.
 */
export class Delivery {
  readonly #sender: Sender;
  readonly #parts: LastFlushParts;
  readonly #loop: SendLoop;
  readonly #diagnostics: Diagnostics;
  readonly #losses: LossLog;
  readonly #source: HitSource;
  /** Timers and sockets must not inherit the async context of the request that happened to create them. */
  readonly #scope = new DetachedScope('MatomoDelivery');
  readonly #flushes: SharedFlush;
  readonly #hold: LoopHold;
  #closed: Promise<void> | undefined;
  /** Hits that are not sent at shutdown are kept for `finish`, which then has less time. */
  #keepsForExit = false;
  #closingMillis = 0;
  #isPrepared = false;
  /** Read once: resolved options are an object with so many properties that V8 looks them up by name. */
  readonly #maxQueueSize: number;
  /** Approximate maximum memory of queued hits. */
  readonly maxQueueBytes: number;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
    source: HitSource = new MemorySource(),
  ) {
    this.#maxQueueSize = options.maxQueueSize;
    this.maxQueueBytes = maxQueueBytes(options.maxQueueSize);
    const hold = new LoopHold({
      millis: options.shutdownTimeoutMillis,
      scope: this.#scope,
      sockets: transport.holdsLoop ? 1 : 0,
      abort: () => transport.abort?.(new Error('the process ended first')),
    });
    this.#hold = hold;
    this.#sender = new Sender(options, transport, diagnostics, random, {
      hold,
      pending: () => source.pending,
      onNewToken: () => this.#loop.sendNow(),
    });
    this.#losses = new LossLog(diagnostics, source.counters, this.#sender.invalidHits);
    this.#diagnostics = diagnostics;
    this.#source = source;
    const given = { options, transport, diagnostics, source, losses: this.#losses };
    this.#parts = {
      ...given,
      sender: this.#sender,
      batches: new BatchQueue(options.maxExportBatchSize),
    };
    const loop = new SendLoop(this.#parts, this.#scope);
    this.#loop = loop;
    this.#flushes = new SharedFlush(
      () => this.#closed ?? hold.during(loop.sendAll()),
      options.exportTimeoutMillis,
    );
    loop.start();
  }

  /** Results of hits. */
  get counters(): DeliveryCounters {
    return this.#source.counters;
  }

  /** Hits without a result: queued, held back, spooled or in flight. */
  get pending(): number {
    return this.#source.pending;
  }

  /** The part of `pending` that is in the spool. */
  get spooled(): number {
    return this.#source.spooled;
  }

  /** Hits of all processes in the spool, as far as this process knows; `undefined` without one. */
  get spoolHits(): number | undefined {
    return this.#source.spoolHits;
  }

  /** Hits sent again after a response that does not prove that nothing was stored. Up to that many may be duplicated. */
  get resent(): number {
    return this.#sender.resent;
  }

  /**
   * Age of the oldest pending hit, in seconds; 0 if there is none. The hits in a spool are known to the process that sends them.
   */
  get oldestAgeSeconds(): number {
    const queued = (performance.now() - this.#source.oldestMillis) / 1000;
    const encoded = Date.now() / 1000 - this.#loop.batches.oldestSeconds; // other processes may have made them
    return Math.max(0, queued, encoded);
  }

  /** Seconds since a bulk last succeeded, or since the start. */
  get lastSuccessAgeSeconds(): number {
    return (performance.now() - this.#sender.lastSuccessMillis) / 1000;
  }

  /** The part of `pending` that failed alone, and is sent again after another bulk was decided. */
  get suspects(): number {
    return this.#loop.batches.suspects;
  }

  /** Approximate memory of queued hits. */
  get queueBytes(): number {
    return this.#source.bytes;
  }

  /** Hits of processes that have ended, which this process counts. */
  get takenOver(): number {
    return this.#source.takenOver;
  }

  /** `false` after Matomo rejected crashes. */
  get takesCrashes(): boolean {
    return this.#loop.batches.takesCrashes;
  }

  /**
   * Queues a hit, or counts why not. If the queue is full, new hits are dropped: losing the end of a visit is better than losing
   * its start.
   */
  push(hit: PendingHit): boolean {
    if (this.#closed !== undefined && !this.#keepsForExit) {
      this.counters.lost.shutdown += 1;
      return false;
    }
    const { inMemory: waiting, bytes } = this.#source;
    if (waiting >= this.#maxQueueSize || bytes + hit.bytes > this.maxQueueBytes) {
      this.counters.lost.queue_full += 1;
      this.#losses.check();
      return false;
    }
    if (!this.#isPrepared) this.#prepare();
    this.#source.push(hit);
    this.#hold.extend(hit.endedMillis);
    this.#loop.update();
    return true;
  }

  /** Loads the transport early: a process that is about to end has no time to load it. */
  #prepare(): void {
    this.#isPrepared = true;
    if (this.#source.isDurable) return;
    this.#scope.runInAsyncScope(() =>
      setImmediate(() => this.#parts.transport.prepare?.()).unref(),
    );
  }

  /** Keeps hits that arrive during or after `shutdown` for `finish`, instead of counting them as lost. */
  keepForExit(): void {
    this.#keepsForExit = true;
  }

  /** The process is about to end: sends everything now, and new hits as soon as they are final. */
  hurry(): void {
    this.#loop.hurry();
    void this.flush();
  }

  /**
   * Makes one attempt to send everything that is queued. While a flush runs, further calls share the one after it. Takes at most
   * `exportTimeoutMillis`, and keeps the process alive for at most `shutdownTimeoutMillis`. Never rejects.
   */
  flush(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    this.#hold.extend(performance.now());
    return this.#flushes.call();
  }

  /** Makes a last attempt and counts what is left at the deadline as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= holdEventLoop(this.#close(deadlineMillis));
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
    await this.#loop.ended; // counts the batch that was in flight
    this.#sender.stop();
    await this.#source.close();
    this.#losses.close();
    this.#diagnostics.lines.flush();
    this.#closingMillis = performance.now() - start;
    if (this.#keepsForExit && isInTime && !batches.isUnavailable) return;
    this.#keepsForExit = false;
    batches.drop();
    const lost = this.counters.lost.shutdown;
    if (lost === 0) return;
    const { stoppedBy } = this.#sender;
    const why = stoppedBy === undefined ? '' : ` (${stoppedBy})`;
    const text = `The shutdown ended with ${countOf(lost)} pending${why}. Pending hits are lost and counted as shutdown. ${adviceForLoss(!isInTime)}`;
    this.#diagnostics.warnOnce('shutdown', coded('lost-at-shutdown', text));
  }

  /** Blocks the process at its end, see `flushLast`. `refusal` is the reason if nothing may be stored or sent. */
  finish(deadlineMillis: number, refusal?: string): void {
    this.#diagnostics.lines.flush();
    if (this.pending === 0) return;
    this.#closed ??= Promise.resolve();
    this.#loop.batches.hasEnded = true;
    this.#loop.stop();
    const { inFlight, isUnavailable } = this.#loop.batches;
    const millis = deadlineMillis - this.#closingMillis - this.#hold.spentMillis;
    flushLast(this.#parts, { inFlight, isUnavailable, millis, refusal });
  }
}
