import { AsyncResource } from 'node:async_hooks';
import type { Diagnostics } from '../diagnostics.js';
import type { Hit, PendingHit } from '../hit/hit.js';
import { type Batch, countOf, toBatches, toBody } from './batch.js';
import { createDeliveryCounters, type DeliveryCounters } from './counters.js';
import { HitQueue } from './hit-queue.js';
import { createSettleBatch } from './settle-batch.js';
import type { Transport } from './transport.js';

export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
}

/** How soon a full batch leaves: hits settle only some time after their request has ended. */
const SOON_MILLIS = 20;

/** Without a token Matomo refuses hits of 24 hours ago; ten minutes are left for the way. */
const OLDEST_WITHOUT_TOKEN_SECONDS = 24 * 3600 - 600;

/**
 * Takes hits to Matomo: one bulk request in flight, as soon as enough hits wait or the oldest has waited long
 * enough. Every hit is either pending or counted, at any moment.
 */
export class Delivery {
  readonly counters: DeliveryCounters = createDeliveryCounters();
  readonly #options: DeliveryOptions;
  readonly #transport: Transport;
  readonly #diagnostics: Diagnostics;
  readonly #settleBatch: ReturnType<typeof createSettleBatch>;
  readonly #queue = new HitQueue();
  /** What has left the queue and is not decided; the first is in flight or next to be sent. */
  #batches: Batch[] = [];
  #hitsInBatches = 0;
  /** Timers and requests are of no request of the application, though they begin in one. */
  readonly #scope = new AsyncResource('MatomoDelivery');
  #timer: NodeJS.Timeout | undefined;
  #timerIsSoon = false;
  /** Back-off: no attempt before. */
  #waitUntilMillis = 0;
  /** One attempt after the other; `#attempts` counts those that have not ended. */
  #sending: Promise<void> = Promise.resolve();
  #attempts = 0;
  #ended = false;
  #closed: Promise<void> | undefined;

  constructor(
    options: DeliveryOptions,
    transport: Transport,
    diagnostics: Diagnostics,
    random: () => number = Math.random,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#diagnostics = diagnostics;
    const hasToken = options.tokenAuth !== undefined;
    this.#settleBatch = createSettleBatch(this.counters, hasToken, diagnostics, random);
  }

  /** Hits whose fate is open: queued, held back or in flight. */
  get pending(): number {
    return this.#queue.size + this.#hitsInBatches;
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
    if (this.pending >= this.#options.maxQueueSize) {
      this.counters.lost.queue_full += 1;
      this.#diagnostics.warnOnce(
        'queue_full',
        `${countOf(this.pending)} wait for Matomo, more are dropped and counted (queue_full). Raise maxQueueSize if it can take so many`,
      );
      return false;
    }
    this.#queue.push(hit);
    this.#schedule();
    return true;
  }

  /** One attempt for everything that waits now, at once. Never rejects. */
  flush(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed;
    return within(
      this.#options.exportTimeoutMillis,
      this.#enqueue(() => this.#sendAll()),
    );
  }

  /** A last attempt; what nobody has taken by the deadline is counted as lost. Never rejects. */
  shutdown(deadlineMillis: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMillis);
    return this.#closed;
  }

  async #close(deadlineMillis: number): Promise<void> {
    clearTimeout(this.#timer);
    await within(
      deadlineMillis,
      this.#enqueue(() => this.#sendAll()),
    );
    this.#ended = true;
    await this.#transport.close();
    await this.#sending; // what was in flight has been counted
    this.#loseTheRest();
  }

  #schedule(): void {
    if (this.#closed !== undefined || this.#attempts > 0 || this.pending === 0) return;
    const { maxExportBatchSize, scheduledDelayMillis } = this.#options;
    const isSoon = this.#batches.length > 0 || this.#queue.size >= maxExportBatchSize;
    if (this.#timer && (this.#timerIsSoon || !isSoon)) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    const due = this.#queue.oldestMillis + scheduledDelayMillis;
    const wanted = isSoon ? Math.min(now + SOON_MILLIS, due) : due;
    const delay = Math.max(wanted, this.#waitUntilMillis, now) - now;
    this.#timerIsSoon = isSoon;
    this.#timer = this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#onTimer(), delay).unref(),
    );
  }

  #onTimer(): void {
    this.#timer = undefined;
    const isDue = Date.now() >= this.#queue.oldestMillis + this.#options.scheduledDelayMillis;
    void this.#enqueue(() => this.#sendSettled(isDue ? this.pending : 0));
  }

  async #enqueue(send: () => Promise<void>): Promise<void> {
    this.#attempts += 1;
    const sent = this.#sending.then(() => this.#scope.runInAsyncScope(send));
    this.#sending = sent
      .catch((error) => this.#diagnostics.warnOnce('send', `sending failed: ${error}`))
      .then(() => {
        this.#attempts -= 1;
        this.#schedule();
      });
    return this.#sending;
  }

  /** Full batches, and of the `due` oldest hits also what fills none. */
  async #sendSettled(due: number): Promise<void> {
    const { maxExportBatchSize } = this.#options;
    let left = due;
    while (!this.#ended) {
      const now = Date.now();
      const isFull = this.#queue.hasSettled(maxExportBatchSize, now);
      if (this.#batches.length === 0 && (isFull || left > 0)) this.#fill(now, false);
      const batch = this.#batches[0];
      if (!batch || !(await this.#attempt(batch))) return;
      left -= batch.hits.length;
    }
  }

  /** Everything that waits now, settled or not, until an attempt fails. */
  async #sendAll(): Promise<void> {
    let left = this.pending;
    while (left > 0 && !this.#ended) {
      if (this.#batches.length === 0) this.#fill(Date.now(), true);
      const batch = this.#batches[0];
      const before = this.#hitsInBatches;
      if (!batch || !(await this.#attempt(batch))) return;
      left -= before - this.#hitsInBatches;
    }
  }

  /** Whether the next batch may follow at once. */
  async #attempt(batch: Batch): Promise<boolean> {
    const { tokenAuth, exportTimeoutMillis } = this.#options;
    const body = toBody(batch.hits, tokenAuth);
    const exchange = await this.#transport.send(body, exportTimeoutMillis);
    const now = Date.now();
    const { again, waitMillis } = this.#settleBatch(batch, exchange, now);
    this.#replaceFirst(again);
    this.#waitUntilMillis = now + waitMillis;
    return waitMillis === 0;
  }

  #fill(nowMillis: number, all: boolean): void {
    const hits = this.#queue.take(this.#options.maxExportBatchSize, nowMillis, all);
    const fresh = this.#options.tokenAuth === undefined ? this.#dropExpired(hits, nowMillis) : hits;
    this.#batches = toBatches(fresh);
    this.#hitsInBatches = fresh.length;
  }

  #dropExpired(hits: readonly Hit[], nowMillis: number): readonly Hit[] {
    const oldest = nowMillis / 1000 - OLDEST_WITHOUT_TOKEN_SECONDS;
    const fresh = hits.filter(({ startSeconds }) => startSeconds > oldest);
    this.counters.lost.expired += hits.length - fresh.length;
    return fresh;
  }

  #replaceFirst(batches: readonly Batch[]): void {
    this.#batches.splice(0, 1, ...batches);
    this.#hitsInBatches = this.#batches.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  #loseTheRest(): void {
    const queued = this.#queue.take(Number.POSITIVE_INFINITY, 0, true).length;
    const lost = queued + this.#hitsInBatches;
    this.#batches = [];
    this.#hitsInBatches = 0;
    this.counters.lost.shutdown += lost;
    if (lost > 0)
      this.#diagnostics.warn(
        `lost at shutdown: ${countOf(lost)}, which Matomo had not taken in time`,
      );
  }
}

/** Settles with the promise, which must not reject, or when the time is over. */
async function within(millis: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, millis);
  });
  await Promise.race([promise, deadline]);
  clearTimeout(timer);
}
