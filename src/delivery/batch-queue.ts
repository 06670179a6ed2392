import { type Batch, type EncodedHit, inBatches } from './batch.js';

/** What a hit takes in a store besides its bytes and its visitor, at most. */
const OBJECT_BYTES = 100;

/**
 * What the sender has, in the order in which it is sent:
 *
 *     batches of page views, then of crashes, then hits that failed alone ──> in flight
 *
 * The batch in flight stays where it is until something is decided about it.
 */
export class BatchQueue {
  #pages: Batch[] = [];
  /** They never delay page views: on a Matomo that cannot take them each bulk of them fails. */
  #crashes: Batch[] = [];
  /** Batches of page views that wait for others: tried again after something was decided, or if nothing else is left. */
  #suspects: Batch[] = [];
  #size = 0;

  /** Hits in batches. */
  get size(): number {
    return this.#size;
  }

  /** Hits that failed alone and wait until something else is decided. */
  get suspects(): number {
    return this.#suspects.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Whether the next attempt needs page views from elsewhere: none waits in a batch, or they are to go with it. */
  get takesMore(): boolean {
    return (
      this.#pages.length === 0 || (this.#pages.length === 1 && this.#pages[0]?.mergesNewer === true)
    );
  }

  /** Puts hits into batches; the batches have these very objects. */
  add(hits: readonly EncodedHit[]): void {
    const crashes = hits.filter(({ kind }) => kind === 'crash');
    const pages = crashes.length === 0 ? hits : hits.filter(({ kind }) => kind === 'page');
    this.#pages.push(...inBatches(pages, 'page'));
    this.#crashes.push(...inBatches(crashes, 'crash'));
    this.#size += hits.length;
  }

  /** Takes the hits of the oldest batch that is not in flight, to be given back; none if they need more bytes in a store. */
  takeBatch(inFlight: Batch | undefined, mostBytes: number): readonly EncodedHit[] {
    for (const batches of [this.#pages, this.#crashes]) {
      const index = batches.findIndex((batch) => batch !== inFlight);
      const batch = batches[index];
      if (!batch) continue;
      if (storedBytes(batch) > mostBytes) break;
      batches.splice(index, 1);
      this.#size -= batch.hits.length;
      return batch.hits;
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
    const left = again.reduce((sum, batch) => sum + batch.hits.length, 0);
    this.#size += left - (replaced?.hits.length ?? 0);
    if (left < hits.length) this.#pages.unshift(...this.#suspects.splice(0));
    this.#suspects.push(...again.filter(isSuspect));
  }

  /** Removes hits that have become too old for the batch to be sent next, and returns them. */
  expire(isFresh: (hit: EncodedHit) => boolean): EncodedHit[] {
    const expired: EncodedHit[] = [];
    for (let batch = this.first(); batch; batch = this.first()) {
      const fresh: EncodedHit[] = [];
      for (const hit of batch.hits) (isFresh(hit) ? fresh : expired).push(hit);
      if (fresh.length === batch.hits.length) break;
      this.replaceFirst(
        batch,
        fresh.length === 0 ? [] : [{ ...batch, hits: fresh, part: undefined }],
      );
    }
    return expired;
  }

  /** Removes all crashes, and returns them. */
  dropCrashes(): EncodedHit[] {
    const dropped = this.#crashes.splice(0).flatMap(({ hits }) => hits);
    this.#size -= dropped.length;
    return dropped;
  }

  clear(): void {
    this.#pages = [];
    this.#crashes = [];
    this.#suspects = [];
    this.#size = 0;
  }

  /** A batch that takes newer hits with it goes with the batch behind it. */
  #joinNewer(): void {
    const [batch, newer] = this.#pages;
    if (!batch?.mergesNewer || !newer) return;
    this.#pages.splice(0, 2, ...inBatches([...batch.hits, ...newer.hits], 'page'));
  }
}

/** What hits take in a store, at most. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, start, end }) => end - start + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
