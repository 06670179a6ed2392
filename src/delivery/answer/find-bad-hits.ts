import { type Batch, halve, nextAttempt, partOf, restOf, sentHits } from '../queue/batch.js';
import { lostHits } from '../queue/counters.js';
import type { EncodedHit } from '../queue/encode-hits.js';
import { decided, held, type Outcome, split } from './result-policy.js';

/** After this many failures in a row, each smaller bulk waits for a back-off. */
const FAILURES_AT_ONCE = 3;
/** One invalid hit in a bulk of 1,000 causes at most this many failures in a row. After more, the database is down again. */
const MAX_FAILURES_IN_A_ROW = 11;

/** Kind of a failure, and how many bulks Matomo had processed before it. */
interface Failure {
  readonly kind: string;
  readonly processed: number;
}

/**
 * Finds hits that make Matomo fail. Such a hit rolls back its whole bulk, but so does a database that is down. Only if Matomo
 * processes another bulk in between, the bulk, and in the end the single hit, is the cause.
 */
export class FailingHits {
  /** Number of bulks that Matomo has processed. */
  #processed = 0;
  /** First failure of each hit that was sent alone, even if it has been sent in bulks since. */
  readonly #failedAlone = new WeakMap<EncodedHit, Failure>();

  /** Called when Matomo has processed a bulk. */
  countProcessed(): void {
    this.#processed += 1;
  }

  /** `failuresInARow`: failures since Matomo last processed a bulk. `wait` returns the back-off for a number of failures. */
  search(
    batch: Batch,
    kind: string,
    failuresInARow: number,
    wait: (failures: number) => number,
  ): Outcome {
    const isSameKind = batch.failedAs === kind;
    const failed: Batch = {
      ...batch,
      failures: batch.failures + 1,
      failedAs: kind,
      processedBefore: isSameKind ? batch.processedBefore : this.#processed,
    };
    const isBad =
      this.#processed > (failed.processedBefore ?? 0) && failuresInARow <= MAX_FAILURES_IN_A_ROW;
    const excess = Math.max(1, failuresInARow - FAILURES_AT_ONCE);
    const [hit, ...others] = sentHits(failed);
    if (hit && others.length === 0) {
      if (this.#isBadAlone(hit, kind)) return decided(batch, lostHits('rejected', 1));
      const lone = { ...partOf(failed, [hit]), waitsForOthers: true };
      if (isBad) return held([...restOf(failed), lone], wait(excess));
    }
    if (!isBad) return held([nextAttempt(failed)], wait(failuresInARow));
    // If one of two hits is invalid, send the last one first: if it fails, the other one can still succeed after it.
    const lastFirst = others.length === 1;
    const isAtOnce = failuresInARow <= FAILURES_AT_ONCE;
    return (
      (isAtOnce && split(failed, lastFirst)) ||
      held(halve(failed, lastFirst) ?? [failed], wait(excess))
    );
  }

  /** Whether the hit failed alone before, and Matomo has processed a bulk since. */
  #isBadAlone(hit: EncodedHit, kind: string): boolean {
    const first = this.#failedAlone.get(hit);
    if (first?.kind === kind) return this.#processed > first.processed;
    this.#failedAlone.set(hit, { kind, processed: this.#processed });
    return false;
  }
}

/** Rejected bulks in a row. */
interface Series {
  /** Sending stopped because of it. */
  isHeld: boolean;
  /** Sending stopped, and Matomo has tracked other hits since: the token works. */
  isOver: boolean;
}

/**
 * Tells invalid hits from an invalid token, both of which make Matomo reject a whole bulk. Hits are invalid if they were rejected
 * until sending stopped, Matomo has tracked others since, and they are rejected again.
 */
export class RejectedHits {
  readonly #seriesOf = new WeakMap<EncodedHit, Series>();
  #series: Series = { isHeld: false, isOver: false };

  /** Matomo rejected a bulk of these. */
  add(hits: readonly EncodedHit[]): void {
    for (const hit of hits)
      if (!this.#seriesOf.get(hit)?.isOver) this.#seriesOf.set(hit, this.#series);
  }

  /** Sending stops because of the latest bulk. */
  countHold(): void {
    this.#series.isHeld = true;
  }

  /** Matomo has tracked hits. */
  countTracked(): void {
    this.#series.isOver = this.#series.isHeld;
    this.#series = { isHeld: false, isOver: false };
  }

  /** Whether all of these are invalid if Matomo has now rejected a bulk of them. */
  areInvalid(hits: readonly EncodedHit[]): boolean {
    return hits.every((hit) => this.#seriesOf.get(hit)?.isOver);
  }
}
