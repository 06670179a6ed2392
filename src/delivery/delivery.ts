import { AsyncResource } from 'node:async_hooks';
import type { Diagnostics } from '../diagnostics.js';
import type { Hit, PendingHit } from '../hit/hit.js';
import { type Batch, countOf, sentHits, toBody } from './batch.js';
import { addCounters, createDeliveryCounters, type DeliveryCounters } from './counters.js';
import { Outbox } from './outbox.js';
import { createSettleBatch } from './settle-batch.js';
import type { Transport } from './transport.js';
import { within } from './within.js';

export interface DeliveryOptions {
  readonly tokenAuth: string | undefined;
  /** Reads the token again where it came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  readonly resendUnconfirmed: boolean;
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
  readonly #outbox = new Outbox();
  #takesCrashes = true;
  #token: string | undefined;
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
    const { resendUnconfirmed, tokenAuth } = options;
    this.#token = tokenAuth;
    const settling = { resendUnconfirmed, hasToken: tokenAuth !== undefined };
    this.#settleBatch = createSettleBatch(settling, diagnostics, random);
  }

  /** Hits whose fate is open: queued, held back or in flight. */
  get pending(): number {
    return this.#outbox.pending;
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
    if (this.pending >= maxQueueSize || this.#outbox.bytes + hit.bytes > maxQueueBytes) {
      this.counters.lost.queue_full += 1;
      this.#diagnostics.warnOnce(
        'queue_full',
        `${countOf(this.pending)} wait for Matomo, more are dropped and counted (queue_full). Raise maxQueueSize and maxQueueBytes if it can take so many`,
      );
      return false;
    }
    this.#outbox.push(hit);
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
    const isSoon = this.#outbox.batched > 0 || this.#outbox.queued >= maxExportBatchSize;
    if (this.#timer && (this.#timerIsSoon || !isSoon)) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    const due = this.#outbox.oldestMillis + scheduledDelayMillis;
    const wanted = isSoon ? Math.min(now + SOON_MILLIS, due) : due;
    const delay = Math.max(wanted, this.#waitUntilMillis, now) - now;
    this.#timerIsSoon = isSoon;
    this.#timer = this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#onTimer(), delay).unref(),
    );
  }

  #onTimer(): void {
    this.#timer = undefined;
    const isDue = Date.now() >= this.#outbox.oldestMillis + this.#options.scheduledDelayMillis;
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
      const isFull = this.#outbox.hasSettled(maxExportBatchSize, now);
      if (!this.#outbox.hasPages && (isFull || left > 0)) this.#fill(now, false);
      const batch = this.#outbox.first();
      if (!batch || !(await this.#attempt(batch))) return;
      left -= batch.hits.length;
    }
  }

  /** Everything that waits now, settled or not, until an attempt fails. */
  async #sendAll(): Promise<void> {
    let left = this.pending;
    while ((left > 0 || this.#outbox.batched > 0) && !this.#ended) {
      if (!this.#outbox.hasPages) this.#fill(Date.now(), true);
      const batch = this.#outbox.first();
      const before = this.#outbox.batched;
      if (!batch || !(await this.#attempt(batch))) return;
      left -= before - this.#outbox.batched;
    }
  }

  /** Whether the next batch may follow at once. */
  async #attempt(batch: Batch): Promise<boolean> {
    const { exportTimeoutMillis, rereadToken } = this.#options;
    const body = toBody(sentHits(batch), this.#token);
    const exchange = await this.#transport.send(body, exportTimeoutMillis);
    const now = Date.now();
    const outcome = this.#settleBatch(batch, exchange, now);
    const { counts, again, waitMillis, refusesCrashes, refusesToken } = outcome;
    addCounters(this.counters, counts);
    this.#outbox.replaceFirst(batch, again);
    this.#waitUntilMillis = now + waitMillis;
    if (refusesToken) this.#token = rereadToken?.() ?? this.#token;
    if (refusesCrashes) {
      this.#takesCrashes = false;
      this.counters.lost.rejected += this.#outbox.dropCrashes();
    }
    return waitMillis === 0;
  }

  #fill(nowMillis: number, all: boolean): void {
    const { tokenAuth, maxExportBatchSize } = this.#options;
    const oldest = tokenAuth === undefined ? nowMillis / 1000 - OLDEST_WITHOUT_TOKEN_SECONDS : 0;
    const isFresh = ({ startSeconds }: Hit) => startSeconds > oldest;
    this.counters.lost.expired += this.#outbox.fill(maxExportBatchSize, nowMillis, all, isFresh);
  }

  #loseTheRest(): void {
    const lost = this.#outbox.clear();
    this.counters.lost.shutdown += lost;
    if (lost === 0) return;
    this.#diagnostics.warn(
      `lost at shutdown: ${countOf(lost)}, which Matomo had not taken in time`,
    );
  }
}
