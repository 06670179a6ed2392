import type { Hit } from '../hit/hit-text.js';
import { addResults, type DeliveryCounts, type Results } from './counts.js';
import type { Claim, Store } from './store.js';

/** Bytes that a hit takes besides its text. */
const OBJECT_BYTES = 200;
/** Bytes per hit of the limit, more than one usually takes. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

/** Hits in memory, bounded by their number and bytes. */
export class MemoryStore implements Store {
  /** All hits, also those that are claimed. */
  count = 0;
  #bytes = 0;
  #hits: Hit[] = [];
  /** Time on the monotonic clock at which the oldest unclaimed hit was put; `Infinity` if there is none. */
  oldestMillis = Number.POSITIVE_INFINITY;
  /** Whether hits were claimed and came back without a result. */
  hasReturned = false;
  readonly #counts: DeliveryCounts;
  readonly #maxHits: number;
  readonly #maxBytes: number;

  constructor(counts: DeliveryCounts, maxHits: number) {
    this.#counts = counts;
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
  }

  /** How many hits can be claimed. */
  get waiting(): number {
    return this.#hits.length;
  }

  /** Whether so many hits with so much memory can be put. To lose the end of a visit is better than to lose its start. */
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
    // The hits that are left count as new: they are claimed next, or after one more delay.
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
      // Waiting hits are copied only if hits go in front of them: they may be many.
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
