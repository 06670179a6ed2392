import { beginSlice } from '../common/slices.js';
import type { Hit, PendingHit } from '../hit/hit.js';
import {
  type Batch,
  decodeHit,
  type EncodedHit,
  encodeHits,
  inBatches,
  splitBySize,
} from './batch.js';
import { HitQueue } from './hit-queue.js';

/** What a hit in a batch takes besides its bytes. */
const OBJECT_BYTES = 100;

/**
 * Everything whose fate is open:
 *
 *     queue ──fill──> batches of page views, then of crashes, then hits that failed alone ──> in flight
 *
 * The batch in flight stays where it is until something is decided about it.
 */
export class Outbox {
  readonly #queue = new HitQueue();
  #pages: Batch[] = [];
  /** They never delay page views: on a Matomo that cannot take them each bulk of them fails. */
  #crashes: Batch[] = [];
  /** Batches of page views that wait for others: tried again after something was decided, or if nothing else is left. */
  #suspects: Batch[] = [];
  #hitsInBatches = 0;
  #bytesInBatches = 0;

  /** Hits that are neither tracked nor lost. */
  get pending(): number {
    return this.#queue.size + this.#hitsInBatches;
  }

  /** Roughly what they take in memory. */
  get bytes(): number {
    return this.#queue.bytes + this.#bytesInBatches;
  }

  /** Hits in batches. */
  get batched(): number {
    return this.#hitsInBatches;
  }

  /** Hits that failed alone and wait until something else is decided. */
  get suspects(): number {
    return this.#suspects.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Hits that are in no batch yet. */
  get queued(): number {
    return this.#queue.size;
  }

  /** End of the request that has waited longest in the queue, on the monotonic clock. */
  get oldestMillis(): number {
    return this.#queue.oldestMillis;
  }

  /** When so many hits are final, of which none is held back. */
  fullMillis(count: number): number {
    return this.#queue.finalMillis(count);
  }

  /** Whether the next attempt needs page views from elsewhere: none waits in a batch, or they are to go with it. */
  get takesMore(): boolean {
    return (
      this.#pages.length === 0 || (this.#pages.length === 1 && this.#pages[0]?.mergesNewer === true)
    );
  }

  push(hit: PendingHit): void {
    this.#queue.push(hit);
  }

  /** Puts the oldest hits into batches: `max` of those that may leave, or of all. */
  fill(max: number, nowMillis: number, all: boolean): void {
    this.add(this.#queue.take(max, nowMillis, all));
  }

  /** Puts hits into batches as long as they fill one; `false` if it stopped before, for others to have their turn. */
  fillWhole(max: number, nowMillis: number): boolean {
    const isOver = beginSlice();
    while (this.#queue.hasFinal(max, nowMillis)) {
      this.fill(max, nowMillis, false);
      if (isOver()) return false;
    }
    return true;
  }

  /** Takes the oldest hits that may leave out of the queue, to be kept elsewhere. */
  takeQueued(max: number, nowMillis: number, all: boolean): Hit[] {
    return this.#queue.take(max, nowMillis, all);
  }

  /** Puts hits into batches at once. */
  add(hits: readonly Hit[]): void {
    const crashes = hits.filter(({ kind }) => kind === 'crash');
    const pages = crashes.length === 0 ? hits : hits.filter(({ kind }) => kind === 'page');
    this.#append(splitBySize(encodeHits(pages), 'page'), splitBySize(encodeHits(crashes), 'crash'));
  }

  /** Like `add`, of hits that are encoded; the batches have these very objects. */
  addEncoded(hits: readonly (EncodedHit & Pick<Hit, 'kind'>)[]): void {
    const ofKind = (kind: Hit['kind']) => hits.filter((hit) => hit.kind === kind);
    this.#append(inBatches(ofKind('page'), 'page'), inBatches(ofKind('crash'), 'crash'));
  }

  /** Takes the hits of the oldest batch that is not in flight, to be kept elsewhere; none if they need more bytes there. */
  takeBatch(inFlight: Batch | undefined, mostBytes: number): Hit[] {
    for (const batches of [this.#pages, this.#crashes]) {
      const index = batches.findIndex((batch) => batch !== inFlight);
      const batch = batches[index];
      if (!batch) continue;
      if (storedBytes(batch) > mostBytes) break;
      batches.splice(index, 1);
      this.#count([batch], -1);
      return batch.hits.map((hit) => decodeHit(hit, batch.kind));
    }
    return [];
  }

  /** The batch to be sent next. */
  first(): Batch | undefined {
    this.#joinNewer();
    if (this.#pages.length + this.#crashes.length === 0)
      this.#pages.push(...this.#suspects.splice(0, 1));
    return this.#pages[0] ?? this.#crashes[0];
  }

  /** Puts what is left of the first batch in its place. */
  replaceFirst({ kind, hits }: Batch, again: readonly Batch[]): void {
    const batches = kind === 'page' ? this.#pages : this.#crashes;
    const isSuspect = (batch: Batch) => batch.waitsForOthers && kind === 'page';
    const [replaced] = batches.splice(0, 1, ...again.filter((batch) => !isSuspect(batch)));
    if (replaced) this.#count([replaced], -1);
    this.#count(again, 1);
    const left = again.reduce((sum, batch) => sum + batch.hits.length, 0);
    if (left < hits.length) this.#pages.unshift(...this.#suspects.splice(0));
    this.#suspects.push(...again.filter(isSuspect));
  }

  /** Lets go of hits that have become too old for the batch to be sent next, and returns how many those were. */
  expire(isFresh: (hit: EncodedHit) => boolean): number {
    let expired = 0;
    for (let batch = this.first(); batch; batch = this.first()) {
      const fresh = batch.hits.filter(isFresh);
      if (fresh.length === batch.hits.length) break;
      expired += batch.hits.length - fresh.length;
      this.replaceFirst(
        batch,
        fresh.length === 0 ? [] : [{ ...batch, hits: fresh, part: undefined }],
      );
    }
    return expired;
  }

  /** Lets go of all crashes, and returns them. */
  dropCrashes(): EncodedHit[] {
    const dropped = this.#crashes;
    this.#crashes = [];
    this.#count(dropped, -1);
    return dropped.flatMap(({ hits }) => hits);
  }

  /** Lets go of everything, and returns how many hits that were. */
  clear(): number {
    const queued = this.#queue.take(Number.POSITIVE_INFINITY, performance.now(), true).length;
    const lost = queued + this.#hitsInBatches;
    this.#pages = [];
    this.#crashes = [];
    this.#suspects = [];
    this.#hitsInBatches = 0;
    this.#bytesInBatches = 0;
    return lost;
  }

  #append(pages: readonly Batch[], crashes: readonly Batch[]): void {
    this.#pages.push(...pages);
    this.#crashes.push(...crashes);
    this.#count(pages, 1);
    this.#count(crashes, 1);
  }

  /** A batch that takes newer hits with it goes with the batch behind it. */
  #joinNewer(): void {
    const [batch, newer] = this.#pages;
    if (!batch?.mergesNewer || !newer) return;
    this.#pages.splice(0, 2, ...inBatches([...batch.hits, ...newer.hits], 'page'));
  }

  #count(batches: readonly Batch[], sign: 1 | -1): void {
    for (const { hits } of batches) {
      this.#hitsInBatches += sign * hits.length;
      for (const { start, end } of hits)
        this.#bytesInBatches += sign * (end - start + OBJECT_BYTES);
    }
  }
}

/** What hits take in a store, at most. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, start, end }) => end - start + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
