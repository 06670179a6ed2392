import { withTimeout } from '../../common/with-timeout.js';
import type { Outcome } from '../answer/outcome.js';
import { type Batch, decidedHits, type EncodedHit } from '../queue/batch.js';
import { BatchQueue } from '../queue/batch-queue.js';
import { lostHits } from '../queue/counters.js';
import type { HitSource } from '../queue/hit-source.js';
import type { IsFresh } from './spool-store.js';

/** How long to wait for a spool before hits from memory are sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

/** Batches of hits that this process took from the spool in one term. The spool keeps the hits until they are acknowledged. */
export class SpooledBatches {
  readonly #source: HitSource;
  readonly #max: number;
  readonly #isFresh: IsFresh;
  readonly #batches: BatchQueue;
  #term = 0;
  /** Rejected hits were removed from the batches. They are still in the spool. */
  #hasSkipped = false;
  #isLoading = false;

  /** Takes up to `max` hits at a time from the spool. */
  constructor(source: HitSource, max: number, isFresh: IsFresh) {
    this.#source = source;
    this.#max = max;
    this.#isFresh = isFresh;
    this.#batches = new BatchQueue(max);
  }

  /** Number of hits that failed alone and are sent again after another bulk was decided. */
  get suspects(): number {
    return this.#batches.suspects;
  }

  /** Start of the oldest request, in epoch seconds; `Infinity` if there is none, or another process sends. */
  get oldestSeconds(): number {
    return this.#term !== 0 && this.#term === this.#source.term
      ? this.#batches.oldestSeconds
      : Number.POSITIVE_INFINITY;
  }

  /** The batch to send next; `undefined` if there is none, another process sends, or the spool has not answered. */
  async next(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    if (this.#isLoading) return undefined;
    this.#isLoading = true;
    const loaded = this.#load(delayMillis, takesCrashes).finally(() => {
      this.#isLoading = false;
    });
    return withTimeout(PATIENCE_MILLIS, loaded, true);
  }

  async #load(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    const term = await this.#source.findTerm(delayMillis === 0);
    if (this.#term !== term) {
      this.#batches.clear();
      this.#hasSkipped = false;
    }
    this.#term = term;
    if (term === 0) return undefined;
    if (this.#batches.skipRejected()) this.#hasSkipped = true;
    for (;;) {
      if (this.#batches.takesMore) await this.#take(term, delayMillis);
      if (!takesCrashes) this.refuseCrashes();
      if (!this.#batches.first() || !(await this.#source.mayStillSend(term))) return undefined;
      // The last step before an attempt: the store may have taken long.
      this.#acknowledgeExpired(this.#batches.expire(this.#isFresh));
      const batch = this.#batches.first();
      if (batch) return batch;
    }
  }

  async #take(term: number, delayMillis: number): Promise<void> {
    const options = { term, max: this.#max, delayMillis };
    let hits = await this.#source.takeSpooled(options);
    if (hits.length === 0 && this.#hasSkipped) {
      this.#batches.clear();
      this.#hasSkipped = false;
      hits = await this.#source.takeSpooled({ ...options, fromStart: true });
    }
    this.#batches.add(hits);
  }

  /** Acknowledges the results of the first batch to the spool. */
  decide(batch: Batch, { kind, counts, again }: Outcome): void {
    this.#batches.replaceFirst(batch, again, kind === 'split');
    const decided = decidedHits(batch, again);
    if (decided.length > 0) this.#source.acknowledgeSpooled(decided, counts);
  }

  /** Drops hits that are too old. No batch may be in flight. */
  expire(): void {
    this.#acknowledgeExpired(this.#batches.expireAll(this.#isFresh));
  }

  #acknowledgeExpired(expired: readonly EncodedHit[]): void {
    if (expired.length === 0) return;
    this.#source.acknowledgeSpooled(expired, lostHits('expired', expired.length));
  }

  /** Drops crashes, which Matomo cannot store. */
  refuseCrashes(): void {
    const refused = this.#batches.dropCrashes();
    if (refused.length === 0) return;
    this.#source.acknowledgeSpooled(refused, lostHits('rejected', refused.length));
  }
}
