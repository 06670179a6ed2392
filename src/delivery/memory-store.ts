import type { Hit } from '../hit/hit-text.js';
import { addResults, type DeliveryCounts, type Results } from './counts.js';
import type { Claim, Store } from './store.js';

/** Bytes of memory that a hit uses in addition to its text. */
const OBJECT_BYTES = 200;
/** Bytes per hit in the memory limit. Most hits use less. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

/** Hits in memory, bounded by number and bytes. */
export class MemoryStore implements Store {
  /** The number of all hits, including claimed ones. */
  count = 0;
  #bytes = 0;
  #hits: Hit[] = [];
  /** Time on the monotonic clock at which the oldest unclaimed hit was queued; `Infinity` if there is none. */
  oldestMillis = Number.POSITIVE_INFINITY;
  /** Whether claimed hits were given back without a result. */
  hasReturned = false;
  readonly #counts: DeliveryCounts;
  readonly #maxHits: number;
  readonly #maxBytes: number;

  constructor(counts: DeliveryCounts, maxHits: number) {
    this.#counts = counts;
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
  }

  /** The number of hits that can be claimed. */
  get waiting(): number {
    return this.#hits.length;
  }

  /** Whether there is room for this many hits and bytes. If not, new hits are dropped: losing the end of a visit is better than losing its start. */
  hasRoom(hits: number, bytes: number): boolean {
    return this.count + hits <= this.#maxHits && this.#bytes + bytes <= this.#maxBytes;
  }

  put(hits: readonly Hit[]): boolean {
    const bytes = memoryOf(hits);
    if (!this.hasRoom(hits.length, bytes)) return false;
    this.count += hits.length;
    this.#bytes += bytes;
    if (this.#hits.length === 0) this.oldestMillis = performance.now();
    for (const hit of hits) this.#hits.push(hit);
    return true;
  }

  claim(most: number): (Claim & Required<Pick<Claim, 'doneNow'>>) | undefined {
    const { oldestMillis } = this;
    const hits = this.#hits.splice(0, most);
    if (hits.length === 0) return undefined;
    // The remaining hits count as new. They are claimed next, or after one more delay.
    this.oldestMillis = this.#hits.length > 0 ? performance.now() : Number.POSITIVE_INFINITY;
    this.hasReturned = false;
    let isDone = false;
    const doneNow = (results: Results, back: readonly Hit[], isBehind = true) => {
      if (isDone) return;
      isDone = true;
      this.count += back.length - hits.length;
      this.#bytes += memoryOf(back) - memoryOf(hits);
      if (back.length > 0) this.oldestMillis = oldestMillis;
      this.hasReturned ||= back.length > 0;
      // Queued hits are copied only if hits go in front of them, because there may be many.
      if (isBehind) for (const hit of back) this.#hits.push(hit);
      else if (back.length > 0) this.#hits = [...back, ...this.#hits];
      addResults(this.#counts, results);
    };
    return {
      hits,
      doneNow,
      done: async (results, back, isBehind) => {
        doneNow(results, back, isBehind);
        return true;
      },
    };
  }
}

function memoryOf(hits: readonly Hit[]): number {
  return hits.reduce((sum, { query }) => sum + query.length + OBJECT_BYTES, 0);
}
