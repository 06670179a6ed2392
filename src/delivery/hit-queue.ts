import { type Hit, type PendingHit, SETTLE_MILLIS } from '../hit/hit.js';

/**
 * Hits that wait, oldest first:
 *
 *     [ gone … | waiting … ]
 *              ^ head
 *
 * What lies before `head` has left and is cut off when it is half of the array. A hit that may not leave yet keeps
 * its place, and others pass it.
 */
export class HitQueue {
  #hits: (PendingHit | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get size(): number {
    return this.#hits.length - this.#head;
  }

  /** When the request of the oldest hit ended, on the monotonic clock; `Infinity` where none waits. */
  get oldestMillis(): number {
    return this.#hits[this.#head]?.endedMillis ?? Number.POSITIVE_INFINITY;
  }

  /** Roughly what the hits that wait take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  push(hit: PendingHit): void {
    this.#hits.push(hit);
    this.#bytes += hit.bytes;
  }

  /**
   * Takes up to `max` hits and their crashes, the oldest first; only final ones unless `all`. What the application
   * has taken back leaves without being returned.
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
      if (hits.length > 0) left -= 1;
      for (const hit of hits) taken.push(hit);
    }
    this.#putBack(kept);
    return taken;
  }

  /** When `count` hits are final, of which none is held back. */
  finalMillis(count: number): number {
    return (this.#hits[this.#head + count - 1]?.endedMillis ?? 0) + SETTLE_MILLIS;
  }

  /** Whether `count` final hits wait, so that a full batch can leave. */
  hasFinal(count: number, nowMillis: number): boolean {
    if (this.size < count) return false;
    let final = 0;
    for (let i = this.#head; i < this.#hits.length && final < count; i++) {
      const hit = this.#hits[i] as PendingHit;
      if (nowMillis - hit.endedMillis < SETTLE_MILLIS) break; // those behind are younger
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
