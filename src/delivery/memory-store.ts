import type { Hit, HitKind } from '../hit/hit.js';
import { bytesOf } from './bulk.js';
import { addResults, type DeliveryCounts } from './delivery-counts.js';
import type { Claim, Store } from './store.js';

/** Memory of a hit besides its text. */
const OBJECT_BYTES = 100;
/** More than a hit usually takes. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

interface MemoryLimits {
  readonly maxHits: number;
  readonly maxBulkHits: number;
  readonly maxBulkBytes: number;
}

/** Hits that are sent together, unless fewer are claimed. */
interface Bulk {
  hits: Hit[];
  bytes: number;
  readonly failures: number;
  /** When the first hit was put, on the monotonic clock. */
  readonly sinceMillis: number;
}

/**
 * Hits in memory, bounded by their number and bytes. A bulk is claimed from the first list that has one:
 *
 *     unsent: never sent, or given back as they were; the last one of each kind takes new hits
 *     failed: failed once
 *     suspects: failed more often
 */
export class MemoryStore implements Store {
  /** Hits, with those that are claimed. */
  count = 0;
  #bytes = 0;
  readonly #unsent: Bulk[] = [];
  readonly #failed: Bulk[] = [];
  readonly #suspects: Bulk[] = [];
  /** The bulk of each kind that takes new hits. */
  readonly #open: Partial<Record<HitKind, Bulk | undefined>> = {};
  readonly #counts: DeliveryCounts;
  readonly #maxHits: number;
  readonly #maxBytes: number;
  readonly #maxBulkHits: number;
  readonly #maxBulkBytes: number;

  constructor(counts: DeliveryCounts, { maxHits, maxBulkHits, maxBulkBytes }: MemoryLimits) {
    this.#counts = counts;
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
    this.#maxBulkHits = maxBulkHits;
    this.#maxBulkBytes = maxBulkBytes;
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
    let bulk = this.#open[hit.kind];
    if (bulk && bulk.bytes + bytesOf(hit) <= this.#maxBulkBytes) {
      bulk.hits.push(hit);
      bulk.bytes += bytesOf(hit);
    } else {
      bulk = createBulk([hit], 0);
      this.#unsent.push(bulk);
    }
    this.#open[hit.kind] = bulk.hits.length < this.#maxBulkHits ? bulk : undefined;
    return true;
  }

  /** Whether so many hits with so much memory can be put. */
  hasRoom(hits: number, bytes: number): boolean {
    const isRoom = this.count + hits <= this.#maxHits && this.#bytes + bytes <= this.#maxBytes;
    return isRoom || (this.#unsent.length === 0 && this.#failed.length + this.#suspects.length > 0);
  }

  /** When a bulk is due whose hits wait for others, on the monotonic clock; the past if one is full or was sent, `Infinity` if there is none. */
  dueMillis(delayMillis: number): number {
    const { action, chatbot } = this.#open;
    const open = (action ? 1 : 0) + (chatbot ? 1 : 0);
    if (this.#failed.length > 0 || this.#unsent.length > open) return Number.NEGATIVE_INFINITY;
    const [first] = this.#unsent;
    return first ? first.sinceMillis + delayMillis : Number.POSITIVE_INFINITY;
  }

  get suspects(): number {
    return this.#suspects.length;
  }

  /** When the oldest hit was put that is not claimed, on the monotonic clock; `Infinity` if there is none. */
  get oldestMillis(): number {
    const all = [this.#unsent[0], this.#failed[0], this.#suspects[0]];
    return Math.min(...all.map((bulk) => bulk?.sinceMillis ?? Number.POSITIVE_INFINITY));
  }

  async store(hits: readonly Hit[]): Promise<number> {
    let stored = 0;
    for (const hit of hits) {
      if (!this.put(hit)) return stored;
      stored += 1;
    }
    return stored;
  }

  async claim(most: number, maxFailures: number): Promise<Claim | undefined> {
    return this.claimNow(most, maxFailures);
  }

  claimNow(most: number, maxFailures: number): Claim | undefined {
    for (const list of [this.#unsent, this.#failed, this.#suspects]) {
      const index = list.findIndex(({ failures }) => failures <= maxFailures);
      const bulk = list[index];
      if (bulk) return this.#claim(list, index, bulk, most);
    }
    return undefined;
  }

  #claim(list: Bulk[], index: number, bulk: Bulk, most: number): Claim {
    const { failures, sinceMillis } = bulk;
    const hits = bulk.hits.slice(0, most);
    if (hits.length < bulk.hits.length) {
      bulk.hits = bulk.hits.slice(most);
      bulk.bytes = sumOf(bulk.hits, bytesOf);
    } else {
      list.splice(index, 1);
      const [{ kind }] = hits as [Hit];
      if (this.#open[kind] === bulk) this.#open[kind] = undefined;
    }
    let claimed: readonly Hit[] = hits;
    const giveBack = (left: readonly Hit[], newFailures: number) => {
      const back = new Set(left);
      claimed = claimed.filter((hit) => !back.has(hit));
      this.#putBack(createBulk([...left], newFailures, sinceMillis), failures);
    };
    const remove = () => {
      this.#remove(claimed);
      claimed = [];
    };
    return {
      hits,
      failures,
      giveBack: async (left, newFailures) => giveBack(left, newFailures),
      touch: async () => undefined,
      done: async (results) => {
        remove();
        addResults(this.#counts, results);
        return true;
      },
      endNow: (left) => {
        const isClaimed = new Set(claimed);
        giveBack(
          left.filter((hit) => isClaimed.has(hit)),
          failures,
        );
        remove();
      },
    };
  }

  /** Nothing was learned if it failed as often as before. Of two suspects, none is always the first. */
  #putBack(bulk: Bulk, before: number): void {
    if (bulk.hits.length === 0) return;
    const { failures } = bulk;
    if (failures > 1) this.#suspects.push(bulk);
    else if (failures > before) this.#failed.push(bulk);
    else this.#putFirst(failures === 0 ? this.#unsent : this.#failed, bulk);
  }

  /** In front of what it was claimed with, or as a bulk of its own. */
  #putFirst(list: Bulk[], bulk: Bulk): void {
    const [next] = list;
    const isWhole =
      next !== undefined &&
      next.hits[0]?.kind === bulk.hits[0]?.kind &&
      next.hits.length + bulk.hits.length <= this.#maxBulkHits &&
      next.sinceMillis === bulk.sinceMillis;
    if (!isWhole) {
      list.unshift(bulk);
      return;
    }
    next.hits = [...bulk.hits, ...next.hits];
    next.bytes += bulk.bytes;
  }

  /** Removes hits that are not claimed and too old, as far as older ones are. Returns how many, which are counted. */
  expire(isFresh: (hit: Hit) => boolean): number {
    let sum = 0;
    for (const list of [this.#unsent, this.#failed, this.#suspects]) {
      for (const bulk of [...list]) {
        const [oldest] = bulk.hits;
        if (!oldest || isFresh(oldest)) break;
        const claim = this.#claim(list, list.indexOf(bulk), bulk, bulk.hits.length);
        const fresh = claim.hits.filter(isFresh);
        const expired = claim.hits.length - fresh.length;
        void claim.giveBack(fresh, claim.failures);
        void claim.done({ expired });
        sum += expired;
      }
    }
    return sum;
  }

  /** Removes all hits that are not claimed. */
  take(): Hit[] {
    const hits: Hit[] = [];
    for (const list of [this.#unsent, this.#failed, this.#suspects])
      for (const bulk of list.splice(0)) hits.push(...bulk.hits);
    this.#open.action = undefined;
    this.#open.chatbot = undefined;
    this.#remove(hits);
    return hits;
  }

  #remove(hits: readonly Hit[]): void {
    this.count -= hits.length;
    this.#bytes -= sumOf(hits, memoryOf);
  }
}

function createBulk(hits: Hit[], failures: number, sinceMillis: number = performance.now()): Bulk {
  return { hits, failures, sinceMillis, bytes: sumOf(hits, bytesOf) };
}

function memoryOf({ query }: Hit): number {
  return query.length + OBJECT_BYTES;
}

function sumOf(hits: readonly Hit[], measure: (hit: Hit) => number): number {
  let sum = 0;
  for (const hit of hits) sum += measure(hit);
  return sum;
}
