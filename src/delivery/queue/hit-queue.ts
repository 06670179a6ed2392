import { CHILD_SPAN_WAIT_MILLIS, type Hit, type PendingHit } from '../../hit/hit.js';

/**
 * Queued hits, oldest first:
 *
 *     [ removed … | queued … ]
 *                 ^ head
 *
 * Entries before `head` were sent; they are cut off when they are half of the array. A hit that is not final keeps its place, and
 * newer ones may be sent before it.
 */
export class HitQueue {
  #hits: (PendingHit | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Hits of prepared places beyond one each: crashes. Negative for places without a hit. */
  #surplus = 0;

  get size(): number {
    return this.#hits.length - this.#head;
  }

  /** How many hits are queued: one for each place, unless it is prepared. */
  get count(): number {
    return this.size + this.#surplus;
  }

  /** When the request of the oldest hit ended, on the monotonic clock; `Infinity` if the queue is empty. */
  get oldestMillis(): number {
    return this.#hits[this.#head]?.endedMillis ?? Number.POSITIVE_INFINITY;
  }

  /** Approximate memory of the queued hits. */
  get bytes(): number {
    return this.#bytes;
  }

  push(hit: PendingHit): void {
    this.#hits.push(hit);
    this.#bytes += hit.bytes;
  }

  /**
   * Removes up to `max` hits and their crashes, oldest first; only final ones unless `all`. Hits that the application has ignored
   * since are removed and not returned.
   */
  take(max: number, nowMillis: number, all: boolean): Hit[] {
    const taken: Hit[] = [];
    const epochMillis = Date.now();
    const kept: PendingHit[] = [];
    let left = max;
    while (left > 0 && this.#head < this.#hits.length) {
      const pending = this.#hits[this.#head] as PendingHit;
      this.#hits[this.#head++] = undefined;
      if (!all && !pending.isFinal(nowMillis)) {
        kept.push(pending);
        continue;
      }
      this.#bytes -= pending.bytes;
      const hits = pending.finalize(epochMillis);
      if (pending instanceof FinalHit) this.#surplus -= hits.length - 1;
      if (hits.length > 0) left -= 1;
      for (const hit of hits) taken.push(hit);
    }
    this.#putBack(kept);
    return taken;
  }

  /**
   * Finalizes up to `count` of the `max` oldest hits, those that are final, and keeps their places. Returns whether none of them is
   * left, so that taking them takes little time.
   */
  prepare(max: number, count: number, nowMillis: number): boolean {
    const epochMillis = Date.now();
    const end = Math.min(this.#head + max, this.#hits.length);
    let left = count;
    for (let i = this.#head; i < end; i++) {
      const pending = this.#hits[i] as PendingHit;
      if (pending instanceof FinalHit || !pending.isFinal(nowMillis)) continue;
      if (left === 0) return false;
      left -= 1;
      const final = new FinalHit(pending, epochMillis);
      this.#hits[i] = final;
      this.#surplus += final.finalize().length - 1;
    }
    return true;
  }

  /** When the `count` oldest hits are final, unless some are held back. */
  finalMillis(count: number): number {
    return (this.#hits[this.#head + count - 1]?.endedMillis ?? 0) + CHILD_SPAN_WAIT_MILLIS;
  }

  /** Whether `count` queued hits are final, so that a full batch can be sent. */
  hasFinal(count: number, nowMillis: number): boolean {
    if (this.size < count) return false;
    let final = 0;
    for (let i = this.#head; i < this.#hits.length && final < count; i++) {
      const hit = this.#hits[i] as PendingHit;
      if (nowMillis - hit.endedMillis < CHILD_SPAN_WAIT_MILLIS) break; // the following ones are younger
      if (hit.isFinal(nowMillis)) final += 1;
    }
    return final >= count;
  }

  #putBack(kept: readonly PendingHit[]): void {
    this.#head -= kept.length;
    for (const [i, hit] of kept.entries()) this.#hits[this.#head + i] = hit;
    if (this.#head * 2 >= this.#hits.length) {
      this.#hits = this.#hits.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** A hit that was finalized before it is taken. */
class FinalHit implements PendingHit {
  readonly endedMillis: number;
  readonly bytes: number;
  readonly #hits: readonly Hit[];

  constructor(pending: PendingHit, epochMillis: number) {
    this.endedMillis = pending.endedMillis;
    this.bytes = pending.bytes;
    this.#hits = pending.finalize(epochMillis);
  }

  isFinal(): boolean {
    return true;
  }

  finalize(): readonly Hit[] {
    return this.#hits;
  }
}
