import type { Hit } from '../../hit/hit.js';
import type { BatchQueue } from './batch-queue.js';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type HitResultCounts,
} from './counters.js';

/** Memory of a hit besides its bytes. */
const OBJECT_BYTES = 100;

/** More than a hit usually takes. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

/** Hits whose queries may keep the texts of their requests in memory, if they are not longer than this. */
const MAX_IN_PARTS = 500;
const LONG = 1000;

/**
 * Hits in memory: queued ones, oldest first, and taken ones, which have no result yet. How long a queued hit waits until it is taken:
 * `send-loop.ts`.
 *
 *     push ──> queued ──take──> taken ──acknowledge──> counted
 */
export class MemoryQueue {
  /** Results of hits, also of those in a spool. */
  readonly counters: DeliveryCounters = createDeliveryCounters();
  #hits: Hit[] = [];
  /** When each of them was queued, on the monotonic clock. */
  #queuedMillis: number[] = [];
  #taken = 0;
  /** Approximate memory of all hits. */
  bytes = 0;
  readonly #maxHits: number;
  readonly #maxBytes: number;

  constructor(maxHits: number) {
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
  }

  /**
   * Whether a hit can be added. If not, it is lost, and counted: losing the end of a visit is better than losing its start. If all hits have
   * failed, one more can: only another one that is processed can show that they are the cause.
   */
  admit(hit: Hit, taken: Pick<BatchQueue, 'failedInMemory'>): boolean {
    if (this.fits(this.count + 1, bytesOf(hit)) || this.haveAllFailed(taken)) return true;
    this.counters.lost.queue_full += 1;
    return false;
  }

  /** Whether `count` hits may be in memory, of which new ones have `newBytes`. */
  fits(count: number, newBytes: number): boolean {
    return count <= this.#maxHits && this.bytes + newBytes <= this.#maxBytes;
  }

  /** Whether only another hit can show that those in memory are the cause of their failures. */
  haveAllFailed(taken: Pick<BatchQueue, 'failedInMemory'>): boolean {
    return this.#taken > 0 && this.queued === 0 && taken.failedInMemory >= this.#taken;
  }

  /** Number of hits that were not taken. */
  get queued(): number {
    return this.#hits.length;
  }

  /** Number of hits in memory. */
  get count(): number {
    return this.queued + this.#taken;
  }

  /** When the oldest queued hit was queued, on the monotonic clock; `Infinity` if there is none. */
  get oldestMillis(): number {
    return this.#queuedMillis[0] ?? Number.POSITIVE_INFINITY;
  }

  push(hit: Hit, nowMillis: number = performance.now()): void {
    this.#hits.push(hit);
    this.#queuedMillis.push(nowMillis);
    this.bytes += bytesOf(hit);
    if (this.count > MAX_IN_PARTS || hit.query.length > LONG) joinParts(hit.query);
  }

  /** Removes up to `max` queued hits, oldest first, which stay in memory: they are taken. */
  take(max: number): readonly Hit[] {
    return this.keep(this.remove(max));
  }

  /** Counts hits as taken until they are acknowledged or forgotten. */
  keep(hits: readonly Hit[]): readonly Hit[] {
    this.#taken += hits.length;
    for (const hit of hits) this.bytes += bytesOf(hit);
    return hits;
  }

  /** Results of taken hits; `counts` add up to their number. */
  acknowledge(hits: readonly Hit[], counts: HitResultCounts): void {
    this.forget(hits);
    addCounters(this.counters, counts);
  }

  /** Taken hits are no longer in memory: they have a result, or are stored. */
  forget(hits: readonly Hit[]): void {
    this.#taken -= hits.length;
    for (const hit of hits) this.bytes -= bytesOf(hit);
  }

  /** Counts all hits as lost at shutdown. */
  drop(): void {
    this.counters.lost.shutdown += this.count;
    this.#hits = [];
    this.#queuedMillis = [];
    this.#taken = 0;
    this.bytes = 0;
  }

  /** Removes up to `max` queued hits from memory, oldest first. */
  remove(max: number): Hit[] {
    const removed = this.#hits.splice(0, max);
    this.#queuedMillis.splice(0, max);
    for (const hit of removed) this.bytes -= bytesOf(hit);
    return removed;
  }
}

function bytesOf({ query }: Hit): number {
  return query.length + OBJECT_BYTES;
}

/**
 * Makes one text of the parts that a query was added up from. V8 refers to them until it needs the whole text, for example to count its
 * bytes. A copy takes three times as long.
 */
function joinParts(query: string): void {
  Buffer.byteLength(query);
}
