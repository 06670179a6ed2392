import { type Batch, inBatches } from './batch.js';
import { type BulkKind, byVisitorThenTime, type EncodedHit, groupByKind } from './encode-hits.js';

/** Upper bound of what a hit takes in a spool besides its bytes and its visitor. */
const OBJECT_BYTES = 100;

/** Kinds that alternate, so that neither delays the other. */
type TurnKind = Exclude<BulkKind, 'crash'>;
const OTHER: Readonly<Record<TurnKind, TurnKind>> = { page: 'chatbot', chatbot: 'page' };

/** While the queued hits fail, hits are taken from memory or the spool to find some that succeed, until this many batches are queued. */
const MAX_FAILING = 100;

/**
 * The batches of the sender, in the order in which they are sent:
 *
 *     page views and AI chatbots, alternating ──────────┐
 *     crashes, if there are none of those ──────────────┼──> in flight
 *     hits that failed alone, if nothing else is left ──┘
 *
 * The batch in flight stays in the queue until its outcome is known.
 */
export class BatchQueue {
  /** Crashes are sent last, so that they never delay others: a Matomo without CrashAnalytics rejects each bulk of them. */
  readonly #batches: Readonly<Record<BulkKind, Batch[]>> = { page: [], chatbot: [], crash: [] };
  /** Batches of one hit that failed alone. Such a batch is sent again after another bulk was decided, or if nothing else is left. */
  #alone: (Batch & { readonly kind: TurnKind })[] = [];
  readonly #seen = new Set<BulkKind>();
  readonly #max: number;
  #turn: TurnKind = 'page';
  #size = 0;

  /** A batch has at most `max` hits. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Number of hits in batches. */
  get size(): number {
    return this.#size;
  }

  /** Number of hits that failed alone and are sent again after another bulk was decided. */
  get retriedAlone(): number {
    return this.#alone.reduce((sum, { hits }) => sum + hits.length, 0);
  }

  /** Start of the oldest request, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const batches of [...Object.values(this.#batches), this.#alone])
      for (const batch of batches) oldest = Math.min(oldest, startOf(batch));
    return oldest;
  }

  /** Whether to take hits from memory or the spool: the queue is empty, only newer hits may succeed, or only the other kind may. */
  get takesMore(): boolean {
    const kind = this.#nextKind;
    if (kind === undefined) return true;
    const batches = this.#batches[kind];
    if (batches.length >= MAX_FAILING) return false;
    if (!batches.some(isNewer)) return true;
    const isOtherMissing = this.#seen.has(OTHER[kind]) && this.#batches[OTHER[kind]].length === 0;
    return isOtherMissing && batches[0]?.failedAs !== undefined;
  }

  /** Removes batches that Matomo rejected, if there are too many of them to take more. Returns whether there were. */
  skipRejected(): boolean {
    const kind = this.#nextKind;
    if (kind === undefined) return false;
    const batches = this.#batches[kind];
    if (batches.length < MAX_FAILING || batches.some(isNewer)) return false;
    this.#size -= batches.splice(0).reduce((sum, { hits }) => sum + hits.length, 0);
    return true;
  }

  /** Adds hits in batches. The batches contain the same objects. */
  add(hits: readonly EncodedHit[]): void {
    for (const [kind, ofKind] of groupByKind(hits, (hit) => hit.kind)) {
      this.#batches[kind].push(...inBatches(ofKind, kind, this.#max));
      this.#seen.add(kind);
    }
    this.#size += hits.length;
  }

  /** Removes the oldest batch that is not in flight, to store its hits. Returns none if they take more than `mostBytes`. */
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

  /** The batch to send next. Until that is replaced or hits are added, further calls return the same one. */
  first(): Batch | undefined {
    const { crash } = this.#batches;
    if (this.#nextKind === undefined && crash.length === 0) this.#restoreAlone(1);
    const kind = this.#nextKind;
    if (kind === undefined) return crash[0];
    this.#preferNewer(kind);
    return this.#batches[kind][0];
  }

  /**
   * Replaces the first batch by what is left of it. With `staysFirst`, that is sent before all others. Otherwise the other kind is next,
   * and a batch that merges newer hits is sent after the others of its kind: its hits may all be invalid.
   */
  replaceFirst({ kind, hits }: Batch, again: readonly Batch[], staysFirst = false): void {
    const batches = this.#batches[kind];
    const left = again.reduce((sum, batch) => sum + batch.hits.length, 0);
    const isLast = ({ mergesNewer }: Batch) => mergesNewer && !staysFirst;
    const open = again.filter((batch) => !isRetriedAlone(batch));
    const [replaced] = batches.splice(0, 1, ...open.filter((batch) => !isLast(batch)));
    batches.push(...open.filter(isLast).map((batch) => this.#withParts(batch)));
    this.#size += left - (replaced?.hits.length ?? 0);
    if (left < hits.length) this.#restoreAlone();
    this.#alone.push(...again.filter(isRetriedAlone));
    if (kind !== 'crash') this.#turn = staysFirst ? kind : OTHER[kind];
  }

  /** Removes and returns hits that are too old, from the batches that would be sent next. */
  expire(isFresh: (hit: EncodedHit) => boolean): EncodedHit[] {
    const expired: EncodedHit[] = [];
    for (let batch = this.first(); batch; batch = this.first()) {
      if (batch.hits.every(isFresh)) break;
      this.replaceFirst(batch, splitExpired(batch, isFresh, expired), true);
    }
    return expired;
  }

  /** Removes and returns hits that are too old, from all batches. No batch may be in flight. */
  expireAll(isFresh: (hit: EncodedHit) => boolean): EncodedHit[] {
    const expired: EncodedHit[] = [];
    for (const batches of Object.values(this.#batches)) {
      batches.splice(
        0,
        batches.length,
        ...batches.flatMap((batch) => splitExpired(batch, isFresh, expired)),
      );
    }
    this.#size -= expired.length;
    this.#alone = this.#alone.flatMap((batch) => splitExpired(batch, isFresh, expired));
    return expired;
  }

  /** Removes and returns all crashes. */
  dropCrashes(): EncodedHit[] {
    const dropped = this.#batches.crash.splice(0).flatMap(({ hits }) => hits);
    this.#size -= dropped.length;
    return dropped;
  }

  clear(): void {
    for (const batches of Object.values(this.#batches)) batches.length = 0;
    this.#alone = [];
    this.#size = 0;
  }

  /** The kind to send next, of those that have a batch. */
  get #nextKind(): TurnKind | undefined {
    return [this.#turn, OTHER[this.#turn]].find((kind) => this.#batches[kind].length > 0);
  }

  #restoreAlone(count = Number.POSITIVE_INFINITY): void {
    const restored = this.#alone.splice(0, count);
    for (const batch of restored.reverse()) this.#batches[batch.kind].unshift(batch);
  }

  /** Joins a batch with the other parts of its bulk, which would be rejected one by one, each after a long wait. */
  #withParts(batch: Batch): Batch {
    const batches = this.#batches[batch.kind];
    const parts = [batch];
    for (let next = batches[0]; next?.isRejected && !next.mergesNewer; next = batches[0]) {
      if (!mayJoin([...parts, next])) break;
      parts.push(next);
      batches.shift();
    }
    const hits = parts.flatMap((part) => part.hits);
    return parts.length === 1 ? batch : { ...batch, hits: hits.sort(byVisitorThenTime) };
  }

  /** If the first batch merges newer hits, joins it with the next one. If a bulk has no room for both, newer batches go first. */
  #preferNewer(kind: TurnKind): void {
    const batches = this.#batches[kind];
    const [batch, next] = batches;
    if (!batch?.mergesNewer || !next) return;
    const joined = inBatches([...batch.hits, ...next.hits], kind, this.#max);
    if (joined.length === 1 && mayJoin([batch, next])) batches.splice(0, 2, ...joined);
    else batches.push(...batches.splice(0, Math.max(0, batches.findIndex(isNewer))));
  }
}

/** What is left of a batch without hits that are too old, which are added to `expired`. */
function splitExpired<B extends Batch>(
  batch: B,
  isFresh: (hit: EncodedHit) => boolean,
  expired: EncodedHit[],
): B[] {
  if (batch.hits.every(isFresh)) return [batch];
  const fresh: EncodedHit[] = [];
  for (const hit of batch.hits) (isFresh(hit) ? fresh : expired).push(hit);
  return fresh.length === 0 ? [] : [{ ...batch, hits: fresh, part: undefined }];
}

/** Whether a bulk of all these hits may be small enough. */
function mayJoin(batches: readonly Batch[]): boolean {
  const hits = batches.reduce((sum, batch) => sum + batch.hits.length, 0);
  return batches.every(({ joinedBelow }) => hits < joinedBelow);
}

/** Whether Matomo has not rejected all hits of the batch. */
function isNewer({ mergesNewer }: Batch): boolean {
  return !mergesNewer;
}

function isRetriedAlone(batch: Batch): batch is Batch & { readonly kind: TurnKind } {
  return batch.waitsForOthers && batch.kind !== 'crash';
}

/** Start of its oldest request. */
function startOf({ hits }: Batch): number {
  return hits.reduce(
    (oldest, { startSeconds }) => Math.min(oldest, startSeconds),
    Number.POSITIVE_INFINITY,
  );
}

/** Upper bound of the bytes that hits take in a spool. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, start, end }) => end - start + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
