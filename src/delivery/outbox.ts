import type { Hit, PendingHit } from '../hit/hit.js';
import { type Batch, type EncodedHit, inBatches, toBatches } from './batch.js';
import { HitQueue } from './hit-queue.js';

/**
 * Everything whose fate is open:
 *
 *     queue ──fill──> batches of page views, then of crashes ──> in flight
 *
 * The batch in flight stays where it is until something is decided about it.
 */
export class Outbox {
  readonly #queue = new HitQueue();
  #pages: Batch[] = [];
  /** They never delay page views: on a Matomo that cannot take them each bulk of them fails. */
  #crashes: Batch[] = [];
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

  /** Hits that are in no batch yet. */
  get queued(): number {
    return this.#queue.size;
  }

  /** End of the request that has waited longest in the queue, epoch milliseconds. */
  get oldestMillis(): number {
    return this.#queue.oldestMillis;
  }

  /** Whether page views wait that have been sent or were about to be. */
  get hasPages(): boolean {
    return this.#pages.length > 0;
  }

  /** Whether so many hits wait that may leave. */
  hasSettled(count: number, nowMillis: number): boolean {
    return this.#queue.hasSettled(count, nowMillis);
  }

  push(hit: PendingHit): void {
    this.#queue.push(hit);
  }

  /** Puts the oldest hits into batches. Those that `isFresh` turns down leave, and their number is returned. */
  fill(max: number, nowMillis: number, all: boolean, isFresh: (hit: Hit) => boolean): number {
    const hits = this.#queue.take(max, nowMillis, all);
    const fresh = hits.filter(isFresh);
    this.add(fresh);
    return hits.length - fresh.length;
  }

  /** Takes the oldest hits that may leave out of the queue, to be kept elsewhere. */
  takeQueued(max: number, nowMillis: number, all: boolean): Hit[] {
    return this.#queue.take(max, nowMillis, all);
  }

  /** Puts hits into batches at once. */
  add(hits: readonly Hit[]): void {
    this.#pages.push(...toBatches(hits, 'page'));
    this.#crashes.push(...toBatches(hits, 'crash'));
    this.#count();
  }

  /** Like `add`, of hits that are encoded; the batches have these very objects. */
  addEncoded(hits: readonly (EncodedHit & Pick<Hit, 'kind'>)[]): void {
    const ofKind = (kind: Hit['kind']) => hits.filter((hit) => hit.kind === kind);
    this.#pages.push(...inBatches(ofKind('page'), 'page'));
    this.#crashes.push(...inBatches(ofKind('crash'), 'crash'));
    this.#count();
  }

  /** The batch to be sent next. */
  first(): Batch | undefined {
    return this.#pages[0] ?? this.#crashes[0];
  }

  /** Puts what is left of the first batch in its place. */
  replaceFirst({ kind }: Batch, again: readonly Batch[]): void {
    const batches = kind === 'page' ? this.#pages : this.#crashes;
    batches.splice(0, 1, ...again);
    this.#count();
  }

  /** Lets go of all crashes, and returns them. */
  dropCrashes(): EncodedHit[] {
    const dropped = this.#crashes.flatMap(({ hits }) => hits);
    this.#crashes = [];
    this.#count();
    return dropped;
  }

  /** Lets go of everything, and returns how many hits that were. */
  clear(): number {
    const queued = this.#queue.take(Number.POSITIVE_INFINITY, 0, true).length;
    const lost = queued + this.#hitsInBatches;
    this.#pages = [];
    this.#crashes = [];
    this.#count();
    return lost;
  }

  #count(): void {
    const batches = [...this.#pages, ...this.#crashes];
    this.#hitsInBatches = sumOf(batches, ({ hits }) => hits.length);
    this.#bytesInBatches = sumOf(batches, ({ hits }) => sumOf(hits, ({ bytes }) => bytes.length));
  }
}

function sumOf<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((sum, item) => sum + size(item), 0);
}
