import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { EXIT_WAITS } from '../common/signals-and-exit.js';
import { AsyncScope, withTimeout } from '../common/timers.js';
import type { Hit } from '../hit/hit.js';
import { Outage } from './answer/outage.js';
import { BatchSource } from './batch-source.js';
import { createIsFresh, type DeliveryOptions } from './delivery-options.js';
import { flushAtExit } from './exit/exit-flush.js';
import { ProcessHold } from './exit/process-hold.js';
import type { Transport } from './http/transport.js';
import { LossLog } from './loss-log.js';
import type { DeliveryCounters } from './queue/counters.js';
import { MemoryQueue } from './queue/memory-queue.js';
import { SendLoop } from './send-loop.js';
import { Sender, type SendingParts } from './sender.js';
import type { Spool } from './spool/spool.js';

/** How long hits wait for others once the process is about to end. */
const HURRY_MILLIS = 20;

/** A flush takes no longer: an SDK rejects its own `forceFlush` if a processor is slow, and a platform may wait for it. */
const MAX_FLUSH_MILLIS = 5_000;

const AFTER_SHUTDOWN = () =>
  coded(
    'lost-at-shutdown',
    'A hit came after shutdown(). It is lost, and so are further ones, counted as shutdown. Stop the server before you call shutdown(), or set exitFlush.',
  );

/**
 * Sends hits to Matomo: one bulk request in flight, when enough hits are queued or the oldest has waited long enough. At any moment,
 * every hit is either pending or counted.
 */
export class Delivery {
  readonly #parts: SendingParts;
  readonly #loop: SendLoop;
  readonly memory: MemoryQueue;
  /** Results of hits. */
  readonly counters: DeliveryCounters;
  readonly #flushLimitMillis: number;
  /** The flush that runs. */
  #flushing: Promise<void> | undefined;
  /** The promise for all calls that wait for the next one. */
  #nextFlush: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  /** Hits that `shutdown` has not sent, or that arrive during or after it, are kept for `finish`. Otherwise they are lost. */
  keepsForExit = false;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
    spool?: Spool,
  ) {
    const memory = new MemoryQueue(options.maxQueueSize);
    const scope = new AsyncScope('MatomoDelivery');
    const outage = new Outage(diagnostics, () => this.pending);
    const parts = {
      options,
      transport,
      diagnostics,
      memory,
      spool,
      random,
      hold: new ProcessHold(options.shutdownTimeoutMillis, scope),
      scope,
      outage,
      losses: new LossLog(diagnostics, memory.counters, spool !== undefined, outage),
      isFresh: createIsFresh(options, spool !== undefined),
    };
    const source = new BatchSource(parts);
    this.memory = memory;
    this.counters = memory.counters;
    this.#parts = { ...parts, source, sender: new Sender({ ...parts, source }) };
    this.#loop = new SendLoop(this.#parts);
    this.#flushLimitMillis = Math.min(options.exportTimeoutMillis, MAX_FLUSH_MILLIS);
  }

  /** Hits without a result, see `MatomoStats`. */
  get pending(): number {
    return this.memory.count + (this.#parts.spool?.pending ?? 0);
  }

  /** The part of `pending` that is in the spool. */
  get spooled(): number {
    return this.#parts.spool?.spooled ?? 0;
  }

  /** The same, or `undefined` without a spool. */
  get spoolHits(): number | undefined {
    return this.#parts.spool?.spooled;
  }

  /** Hits sent again after a response that does not prove that nothing was stored. Up to that many may be duplicated. */
  get resent(): number {
    return this.#parts.source.queue.resent;
  }

  /** Age of the oldest pending hit, in seconds; 0 if there is none. */
  get oldestAgeSeconds(): number {
    const { source, spool } = this.#parts;
    const queued = (performance.now() - this.memory.oldestMillis) / 1000;
    const stored = spool?.oldestSeconds ?? Number.POSITIVE_INFINITY;
    const taken = Date.now() / 1000 - Math.min(source.queue.oldestSeconds, stored); // other processes may have made them
    return Math.max(0, queued, taken);
  }

  /** Seconds since a bulk last succeeded, or since the start. */
  get lastSuccessAgeSeconds(): number {
    return (performance.now() - this.#parts.sender.lastSuccessMillis) / 1000;
  }

  /** The part of `pending` that failed alone. Others do not wait for it. */
  get setAside(): number {
    return this.#parts.source.queue.setAside;
  }

  /**
   * Whether hits of so many bytes can be pushed without a loss. Hits that are being written to the spool count, because it may give them
   * back. If there are no hits in memory, more can be pushed than ever fit: what does not fit then is lost.
   */
  hasRoom(hits: number, bytes: number): boolean {
    const { memory } = this;
    const before = this.pending - this.spooled;
    if (before === 0 || memory.fits(before + hits, bytes)) return true;
    return memory.haveAllFailed(this.#parts.source.queue);
  }

  /** Bytes that more hits may take in the spool; no end without one. */
  get spoolRoom(): number {
    return this.#parts.spool?.writer.room ?? Number.POSITIVE_INFINITY;
  }

  /** Hits of processes that have ended, which this process counts. */
  get takenOver(): number {
    return this.#parts.spool?.takenOver ?? 0;
  }

  /** Whether new hits are lost because of a shutdown. */
  get isClosed(): boolean {
    return this.#closed !== undefined && !this.keepsForExit;
  }

  /** Queues a hit, or counts why not. */
  push(hit: Hit): boolean {
    const { source, losses, hold, diagnostics } = this.#parts;
    if (this.isClosed) {
      this.counters.lost.shutdown += 1;
      diagnostics.warnOnce('after-shutdown', AFTER_SHUTDOWN);
      return false;
    }
    if (!this.memory.admit(hit, source.queue)) {
      losses.check();
      return false;
    }
    const nowMillis = performance.now();
    this.memory.push(hit, nowMillis);
    hold.extend(nowMillis);
    this.#loop.update();
    return true;
  }

  /** The process may end soon: if hits are sent at `exit`, bulks are sent from now on in a way that `exit` can wait for. */
  expectEnd(): void {
    if (!this.keepsForExit) return;
    const { outage, spool, transport } = this.#parts;
    outage.expectEnd();
    if (!spool) transport.expectEnd?.();
  }

  /**
   * The process is about to end: sends everything now, and new hits without delay. Keeps it alive for at most
   * `shutdownTimeoutMillis`.
   */
  hurry(): void {
    this.#parts.source.delayMillis = HURRY_MILLIS;
    this.#parts.hold.extend(performance.now());
    const earlier = this.#flushing ?? Promise.resolve();
    void earlier.then(() => this.#startFlush());
  }

  /**
   * Makes one attempt to send everything that is queued. While a flush runs, further calls share the one after it. Takes at most
   * `exportTimeoutMillis` and 5 s: an attempt that takes longer goes on. Keeps the process alive until it resolves. Never rejects.
   */
  flush(): Promise<void> {
    this.#parts.hold.extend(performance.now());
    if (this.#flushing === undefined) return this.#limit(this.#startFlush());
    this.#nextFlush ??= this.#limit(this.#flushing.then(() => this.#startFlush())).then(() => {
      this.#nextFlush = undefined; // it may still wait after its limit: later calls get their own
    });
    return this.#nextFlush;
  }

  /** Starts a flush unless another call did. */
  #startFlush(): Promise<void> {
    if (this.#flushing !== undefined) return this.#flushing;
    this.#nextFlush = undefined;
    const sent = this.#closed ?? this.#parts.hold.during(this.#loop.sendAll());
    this.#flushing = sent.then(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  #limit(flush: Promise<void>): Promise<void> {
    return withTimeout(this.#flushLimitMillis, flush);
  }

  /** Makes a last attempt and counts what is left at the deadline as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= this.#parts.hold.untilClosed(this.#close(deadlineMillis));
    return this.#closed;
  }

  async #close(deadlineMillis: number): Promise<void> {
    const { source, sender, outage, losses, spool, transport } = this.#parts;
    const startMillis = performance.now();
    outage.expectEnd();
    this.#loop.stop();
    source.shutdown(deadlineMillis);
    const isInTime = await withTimeout(
      deadlineMillis,
      this.#loop.sendAll().then(() => true),
    );
    source.exit();
    await transport.close();
    await this.#loop.ended; // counts the batch that was in flight
    if (spool && this.memory.count > 0) {
      const leftMillis = startMillis + deadlineMillis - performance.now();
      const millis = Math.max(leftMillis, EXIT_WAITS.spoolWriteMillis);
      await withTimeout(millis, spool.store()); // a spool that did not answer before
    }
    await spool?.close();
    this.keepsForExit &&= isInTime === true && !sender.hasToWait;
    if (!this.keepsForExit) source.drop();
    outage.close();
    losses.check();
    this.#parts.diagnostics.lines.flush();
    const { shutdown } = this.counters.lost;
    const end = { hasTimedOut: !isInTime, before: outage.cause?.reason, mayFlush: true };
    const text = losses.describeLoss('shutdown', { shutdown }, end);
    if (text) this.#parts.diagnostics.warnOnce('shutdown', text);
  }

  /** Blocks the process at its end, see `flushAtExit`. */
  finish(): void {
    this.#closed ??= Promise.resolve();
    this.#parts.source.exit();
    this.#loop.stop();
    const refusal = this.keepsForExit ? undefined : 'exitFlush is off';
    const { hold } = this.#parts;
    hold.spend(() => flushAtExit(this.#parts, hold.leftMillis, refusal));
  }
}
