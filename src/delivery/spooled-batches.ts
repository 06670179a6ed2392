import { withTimeout } from '../common/with-timeout.js';
import { type Batch, decidedHits } from './batch.js';
import { BatchQueue } from './batch-queue.js';
import { lostHits } from './counters.js';
import type { HitSource } from './hit-source.js';
import type { Outcome } from './outcome.js';

/** How long a spool is waited for before what is in memory is sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

/** Batches of what this process has taken out of the spool in one term; the spool keeps the hits until they are acknowledged. */
export class SpooledBatches {
  readonly #source: HitSource;
  readonly #max: number;
  readonly #batches: BatchQueue;
  #term = 0;
  #isAsking = false;

  /** Hits for a batch are taken `max` at a time. */
  constructor(source: HitSource, max: number) {
    this.#source = source;
    this.#max = max;
    this.#batches = new BatchQueue(max);
  }

  /** Hits that failed alone and wait until something else is decided. */
  get suspects(): number {
    return this.#batches.suspects;
  }

  /** What is to be sent next; `undefined` if that is nothing, another process' to do, or not known as yet. */
  async next(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    if (this.#isAsking) return undefined;
    this.#isAsking = true;
    const asked = this.#ask(delayMillis, takesCrashes).finally(() => {
      this.#isAsking = false;
    });
    return withTimeout(PATIENCE_MILLIS, asked);
  }

  async #ask(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    const term = await this.#source.findTerm(delayMillis === 0);
    if (this.#term !== term) this.#batches.clear();
    this.#term = term;
    if (term === 0) return undefined;
    if (this.#batches.takesMore) {
      const max = this.#max;
      this.#batches.add(await this.#source.takeSpooled({ term, max, delayMillis }));
      if (!takesCrashes) this.refuseCrashes();
    }
    const batch = this.#batches.first();
    return batch && (await this.#source.mayStillSend(term)) ? batch : undefined;
  }

  /** Has the spool know what was decided about the first batch. */
  decide(batch: Batch, { kind, counts, again }: Outcome): void {
    this.#batches.replaceFirst(batch, again, kind === 'split');
    const decided = decidedHits(batch, again);
    if (decided.length > 0) this.#source.acknowledgeSpooled(decided, counts);
  }

  /** Drops crashes, which Matomo cannot take. */
  refuseCrashes(): void {
    const refused = this.#batches.dropCrashes();
    if (refused.length === 0) return;
    this.#source.acknowledgeSpooled(refused, lostHits('rejected', refused.length));
  }
}
