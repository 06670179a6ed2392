import type { Hit } from '../hit/hit.js';
import { addResults, type DeliveryCounts, type Results } from './delivery-counts.js';
import type { Claim, PendingHits, Store } from './store.js';

/** Memory of a hit besides its text. */
const OBJECT_BYTES = 100;
/** More than a hit usually takes. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

interface MemoryLimits {
  readonly maxHits: number;
  readonly maxBulkHits: number;
}

/** Hits that failed together, and are claimed together. */
interface FailedHits extends PendingHits {
  /** When the oldest was put, on the monotonic clock. */
  readonly sinceMillis: number;
}

/**
 * Hits in memory, bounded by their number and bytes. First those that never failed, in their order; behind them what failed once; then
 * suspects, which take turns.
 */
export class MemoryStore implements Store {
  /** Hits, with those that are claimed. */
  count = 0;
  #bytes = 0;
  #unsent: Hit[] = [];
  /** When each of them was put, on the monotonic clock. */
  #putMillis: number[] = [];
  /** The first of them were claimed, and given back as they were. */
  #areReturned = false;
  readonly #failed: FailedHits[] = [];
  readonly #counts: DeliveryCounts;
  readonly #maxHits: number;
  readonly #maxBytes: number;
  readonly #maxBulkHits: number;

  constructor(counts: DeliveryCounts, { maxHits, maxBulkHits }: MemoryLimits) {
    this.#counts = counts;
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
    this.#maxBulkHits = maxBulkHits;
  }

  /**
   * Adds a hit. Returns `false` if there is no room: losing the end of a visit is better than losing its start. If all hits have failed,
   * there is room for one more: only another one that is tracked can show that they are the cause.
   */
  put(hit: Hit): boolean {
    const bytes = memoryOf(hit);
    if (!this.hasRoom(1, bytes)) return false;
    this.count += 1;
    this.#bytes += bytes;
    this.#unsent.push(hit);
    this.#putMillis.push(performance.now());
    return true;
  }

  /** Whether so many hits with so much memory can be put, or at least one if all hits have failed. */
  hasRoom(hits: number, bytes: number): boolean {
    const isRoom = this.count + hits <= this.#maxHits && this.#bytes + bytes <= this.#maxBytes;
    return isRoom || (this.#unsent.length === 0 && this.#failed.length > 0);
  }

  /** When hits are due that are no suspects, on the monotonic clock; the past if they fill a bulk or were claimed, `Infinity` if there are none. */
  dueMillis(delayMillis: number): number {
    const isFull = this.#unsent.length >= this.#maxBulkHits;
    if (isFull || this.#areReturned || this.#failed.length > this.suspects)
      return Number.NEGATIVE_INFINITY;
    return this.#unsentMillis + delayMillis;
  }

  get #unsentMillis(): number {
    return this.#putMillis[0] ?? Number.POSITIVE_INFINITY;
  }

  get suspects(): number {
    const first = this.#failed.findIndex(({ failures }) => failures > 1);
    return first < 0 ? 0 : this.#failed.length - first;
  }

  /** When the oldest hit was put that is not claimed, on the monotonic clock; `Infinity` if there is none. */
  get oldestMillis(): number {
    return Math.min(this.#unsentMillis, ...this.#failed.map(({ sinceMillis }) => sinceMillis));
  }

  claim(most: number, maxFailures: number): Claim | undefined {
    if (this.#unsent.length > 0) {
      const hits = this.#unsent.splice(0, most);
      const [sinceMillis = 0] = this.#putMillis.splice(0, most);
      this.#areReturned = false;
      return this.#toClaim({ hits, failures: 0, sinceMillis });
    }
    const index = this.#failed.findIndex(({ failures }) => failures <= maxFailures);
    const [failed] = index < 0 ? [] : this.#failed.splice(index, 1);
    if (!failed) return undefined;
    const rest = failed.hits.slice(most);
    if (rest.length > 0) this.#failed.splice(index, 0, { ...failed, hits: rest });
    return this.#toClaim({ ...failed, hits: failed.hits.slice(0, most) });
  }

  #toClaim({ hits, failures, sinceMillis }: FailedHits): Claim {
    let isDone = false;
    const endNow = (results: Results, back: readonly PendingHits[] = []) => {
      if (isDone) return;
      isDone = true;
      const unsent = new Set(back.flatMap((each) => each.hits));
      this.#remove(hits.filter((hit) => !unsent.has(hit)));
      for (const each of back) this.#putBack({ ...each, sinceMillis }, failures);
      addResults(this.#counts, results);
    };
    return {
      hits,
      failures,
      touch: async () => undefined,
      done: async (results, back) => {
        endNow(results, back);
        return true;
      },
      endNow,
    };
  }

  /** In front if nothing was learned: they failed as often as before. Of two suspects, none is always the first. */
  #putBack(back: FailedHits, before: number): void {
    const { hits, failures, sinceMillis } = back;
    if (hits.length === 0) return;
    if (failures === 0) {
      this.#unsent = [...hits, ...this.#unsent];
      this.#putMillis = [...hits.map(() => sinceMillis), ...this.#putMillis];
      this.#areReturned = true;
      return;
    }
    const behindFailed = this.#failed.length - this.suspects;
    if (failures > 1) this.#failed.push(back);
    else this.#failed.splice(failures === before ? 0 : behindFailed, 0, back);
  }

  /** Removes all hits that are not claimed. */
  take(): Hit[] {
    const hits = [...this.#unsent, ...this.#failed.splice(0).flatMap((failed) => failed.hits)];
    this.#unsent = [];
    this.#putMillis = [];
    this.#areReturned = false;
    this.#remove(hits);
    return hits;
  }

  #remove(hits: readonly Hit[]): void {
    this.count -= hits.length;
    for (const hit of hits) this.#bytes -= memoryOf(hit);
  }
}

function memoryOf({ query }: Hit): number {
  return query.length + OBJECT_BYTES;
}
