import { type Batch, type EncodedHit, halve, partOf, probeOf, restOf, sentHits } from './batch.js';
import { lostHits } from './counters.js';
import { decided, held, type Outcome, split } from './outcome.js';

/** Failures in a row after which each smaller bulk waits for a back-off. */
const FAILURES_AT_ONCE = 3;
/** One bad hit in a bulk of 1,000 causes no more failures in a row. After more, the database is down again. */
const MAX_FAILURES_IN_A_ROW = 11;

/** A failure: how Matomo answered, and how many bulks it had processed by then. */
interface Failure {
  readonly kind: string;
  readonly processed: number;
}

/**
 * Finds hits that make Matomo fail. One of them rolls back its whole bulk, and a database that is down does the same: only
 * what Matomo processes in between tells them apart, for a bulk and at the end for the hit alone.
 */
export class Narrowing {
  /** Bulks that Matomo has processed. */
  #processed = 0;
  /** The first failure of each hit that was sent alone, however bulks are put together since. */
  readonly #failedAlone = new WeakMap<EncodedHit, Failure>();

  /** Matomo has processed a bulk. */
  countProcessed(): void {
    this.#processed += 1;
  }

  /** `failuresInARow` counts those since Matomo has processed anything; `wait` makes a back-off of such a number. */
  narrow(
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
    if (!isBad) return held([probeOf(failed)], wait(failuresInARow));
    // Of two, one is bad: if that is the last hit of all, the other one is still there to be processed after it.
    const lastFirst = others.length === 1;
    const isAtOnce = failuresInARow <= FAILURES_AT_ONCE;
    return (
      (isAtOnce && split(failed, lastFirst)) ||
      held(halve(failed, lastFirst) ?? [failed], wait(excess))
    );
  }

  /** Whether it failed alone before, and Matomo has processed something since. */
  #isBadAlone(hit: EncodedHit, kind: string): boolean {
    const first = this.#failedAlone.get(hit);
    if (first?.kind === kind) return this.#processed > first.processed;
    this.#failedAlone.set(hit, { kind, processed: this.#processed });
    return false;
  }
}
