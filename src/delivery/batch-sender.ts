import type { Batch } from './batch.js';
import { addCounters, type DeliveryCounters, sumOfCounters } from './counters.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createIsFresh } from './freshness.js';
import type { Outbox } from './outbox.js';
import type { Sender } from './sender.js';
import type { SpoolFeed } from './spool-feed.js';

export interface BatchSenderParts {
  readonly outbox: Outbox;
  readonly spool: SpoolFeed | undefined;
  readonly sender: Sender;
  readonly counters: DeliveryCounters;
  readonly options: DeliveryOptions;
}

/** Sends batches one after the other, from memory and from the spool, until an attempt fails. */
export class BatchSender {
  /** What is stored is sent until then: the last bulk has time for its answer, and what is left stays stored. */
  storedUntilMillis: number = Number.POSITIVE_INFINITY;
  /** Nothing is sent any more. */
  hasEnded = false;
  /** Only what was due at the call is sent, so that a busy server comes to an end. */
  isClosing = false;
  readonly #parts: BatchSenderParts;
  #takesCrashes = true;
  #inFlight: Batch | undefined;
  #isUnavailable = false;

  constructor(parts: BatchSenderParts) {
    this.#parts = parts;
  }

  /** Whether Matomo has not refused crashes so far. */
  get takesCrashes(): boolean {
    return this.#takesCrashes;
  }

  /** Sent from memory and not decided yet. */
  get inFlight(): Batch | undefined {
    return this.#inFlight;
  }

  /** Whether Matomo took nothing at the last attempt. */
  get isUnavailable(): boolean {
    return this.#isUnavailable;
  }

  /** Until an attempt fails: whole batches, and what fills none where that is due, of final hits or of all. */
  async sendQueued(due: number, all: boolean): Promise<void> {
    const { outbox, spool, counters, options } = this.#parts;
    let left = due;
    while (!this.hasEnded && (left > 0 || !this.isClosing)) {
      const now = performance.now();
      this.fillWhole(now);
      if (left > 0 && outbox.takesMore && !spool?.takesQueue) {
        outbox.fill(options.maxExportBatchSize, now, all);
      }
      const isFresh = createIsFresh(options.tokenAuth !== undefined);
      counters.lost.expired += outbox.expire(isFresh);
      const batch = outbox.first();
      const decided = batch && (await this.#attempt(batch));
      if (decided === undefined) return;
      left -= decided;
    }
  }

  /** What the spool has for this process to send: full batches, and others where the oldest hit has waited so long. */
  async sendStored(delayMillis: number): Promise<void> {
    const { spool } = this.#parts;
    const mayGoOn = () => !this.hasEnded && performance.now() < this.storedUntilMillis;
    while (mayGoOn()) {
      const batch = await spool?.next(delayMillis, this.#takesCrashes);
      if (!batch || !mayGoOn() || (await this.#attempt(batch, spool)) === undefined) return;
    }
  }

  /** Puts hits into batches as long as they fill one; `false` if it stopped before, for others to have their turn. */
  fillWhole(nowMillis: number): boolean {
    const { outbox, spool, options } = this.#parts;
    return spool?.takesQueue === true || outbox.fillWhole(options.maxExportBatchSize, nowMillis);
  }

  /** How many hits were decided; `undefined` where the next batch may not follow at once. */
  async #attempt(batch: Batch, spool?: SpoolFeed): Promise<number | undefined> {
    const { outbox, sender, counters } = this.#parts;
    this.#inFlight = spool ? undefined : batch;
    const outcome = await sender.send(batch);
    this.#inFlight = undefined;
    const { counts, again, refusesCrashes } = outcome;
    this.#isUnavailable = outcome.kind === 'held';
    if (spool) spool.acknowledge(batch, outcome);
    else {
      addCounters(counters, counts);
      outbox.replaceFirst(batch, again);
    }
    if (refusesCrashes) {
      this.#takesCrashes = false;
      counters.lost.rejected += outbox.dropCrashes().length;
      this.#parts.spool?.refuseCrashes();
    }
    return outcome.kind === 'held' ? undefined : sumOfCounters(counts);
  }
}
