import { DetachedScope } from '../common/detached-scope.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import { withTimeout } from '../common/with-timeout.js';
import { type PendingHit, SETTLE_MILLIS } from '../hit/hit.js';
import { countOf } from './batch.js';
import { BatchSender } from './batch-sender.js';
import { createDeliveryCounters, type DeliveryCounters } from './counters.js';
import type { DeliveryOptions } from './delivery-options.js';
import { flushLast, type LastFlushParts } from './last-flush.js';
import { Outbox } from './outbox.js';
import { SendTimer } from './send-timer.js';
import { Sender } from './sender.js';
import { SharedFlush } from './shared-flush.js';
import type { SpoolStore } from './spool/spool-store.js';
import { SpoolFeed } from './spool-feed.js';
import type { Transport } from './transport.js';

/**
 * Takes hits to Matomo: one bulk request in flight, as soon as enough hits wait or the oldest has waited long
 * enough. Every hit is either pending or counted, at any moment.
 */
export class Delivery {
  readonly counters: DeliveryCounters = createDeliveryCounters();
  readonly #options: DeliveryOptions;
  readonly #sender: Sender;
  readonly #parts: LastFlushParts;
  readonly #batches: BatchSender;
  readonly #diagnostics: Diagnostics;
  readonly #outbox = new Outbox();
  readonly #spool: SpoolFeed | undefined;
  /** Timers and requests are of no request of the application, though they begin in one. */
  readonly #scope = new DetachedScope('MatomoDelivery');
  readonly #timer = new SendTimer(() => this.#onTimer());
  readonly #attempts: SerialQueue;
  readonly #flushes: SharedFlush;
  #closed: Promise<void> | undefined;
  /** What is not sent when the delivery is closed stays for `finish`, which then has less time. */
  #keepsForExit = false;
  #closingMillis = 0;
  #isHurried = false;
  #isPrepared = false;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
    store?: SpoolStore,
  ) {
    this.#options = options;
    this.#sender = new Sender(options, transport, diagnostics, random);
    this.#diagnostics = diagnostics;
    this.#attempts = new SerialQueue(
      this.#scope,
      () => this.#schedule(),
      (error) => diagnostics.warnOnce('send', coded('internal-error', `sending failed: ${error}`)),
    );
    this.#flushes = new SharedFlush(
      () => this.#closed ?? this.#sendWhatWaits(),
      options.exportTimeoutMillis,
    );
    if (store) this.#spool = new SpoolFeed(store, this.#outbox, this.counters, options);
    const given = { options, transport, diagnostics, counters: this.counters };
    this.#parts = { ...given, outbox: this.#outbox, sender: this.#sender, spool: this.#spool };
    this.#batches = new BatchSender(this.#parts);
    this.#scope.runInAsyncScope(() => this.#spool?.start(() => this.#onSpoolTimer()));
  }

  /** Hits whose fate is open: queued, held back, spooled or in flight. */
  get pending(): number {
    return this.#outbox.pending + (this.#spool?.pending ?? 0);
  }

  /** The part of `pending` that is in the spool. */
  get spooled(): number {
    return this.#spool?.spooled ?? 0;
  }

  /** Hits sent again after an answer that does not prove that nothing was stored: so many may be duplicated. */
  get resent(): number {
    return this.#sender.resent;
  }

  /** The part of `pending` that Matomo has to process something else for: each made it fail alone. */
  get suspects(): number {
    return this.#outbox.suspects + (this.#spool?.suspects ?? 0);
  }

  /** Roughly what hits take in memory, of `maxQueueBytes`. */
  get queueBytes(): number {
    return this.#outbox.bytes;
  }

  /** Hits of processes that have ended, which this one answers for. */
  get adopted(): number {
    return this.#spool?.adopted ?? 0;
  }

  /** Whether Matomo has not refused crashes so far. */
  get takesCrashes(): boolean {
    return this.#batches.takesCrashes;
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
    const waiting = this.#outbox.pending;
    if (waiting >= maxQueueSize || this.#outbox.bytes + hit.bytes > maxQueueBytes) {
      this.counters.lost.queue_full += 1;
      const text = `${countOf(waiting)} wait for Matomo, more are dropped and counted (queue_full). Raise maxQueueSize and maxQueueBytes if it can take so many`;
      this.#diagnostics.warnOnce('queue_full', coded('queue-full', text));
      return false;
    }
    if (!this.#isPrepared) this.#prepare();
    this.#outbox.push(hit);
    this.#schedule();
    return true;
  }

  /** A process that is about to end has no time to load what sends the first bulk. With a spool it needs none. */
  #prepare(): void {
    this.#isPrepared = true;
    if (this.#spool) return;
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
    this.#isHurried = true;
    this.#timer.clear();
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
    this.#timer.clear();
    this.#spool?.stop();
    this.#batches.isClosing = this.#keepsForExit;
    this.#batches.storedUntilMillis = performance.now() + deadlineMillis / 2;
    const start = performance.now();
    const isInTime = await withTimeout(
      deadlineMillis,
      this.#sendWhatWaits().then(() => true),
    );
    this.#batches.hasEnded = true;
    await this.#sender.close();
    await this.#attempts.ended; // what was in flight has been counted
    await this.#spool?.close();
    this.#closingMillis = performance.now() - start;
    if (this.#keepsForExit && isInTime && !this.#batches.isUnavailable) return;
    this.#keepsForExit = false;
    this.counters.lost.shutdown += this.#outbox.clear();
    const lost = this.counters.lost.shutdown;
    if (lost === 0) return;
    const text = `lost at shutdown: ${countOf(lost)}, which Matomo had not taken in time`;
    this.#diagnostics.warn(coded('lost-at-shutdown', text));
  }

  /** For the end of the process, which waits meanwhile: see `flushLast`. `refusal` says why nothing is to be stored or sent. */
  finish(deadlineMillis: number, refusal?: string): void {
    if (this.pending === 0) return;
    this.#closed ??= Promise.resolve();
    this.#batches.hasEnded = true;
    this.#timer.clear();
    this.#spool?.stop();
    const { inFlight, isUnavailable } = this.#batches;
    const millis = deadlineMillis - this.#closingMillis;
    flushLast(this.#parts, { inFlight, isUnavailable, millis, refusal });
  }

  /** One attempt for all; what is to be stored is so first, whatever is under way. */
  async #sendWhatWaits(): Promise<void> {
    await this.#scope.runInAsyncScope(() => this.#spool?.storeQueued(true));
    await this.#storeBatched();
    await this.#attempts.run(async () => {
      if (this.#closed === undefined && performance.now() < this.#sender.refusedUntilMillis) return;
      await this.#batches.sendQueued(this.#outbox.pending, true);
      await this.#batches.sendStored(0);
    });
  }

  #storeBatched(): Promise<void> | undefined {
    if (this.#outbox.batched === 0) return undefined;
    return this.#scope.runInAsyncScope(() =>
      this.#spool?.storeBatched(() => this.#batches.inFlight),
    );
  }

  #onSpoolTimer(): void {
    void this.#storeBatched();
    this.#schedule();
    if (!this.#attempts.isIdle || performance.now() < this.#sender.waitUntilMillis) return;
    void this.#attempts.run(() => this.#batches.sendStored(this.#delayMillis));
  }

  #schedule(): void {
    if (this.#closed !== undefined || this.#outbox.pending === 0) return;
    if (this.#spool?.takesQueue && this.#outbox.batched === 0) return;
    const { maxExportBatchSize } = this.#options;
    const isFull = this.#outbox.queued >= maxExportBatchSize;
    if (!isFull && !this.#attempts.isIdle) return;
    if (this.#timer.isSetFor(isFull)) return;
    const oldest = this.#outbox.batched > 0 ? 0 : this.#outbox.oldestMillis + this.#delayMillis;
    const due = isFull
      ? this.#outbox.fullMillis(maxExportBatchSize)
      : Math.max(oldest, this.#sender.waitUntilMillis);
    this.#scope.runInAsyncScope(() => this.#timer.set(isFull, due));
  }

  /** Whole batches are made also while none can be sent: hits wait as bytes, and let go of their requests. */
  #onTimer(): void {
    const now = performance.now();
    const isDue = this.#outbox.batched > 0 || now >= this.#outbox.oldestMillis + this.#delayMillis;
    const isFilled = this.#batches.fillWhole(now);
    const mayNotSend = !this.#attempts.isIdle || now < this.#sender.waitUntilMillis;
    if (!mayNotSend)
      void this.#attempts.run(() =>
        this.#batches.sendQueued(isDue ? this.#outbox.pending : 0, false),
      );
    if (mayNotSend || !isFilled) this.#schedule();
  }

  /** How long a hit waits for others. */
  get #delayMillis(): number {
    const { scheduledDelayMillis } = this.#options;
    return this.#isHurried ? Math.min(scheduledDelayMillis, SETTLE_MILLIS) : scheduledDelayMillis;
  }
}
