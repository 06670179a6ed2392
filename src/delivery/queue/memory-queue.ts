import type { Hit, PendingHit } from '../../hit/hit.js';
import type { BatchQueue } from './batch-queue.js';
import {
  addCounters,
  createDeliveryCounters,
  type DeliveryCounters,
  type HitResultCounts,
} from './counters.js';

/** Memory of a hit that was taken, besides its bytes. */
const OBJECT_BYTES = 100;

/** More than a waiting hit usually takes. */
const USUAL_BYTES = 3_355;
const MEBIBYTE = 1024 ** 2;

/** Taken hits whose queries may keep the texts of their requests in memory. */
const MAX_IN_PARTS = 500;

/**
 * Hits in memory: waiting ones, whose request has not ended; queued ones, oldest first; and taken ones, which have no result yet.
 * How long a queued hit waits until it is taken: `send-loop.ts`.
 *
 *     wait ──> waiting
 *                 │ placeWaiting, or final
 *     push ──> [ removed … | queued … ] ──take──> taken ──acknowledge──> counted
 *                          ^ head
 *
 * Entries before `head` are cut off when they are half of the array. A hit that is not final keeps its place, and newer ones may be
 * taken before it.
 */
export class MemoryQueue {
  /** Results of hits, also of those in a spool. */
  readonly counters: DeliveryCounters = createDeliveryCounters();
  /** Oldest first. */
  readonly #waiting = new Set<PendingHit>();
  #hits: (PendingHit | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #taken = 0;
  #takenBytes = 0;
  readonly #maxHits: number;
  /** Approximate maximum memory of the hits. */
  readonly #maxBytes: number;

  constructor(maxHits: number) {
    this.#maxHits = maxHits;
    this.#maxBytes = Math.max(MEBIBYTE, USUAL_BYTES * maxHits);
  }

  /**
   * Whether a hit can be added. If not, it is lost, and counted: losing the end of a visit is better than losing its start. If all hits have
   * failed, one more can: only another one that is processed can show that they are the cause.
   */
  admit({ bytes }: Pick<PendingHit, 'bytes'>, taken: Pick<BatchQueue, 'failedInMemory'>): boolean {
    if (this.fits(this.count + 1, bytes) || this.haveAllFailed(taken)) return true;
    this.counters.lost.queue_full += 1;
    return false;
  }

  /** Whether `count` hits may be in memory, of which new ones have `newBytes`. */
  fits(count: number, newBytes: number): boolean {
    return count <= this.#maxHits && this.bytes + newBytes <= this.#maxBytes;
  }

  /** Whether only another hit can show that those in memory are the cause of their failures. */
  haveAllFailed(taken: Pick<BatchQueue, 'failedInMemory'>): boolean {
    return this.#taken > 0 && this.untaken === 0 && taken.failedInMemory >= this.#taken;
  }

  /** Number of places in the queue.  */
  get queued(): number {
    return this.#hits.length - this.#head;
  }

  /** Number of hits that were not taken, in places or waiting. */
  get untaken(): number {
    return this.queued + this.#waiting.size;
  }

  /** Number of hits in memory. A place counts as one. */
  get count(): number {
    return this.untaken + this.#taken;
  }

  /** When the request of the oldest queued hit ended or a waiting hit was tracked, on the monotonic clock; `Infinity` if there is none. */
  get oldestMillis(): number {
    const queued = this.#hits[this.#head]?.endedMillis ?? Number.POSITIVE_INFINITY;
    if (this.#waiting.size === 0) return queued;
    const [waiting] = this.#waiting;
    return Math.min(queued, (waiting as PendingHit).endedMillis);
  }

  /** Approximate memory of the hits. */
  get bytes(): number {
    return this.#bytes + this.#takenBytes;
  }

  push(hit: PendingHit): void {
    this.#hits.push(hit);
    this.#bytes += hit.bytes;
  }

  /** Adds a hit without a place in the queue. The hit gets one from `placeWaiting`, or when it is final. */
  wait(hit: PendingHit): void {
    this.#waiting.add(hit);
    this.#bytes += hit.bytes;
  }

  /** Queues a waiting hit. Returns `false` if it was queued before. */
  placeWaiting(hit: PendingHit): boolean {
    const isWaiting = this.#waiting.delete(hit);
    if (isWaiting) this.#hits.push(hit);
    return isWaiting;
  }

  /** The same as `build`, but the hits stay in memory: they are taken. */
  take(max: number, nowMillis: number, all: boolean): readonly Hit[] {
    return this.keep(this.build(max, nowMillis, all));
  }

  /** Counts hits as taken until they are acknowledged or forgotten. The queries of hits that may wait for long release those texts. */
  keep(hits: readonly Hit[]): readonly Hit[] {
    this.#countTaken(hits, 1);
    if (this.#taken > MAX_IN_PARTS) for (const { query } of hits) joinParts(query);
    return hits;
  }

  /** Results of taken hits; `counts` add up to their number. */
  acknowledge(hits: readonly Hit[], counts: HitResultCounts): void {
    this.forget(hits);
    addCounters(this.counters, counts);
  }

  /** Taken hits are no longer in memory: they have a result, or are stored. */
  forget(hits: readonly Hit[]): void {
    this.#countTaken(hits, -1);
  }

  /** Counts all hits as lost at shutdown. */
  drop(): void {
    const queued = this.build(Number.POSITIVE_INFINITY, performance.now(), true).length;
    this.counters.lost.shutdown += queued + this.#taken;
    this.#taken = 0;
    this.#takenBytes = 0;
  }

  /**
   * Builds up to `max` queued hits and their crashes, oldest first; only final ones unless `all`. They leave the memory. Hits that the
   * application has ignored since leave it too, and are not returned.
   */
  build(max: number, nowMillis: number, all: boolean): Hit[] {
    const taken: Hit[] = [];
    const epochMillis = Date.now();
    const kept: PendingHit[] = [];
    if (this.#waiting.size > 0) this.#queueWaiting(nowMillis, all);
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

  /** When the last of the `count` oldest hits is final, and usually all are; `Infinity` if there are fewer. */
  finalMillis(count: number): number {
    return this.#hits[this.#head + count - 1]?.finalMillis ?? Number.POSITIVE_INFINITY;
  }

  /** Queues waiting hits that are final, or `all`. */
  #queueWaiting(nowMillis: number, all: boolean): void {
    for (const hit of this.#waiting) {
      if (all || hit.isFinal(nowMillis)) this.placeWaiting(hit);
    }
  }

  #countTaken(hits: readonly Hit[], sign: 1 | -1): void {
    let bytes = hits.length * OBJECT_BYTES;
    for (const { query } of hits) bytes += query.length;
    this.#taken += sign * hits.length;
    this.#takenBytes += sign * bytes;
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

/**
 * Makes one text of the parts that a query was added up from. V8 refers to them until it needs the whole text, for example to count its
 * bytes. A copy takes three times as long.
 */
function joinParts(query: string): void {
  Buffer.byteLength(query);
}
