import type { EncodedHit } from '../queue/batch.js';

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
