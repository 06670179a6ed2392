import { DetachedScope } from '../detached-scope.js';
import type { Diagnostics } from '../diagnostics.js';
import type { PendingHit } from '../hit/hit.js';
import { coded } from '../messages.js';
import { type Batch, countOf } from './batch.js';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  sumOfCounters,
} from './counters.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createIsFresh } from './freshness.js';
import { OneAtATime } from './one-at-a-time.js';
import { Outbox } from './outbox.js';
import { SendTimer } from './send-timer.js';
import { Sender } from './sender.js';
import { SharedFlush } from './shared-flush.js';
import type { SpoolStore } from './spool/spool-store.js';
import { SpoolFeed } from './spool-feed.js';
import type { Transport } from './transport.js';
import { within } from './within.js';

/**
 * Takes hits to Matomo: one bulk request in flight, as soon as enough hits wait or the oldest has waited long
 * enough. Every hit is either pending or counted, at any moment.
 */
export class Delivery {
  readonly counters: DeliveryCounters = createDeliveryCounters();
  readonly #options: DeliveryOptions;
  readonly #sender: Sender;
  readonly #diagnostics: Diagnostics;
  readonly #outbox = new Outbox();
  readonly #spool: SpoolFeed | undefined;
  /** What is stored is sent until then: the last bulk has time for its answer, and what is left stays stored. */
  #storedUntilMillis = Number.POSITIVE_INFINITY;
  #takesCrashes = true;
  /** Of the outbox. */
  #inFlight: Batch | undefined;
  /** Timers and requests are of no request of the application, though they begin in one. */
  readonly #scope = new DetachedScope('MatomoDelivery');
  readonly #timer = new SendTimer(() => this.#onTimer());
  readonly #attempts: OneAtATime;
  readonly #flushes: SharedFlush;
  #ended = false;
  #closed: Promise<void> | undefined;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
    spool?: SpoolStore,
  ) {
    this.#options = options;
    this.#sender = new Sender(options, transport, diagnostics, random);
    this.#diagnostics = diagnostics;
    this.#attempts = new OneAtATime(
      this.#scope,
      () => this.#schedule(),
      (error) => diagnostics.warnOnce('send', coded('internal-error', `sending failed: ${error}`)),
    );
    this.#flushes = new SharedFlush(
      () => this.#closed ?? this.#sendWhatWaits(),
      options.exportTimeoutMillis,
    );
    if (spool === undefined) return;
    this.#spool = new SpoolFeed(spool, this.#outbox, this.counters, options);
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
    return this.#takesCrashes;
  }

  /**
   * Takes a hit over, or counts why not. The newest are dropped, not the oldest: a visit whose start is missing is
   * worse than one cut short.
   */
  push(hit: PendingHit): boolean {
    if (this.#closed !== undefined) {
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
    this.#outbox.push(hit);
    this.#schedule();
    return true;
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
    this.#storedUntilMillis = performance.now() + deadlineMillis / 2;
    await within(deadlineMillis, this.#sendWhatWaits());
    this.#ended = true;
    await this.#sender.close();
    await this.#attempts.ended; // what was in flight has been counted
    await this.#spool?.close();
    this.counters.lost.shutdown += this.#outbox.clear();
    const lost = this.counters.lost.shutdown;
    if (lost === 0) return;
    const text = `lost at shutdown: ${countOf(lost)}, which Matomo had not taken in time`;
    this.#diagnostics.warn(coded('lost-at-shutdown', text));
  }

  /** One attempt for all; what is to be stored is so first, whatever is under way. */
  async #sendWhatWaits(): Promise<void> {
    await this.#scope.runInAsyncScope(() => this.#spool?.storeQueued(true));
    await this.#storeBatched();
    await this.#attempts.run(async () => {
      if (this.#closed === undefined && performance.now() < this.#sender.refusedUntilMillis) return;
      await this.#sendBatches(this.#outbox.pending, true);
      await this.#sendStored(0);
    });
  }

  #storeBatched(): Promise<void> | undefined {
    if (this.#outbox.batched === 0) return undefined;
    return this.#scope.runInAsyncScope(() => this.#spool?.storeBatched(() => this.#inFlight));
  }

  #onSpoolTimer(): void {
    void this.#storeBatched();
    this.#schedule();
    if (!this.#attempts.isIdle || performance.now() < this.#sender.waitUntilMillis) return;
    void this.#attempts.run(() => this.#sendStored(this.#options.scheduledDelayMillis));
  }

  #schedule(): void {
    if (this.#closed !== undefined || this.#outbox.pending === 0) return;
    if (this.#spool?.takesQueue && this.#outbox.batched === 0) return;
    const { maxExportBatchSize, scheduledDelayMillis } = this.#options;
    const isFull = this.#outbox.queued >= maxExportBatchSize;
    if (!isFull && !this.#attempts.isIdle) return;
    if (this.#timer.isSetFor(isFull)) return;
    const oldest = this.#outbox.batched > 0 ? 0 : this.#outbox.oldestMillis + scheduledDelayMillis;
    const due = isFull
      ? this.#outbox.fullMillis(maxExportBatchSize)
      : Math.max(oldest, this.#sender.waitUntilMillis);
    this.#scope.runInAsyncScope(() => this.#timer.set(isFull, due));
  }

  /** Whole batches are made also while none can be sent: hits wait as bytes, and let go of their requests. */
  #onTimer(): void {
    const { scheduledDelayMillis } = this.#options;
    const now = performance.now();
    const isDue =
      this.#outbox.batched > 0 || now >= this.#outbox.oldestMillis + scheduledDelayMillis;
    this.#fillWhole(now);
    if (!this.#attempts.isIdle || now < this.#sender.waitUntilMillis) this.#schedule();
    else void this.#attempts.run(() => this.#sendBatches(isDue ? this.#outbox.pending : 0, false));
  }

  /** Until an attempt fails: whole batches, and what fills none where that is due, of settled hits or of all. */
  async #sendBatches(due: number, all: boolean): Promise<void> {
    let left = due;
    while (!this.#ended) {
      const now = performance.now();
      this.#fillWhole(now);
      if (left > 0 && this.#outbox.takesMore && !this.#spool?.takesQueue) {
        this.#outbox.fill(this.#options.maxExportBatchSize, now, all);
      }
      const isFresh = createIsFresh(this.#options.tokenAuth !== undefined);
      this.counters.lost.expired += this.#outbox.expire(isFresh);
      const batch = this.#outbox.first();
      const decided = batch && (await this.#attempt(batch));
      if (decided === undefined) return;
      left -= decided;
    }
  }

  /** What the spool has for this process to send: full batches, and others where the oldest hit has waited so long. */
  async #sendStored(delayMillis: number): Promise<void> {
    const mayGoOn = () => !this.#ended && performance.now() < this.#storedUntilMillis;
    while (mayGoOn()) {
      const batch = await this.#spool?.next(delayMillis, this.#takesCrashes);
      if (!batch || !mayGoOn() || (await this.#attempt(batch, this.#spool)) === undefined) return;
    }
  }

  /** How many hits were decided; `undefined` where the next batch may not follow at once. */
  async #attempt(batch: Batch, spool?: SpoolFeed): Promise<number | undefined> {
    if (!spool) this.#inFlight = batch;
    const outcome = await this.#sender.send(batch);
    this.#inFlight = undefined;
    const { counts, again, refusesCrashes } = outcome;
    if (spool) spool.settle(batch, outcome);
    else {
      addCounters(this.counters, counts);
      this.#outbox.replaceFirst(batch, again);
    }
    if (refusesCrashes) {
      this.#takesCrashes = false;
      this.counters.lost.rejected += this.#outbox.dropCrashes().length;
      this.#spool?.refuseCrashes();
    }
    return outcome.kind === 'held' ? undefined : sumOfCounters(counts);
  }

  #fillWhole(nowMillis: number): void {
    if (this.#spool?.takesQueue) return;
    this.#outbox.fillWhole(this.#options.maxExportBatchSize, nowMillis);
  }
}
