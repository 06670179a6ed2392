import { type Batch, type EncodedHit, inBatches } from './batch.js';
import { type BulkKind, groupByKind } from './bulk-kind.js';

/** What a hit takes in a store besides its bytes and its visitor, at most. */
const OBJECT_BYTES = 100;

/** Kinds that take turns, so that neither waits for the other. */
type TurnKind = Exclude<BulkKind, 'crash'>;
const OTHER: Readonly<Record<TurnKind, TurnKind>> = { page: 'chatbot', chatbot: 'page' };

/** Batches of a kind that fails, from which on no more hits are taken for the sake of the other kind. */
const MAX_FAILING = 100;

/**
 * What the sender has, in the order in which it is sent:
 *
 *     batches of page views and of AI chatbots, in turn ─┐
 *     crashes, if there is none of those ────────────────┼──> in flight
 *     hits that failed alone, if nothing else is left ───┘
 *
 * The batch in flight stays where it is until something is decided about it.
 */
export class BatchQueue {
  /** Crashes never delay others: on a Matomo that cannot take them each bulk of them fails. */
  readonly #batches: Readonly<Record<BulkKind, Batch[]>> = { page: [], chatbot: [], crash: [] };
  /** Batches that wait for others: tried again after something was decided, or if nothing else is left. */
  #suspects: (Batch & { readonly kind: TurnKind })[] = [];
  readonly #seen = new Set<BulkKind>();
  readonly #max: number;
  #turn: TurnKind = 'page';
  #size = 0;

  /** A batch that is added has `max` hits at most. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Hits in batches. */
  get size(): number {
    return this.#size;
  }

  /** Hits that failed alone and wait until something else is decided. */
  get suspects(): number {
    return this.#suspects.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Whether the next attempt needs hits from elsewhere: none waits, they are to go with it, or one kind fails and only the other may be stored. */
  get takesMore(): boolean {
    const kind = this.#nextKind;
    if (kind === undefined) return true;
    const [batch, newer] = this.#batches[kind];
    if (batch?.mergesNewer && !newer) return true;
    const isOtherMissing = this.#seen.has(OTHER[kind]) && this.#batches[OTHER[kind]].length === 0;
    const hasFailed = batch?.failedAs !== undefined;
    return hasFailed && isOtherMissing && this.#batches[kind].length < MAX_FAILING;
  }

  /** Puts hits into batches; the batches have these very objects. */
  add(hits: readonly EncodedHit[]): void {
    for (const [kind, ofKind] of groupByKind(hits, (hit) => hit.kind)) {
      this.#batches[kind].push(...inBatches(ofKind, kind, this.#max));
      this.#seen.add(kind);
    }
    this.#size += hits.length;
  }

  /** Takes the hits of the oldest batch that is not in flight, to be given back; none if they need more bytes in a store. */
  takeBatch(inFlight: Batch | undefined, mostBytes: number): readonly EncodedHit[] {
    const { page, chatbot, crash } = this.#batches;
    const next = (batches: readonly Batch[]) => batches.find((batch) => batch !== inFlight);
    const [first, other] = [next(page), next(chatbot)];
    const oldest = first && other && startOf(other) < startOf(first) ? other : (first ?? other);
    const batch = oldest ?? next(crash);
    if (!batch || storedBytes(batch) > mostBytes) return [];
    const batches = this.#batches[batch.kind];
    batches.splice(batches.indexOf(batch), 1);
    this.#size -= batch.hits.length;
    return batch.hits;
  }

  /** The batch to be sent next. */
  first(): Batch | undefined {
    const { crash } = this.#batches;
    if (this.#nextKind === undefined && crash.length === 0) this.#restoreSuspects(1);
    const kind = this.#nextKind;
    if (kind === undefined) return crash[0];
    this.#joinNewer(kind);
    return this.#batches[kind][0];
  }

  /** Puts what is left of the first batch in its place. With `staysFirst` it is sent before others still. */
  replaceFirst({ kind, hits }: Batch, again: readonly Batch[], staysFirst = false): void {
    const batches = this.#batches[kind];
    const left = again.reduce((sum, batch) => sum + batch.hits.length, 0);
    const [replaced] = batches.splice(0, 1, ...again.filter((batch) => !isSuspect(batch)));
    this.#size += left - (replaced?.hits.length ?? 0);
    if (left < hits.length) this.#restoreSuspects();
    this.#suspects.push(...again.filter(isSuspect));
    if (kind !== 'crash' && !staysFirst) this.#turn = OTHER[kind];
  }

  /** Removes hits that have become too old for the batch to be sent next, and returns them. */
  expire(isFresh: (hit: EncodedHit) => boolean): EncodedHit[] {
    const expired: EncodedHit[] = [];
    for (let batch = this.first(); batch; batch = this.first()) {
      const fresh: EncodedHit[] = [];
      for (const hit of batch.hits) (isFresh(hit) ? fresh : expired).push(hit);
      if (fresh.length === batch.hits.length) break;
      const left = fresh.length === 0 ? [] : [{ ...batch, hits: fresh, part: undefined }];
      this.replaceFirst(batch, left, true);
    }
    return expired;
  }

  /** Removes all crashes, and returns them. */
  dropCrashes(): EncodedHit[] {
    const dropped = this.#batches.crash.splice(0).flatMap(({ hits }) => hits);
    this.#size -= dropped.length;
    return dropped;
  }

  clear(): void {
    for (const batches of Object.values(this.#batches)) batches.length = 0;
    this.#suspects = [];
    this.#size = 0;
  }

  /** Whose turn it is of those that have a batch. */
  get #nextKind(): TurnKind | undefined {
    return [this.#turn, OTHER[this.#turn]].find((kind) => this.#batches[kind].length > 0);
  }

  #restoreSuspects(count = Number.POSITIVE_INFINITY): void {
    const restored = this.#suspects.splice(0, count);
    for (const batch of restored.reverse()) this.#batches[batch.kind].unshift(batch);
  }

  /** A batch that takes newer hits with it goes with the batch behind it. */
  #joinNewer(kind: TurnKind): void {
    const batches = this.#batches[kind];
    const [batch, newer] = batches;
    if (!batch?.mergesNewer || !newer) return;
    batches.splice(0, 2, ...inBatches([...batch.hits, ...newer.hits], kind));
  }
}

function isSuspect(batch: Batch): batch is Batch & { readonly kind: TurnKind } {
  return batch.waitsForOthers && batch.kind !== 'crash';
}

/** When the oldest of its requests began. */
function startOf({ hits }: Batch): number {
  return hits.reduce(
    (oldest, { startSeconds }) => Math.min(oldest, startSeconds),
    Number.POSITIVE_INFINITY,
  );
}

/** What hits take in a store, at most. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, start, end }) => end - start + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
