import type { Hit, HitKind } from '../../hit/hit.js';
import { Batch, type BatchState } from './batch.js';

/** Upper bound of what a hit takes in a spool besides its bytes and its visitor. */
const OBJECT_BYTES = 100;

/** Hits from one place. */
export type HitsOfBatch = Pick<Batch, 'isStored' | 'hits'>;

/** Batches of hits without a result, in a list for each state. `FailingHits` decides which state a batch gets and which is sent next. */
export class BatchQueue {
  /** Hits sent again after a response that does not prove that nothing was stored. */
  resent = 0;
  /** The batch that is being sent. It stays in its list until `FailingHits` gets the result. */
  inFlight: Batch | undefined;
  /** `FailingHits` chooses between them. */
  readonly lists: Record<BatchState, Batch[]> = {
    first: [],
    unsent: [],
    likely: [],
    again: [],
    aside: [],
  };
  /** Batches of hits from memory that take further ones. */
  readonly #open = new Map<HitKind, Batch>();
  readonly #max: number;

  /** A batch has at most `max` hits. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Number of all hits. */
  get total(): number {
    return countHits(Object.values(this.lists));
  }

  /** The part of `total` from memory. */
  get totalInMemory(): number {
    return countHits(Object.values(this.lists), isInMemory);
  }

  /** Number of hits that were sent without success, alone or with others. */
  get failedTotal(): number {
    return countHits(this.#failedLists);
  }

  /** The part of them from memory. */
  get failedInMemory(): number {
    return countHits(this.#failedLists, isInMemory);
  }

  /** Number of hits that failed alone. */
  get setAside(): number {
    return this.lists.aside.filter(({ hits }) => hits.length === 1).length;
  }

  /** Start of the oldest request, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const list of Object.values(this.lists))
      for (const batch of list) oldest = Math.min(oldest, batch.oldestSeconds);
    return oldest;
  }

  /** `flat` takes ten times as long, and a backlog has thousands of batches. */
  get #all(): readonly Batch[] {
    return ([] as Batch[]).concat(...Object.values(this.lists));
  }

  get #failedLists(): readonly Batch[][] {
    const { first, likely, again, aside } = this.lists;
    return [first, likely, again, aside];
  }

  /** Adds hits in batches; those from memory also to batches that have room. The batches contain the same objects. */
  add(hits: readonly Hit[], isStored: boolean): void {
    const open = isStored ? new Map<HitKind, Batch>() : this.#open;
    for (const hit of hits) {
      if (open.get(hit.kind)?.add(hit, this.#max)) continue;
      const batch = new Batch(hit.kind, isStored);
      batch.add(hit, this.#max);
      open.set(hit.kind, batch);
      this.lists[batch.state].push(batch);
    }
    if (isStored) for (const batch of open.values()) batch.close();
  }

  /** Batches that are not in the queue. */
  putFirst(state: BatchState, ...batches: readonly Batch[]): void {
    for (const batch of batches) batch.state = state;
    this.lists[state].unshift(...batches);
  }

  /** The same at the end of the list. */
  putLast(state: BatchState, ...batches: readonly Batch[]): void {
    for (const batch of batches) batch.state = state;
    this.lists[state].push(...batches);
  }

  /** Closes and removes a batch. Returns `false` if it is not in the queue. */
  takeOut(batch: Batch): boolean {
    batch.close();
    if (this.#open.get(batch.kind) === batch) this.#open.delete(batch.kind); // nothing else may hold its hits
    const list = this.lists[batch.state];
    const place = list.indexOf(batch);
    if (place >= 0) list.splice(place, 1);
    return place >= 0;
  }

  /** Removes and returns hits that are not in flight. */
  dropHits(isDropped: (hit: Hit) => boolean): readonly HitsOfBatch[] {
    const all: HitsOfBatch[] = [];
    for (const batch of this.#all) {
      const hits = batch === this.inFlight ? [] : batch.hits.filter(isDropped);
      if (hits.length === 0) continue;
      const dropped = new Set(hits);
      batch.setHits(batch.hits.filter((hit) => !dropped.has(hit)));
      if (batch.hits.length === 0) this.takeOut(batch);
      all.push({ isStored: batch.isStored, hits });
    }
    return all;
  }

  /**
   * Removes a batch from memory, not the one in flight, to store its hits: the first in the order of `lists`. Returns none if they take
   * more than `mostBytes`.
   */
  takeBatch(mostBytes: number): readonly Hit[] {
    const batch = this.#all.find((other) => isInMemory(other) && other !== this.inFlight);
    if (!batch || storedBytes(batch) > mostBytes) return [];
    this.takeOut(batch);
    if (batch.mayBeStored) this.resent += batch.hits.length; // the spool does not know that
    return batch.hits;
  }

  /** Forgets all hits of the spool. */
  forgetStored(): void {
    for (const batch of this.#all) if (batch.isStored) this.takeOut(batch);
  }

  clear(): void {
    for (const batch of this.#all) this.takeOut(batch);
  }
}

const isInMemory = ({ isStored }: Batch) => !isStored;

/** Makes no list, because each request that finds the queue full needs the number. */
function countHits(lists: readonly Batch[][], isCounted = (_: Batch) => true): number {
  let count = 0;
  for (const list of lists) {
    for (const batch of list) if (isCounted(batch)) count += batch.hits.length;
  }
  return count;
}

/** Upper bound of the bytes that hits take in a spool. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, query }) => query.length + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
