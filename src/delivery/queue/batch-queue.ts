import type { Hit, HitKind } from '../../hit/hit.js';
import { Batch, type Failure } from './batch.js';
import { causeOf, countOfServer, placeAfterFailure } from './cause-of-failures.js';
import { Proofs } from './proofs.js';

/** A hit that failed alone is tried at most this often while others succeed. */
const ASIDE_MILLIS = 30_000;

/** Upper bound of what a hit takes in a spool besides its bytes and its visitor. */
const OBJECT_BYTES = 100;

interface NextOptions {
  readonly nowMillis: number;
  /** Hits in the spool may be sent. */
  readonly withStored: boolean;
  /** If nothing else is queued, tries a hit that failed alone although it is not due. */
  readonly isForced: boolean;
}

/**
 * Batches in the order in which they are sent, and the rule for those that fail. A bulk may fail because of one hit, or because of
 * the server. Only if other bulks succeed, a hit is the cause:
 *
 *     add ──> [ next … last ] ──> in flight ──> succeeds
 *              ▲   ▲     ▲             │ fails
 *              │   │     └── first ────┤
 *              │   └── again: halves ──┤
 *              └── in a row: its half ─┤
 *     aside: a hit that fails alone  <─┘ ──> tried after successes, until `Proofs` knows that it is the cause
 *
 * `placeAfterFailure` decides which of these. If the server is the cause, one hit at a time is tried until it is processed.
 */
export class BatchQueue {
  /** Hits sent again after a response that does not prove that nothing was stored. */
  resent = 0;
  /** At the end of a process: a batch that fails is tried once more in two halves. */
  isLast = false;
  /** The token seems to be rejected: no bulk has succeeded since. The newest hits are tried, because the older ones may be invalid. */
  isRefused = false;
  /** What `next` has returned. It stays in the queue until a method gets its result. */
  inFlight: Batch | undefined;
  /** Those that are aside, too: the one that was tried last is last. */
  #batches: Batch[] = [];
  readonly #lastHalves = new WeakSet<Batch>();
  readonly #max: number;
  readonly #waitMillis: (failures: number) => number;
  readonly #proofs = new Proofs();
  #successes = 0;
  /** Since a bulk last succeeded, except of batches that were aside. */
  #failuresInARow = 0;
  /** When a hit that failed alone is tried although nothing else is queued, and how often that failed in a row. */
  #asideMillis = 0;
  #asideFailures = 0;

  /** A batch has at most `max` hits. `waitMillis` returns the wait after a number of failures while nothing else is queued. */
  constructor(max: number, waitMillis: (failures: number) => number) {
    this.#max = max;
    this.#waitMillis = waitMillis;
  }

  /** Number of hits from memory. */
  get size(): number {
    return this.#count(({ isStored }) => !isStored);
  }

  /** Number of all hits. */
  get total(): number {
    return this.#count(() => true);
  }

  /** Number of hits that failed, alone or with others. */
  get failedTotal(): number {
    return this.#count(({ failedAttempts }) => failedAttempts > 0);
  }

  /** The part of them from memory. */
  get failedInMemory(): number {
    return this.#count(({ failedAttempts, isStored }) => failedAttempts > 0 && !isStored);
  }

  /** Number of hits that failed alone. */
  get setAside(): number {
    return this.#count(({ hits, failedAttempts }) => hits.length === 1 && failedAttempts > 0);
  }

  #count(isCounted: (batch: Batch) => boolean): number {
    return this.#batches.reduce(
      (sum, batch) => sum + (isCounted(batch) ? batch.hits.length : 0),
      0,
    );
  }

  /** Start of the oldest request, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    return this.#batches.reduce(
      (oldest, batch) => Math.min(oldest, batch.oldestSeconds),
      Number.POSITIVE_INFINITY,
    );
  }

  /** How many bulks failed in a row because of the server. */
  get serverFailures(): number {
    return countOfServer(this.#failuresInARow);
  }

  get isServerFailing(): boolean {
    return this.serverFailures > 0;
  }

  /** Whether to take hits from memory or the spool: all that is queued and may be sent has failed, is sent last, or has room. */
  needsMore(withStored: boolean): boolean {
    if (this.isRefused) return true;
    return !this.#batches.some(
      (batch) =>
        (withStored || !batch.isStored) &&
        batch.kind !== 'crash' &&
        !batch.isOpen &&
        batch.failedAttempts === 0,
    );
  }

  /** When the next batch is due, on the monotonic clock; `Infinity` if there is none. */
  dueMillis(withStored: boolean): number {
    const batches = this.#batches.filter((batch) => withStored || !batch.isStored);
    if (batches.some(({ isAside }) => this.isServerFailing || !isAside))
      return Number.NEGATIVE_INFINITY;
    const mayTry = batches.some((batch) => this.#mayTry(batch));
    return mayTry ? this.#asideMillis : Number.POSITIVE_INFINITY;
  }

  /** Adds hits in batches; those from memory also to batches that have room. The batches contain the same objects. */
  add(hits: readonly Hit[], isStored: boolean): void {
    let batch: Batch | undefined;
    for (const hit of hits) {
      if (batch?.kind !== hit.kind || !batch.isOpen) batch = this.#openBatch(hit.kind, isStored);
      if (batch.add(hit, this.#max)) continue;
      batch = this.#openBatch(hit.kind, isStored);
      batch.add(hit, this.#max);
    }
    if (isStored) for (const added of this.#batches) if (added.isStored) added.close();
  }

  #openBatch(kind: HitKind, isStored: boolean): Batch {
    const isFitting = (batch: Batch) =>
      batch.isOpen && batch.kind === kind && batch.isStored === isStored;
    const open = this.#batches.find(isFitting);
    if (open) return open;
    const batch = new Batch(kind, isStored);
    this.#batches.push(batch);
    return batch;
  }

  /** The batch to send next, if one is due. It gets no further hits. */
  next(options: NextOptions): Batch | undefined {
    this.inFlight = this.#choose(options);
    this.inFlight?.close();
    return this.inFlight;
  }

  /**
   * A new batch, which was never sent, does not wait for those that have failed: its success shows that the server works.
   *
   * | the case                                  | the next batch                                         |
   * |-------------------------------------------|--------------------------------------------------------|
   * | a bulk was too large                      | its halves                                             |
   * | a success was the last, and one is aside  | that one, every 30 s: the next success may be a proof  |
   * | the server is failing                     | one hit                                                |
   * | the token seems to be rejected            | the newest new one, else others in turn                |
   * | nothing has failed since a success        | the oldest new one                                     |
   * | otherwise                                 | one that has not failed since, in halves if many have  |
   */
  #choose({ nowMillis, withStored, isForced }: NextOptions): Batch | undefined {
    const sendable = this.#batches.filter((batch) => withStored || !batch.isStored);
    const half = sendable.find(({ isNext }) => isNext);
    if (half) return half;
    const aside = sendable.filter(({ isAside }) => isAside);
    const isAgain = (batch: Batch) => nowMillis - batch.probedMillis >= ASIDE_MILLIS;
    const again = this.#proofs.isAfterSuccess ? aside.find(isAgain) : undefined;
    if (again) return again;
    const batches = sendable.filter(({ isAside }) => !isAside);
    const fresh = batches.filter(
      ({ kind, failedAttempts }) => kind !== 'crash' && failedAttempts === 0,
    );
    const cause = causeOf(this.#failuresInARow);
    if (cause === 'server') return this.#probe(fresh, sendable);
    const isDue = nowMillis >= this.#asideMillis;
    const dueAside = aside.filter((batch) => isForced || (isDue && this.#mayTry(batch)));
    const untried = this.#untriedOf(batches);
    if (this.isRefused) return fresh.at(-1) ?? untried ?? leastFailed([...batches, ...dueAside]);
    if (this.#failuresInARow === 0 && fresh[0]) return fresh[0];
    const batch = untried ?? firstOf(batches);
    if (!batch) return dueAside[0];
    return cause === 'hit' ? this.#halfOf(batch) : batch;
  }

  /** One that has not failed since a success. After a suspect, that is one that probably succeeds, which is a proof; otherwise, those are kept. */
  #untriedOf(batches: readonly Batch[]): Batch | undefined {
    const untried = batches.filter(
      ({ failedAfter }) => failedAfter === undefined || failedAfter < this.#successes,
    );
    const { hasSuspect } = this.#proofs;
    const fitting = untried.filter(({ isProbablyGood }) => isProbablyGood === hasSuspect);
    return firstOf(fitting) ?? firstOf(untried);
  }

  /** The batch was processed. Returns the hit that this proves to be the cause of its failures. */
  succeeded(batch: Batch): Batch | undefined {
    this.inFlight = undefined;
    this.#takeOut(batch);
    this.#failuresInARow = 0;
    this.isRefused = false;
    this.#asideFailures = 0;
    this.#successes += 1;
    this.#halveSibling(batch);
    const cause = this.#proofs.addSuccess();
    if (!cause || !this.#batches.includes(cause)) return undefined; // it may have expired
    this.#takeOut(cause);
    return cause;
  }

  /** The server failed to process the batch. */
  failed(batch: Batch, nowMillis: number, failure: Failure): void {
    const cause = causeOf(this.#failuresInARow);
    const isSuspect = this.#proofs.addFailure(batch, nowMillis);
    this.inFlight = undefined;
    this.#takeOut(batch);
    if (!batch.isAside || cause === 'server') this.#failuresInARow += 1;
    if (batch.isAside) this.#asideFailures += 1;
    const waitMillis = this.#waitMillis(Math.max(1, this.#asideFailures));
    this.#asideMillis = nowMillis + (isSuspect ? Math.max(ASIDE_MILLIS, waitMillis) : waitMillis);
    this.#markFailed(batch, failure);
    if (batch.sibling) batch.sibling.isProbablyGood = true;
    if (this.isLast) {
      this.#tryOnceMore(batch);
      return;
    }
    const place = placeAfterFailure(batch, failure, cause);
    if (place === 'first') {
      this.#putFirst(batch);
      return;
    }
    const parts = place === 'halves' ? batch.halve() : [batch];
    for (const part of parts) part.isAside = batch.isAside || place === 'aside';
    this.#batches.push(...parts);
  }

  /** The server has not looked at the batch: it stays where it is. */
  postponed(): void {
    this.inFlight = undefined;
    this.#proofs.reset();
  }

  /** The token seems to be rejected: others are sent before the batch. */
  refused(batch: Batch, failure: Failure): void {
    this.remove(batch);
    this.isRefused = true;
    this.#markFailed(batch, failure);
    batch.isAside ||= failure.areInvalid;
    this.#batches.push(batch);
  }

  #markFailed(batch: Batch, failure: Failure): void {
    batch.failedAttempts += 1;
    batch.failedAfter = this.#successes;
    batch.isNext = false;
    batch.failure = failure;
  }

  /** The batch was too large: its halves are sent before anything else. */
  split(batch: Batch): void {
    const halves = batch.halve();
    this.remove(batch);
    for (const half of halves) half.isNext = true;
    this.#batches.unshift(...halves);
  }

  /** Removes a batch whose hits are counted, or sent otherwise. */
  remove(batch: Batch): void {
    this.postponed();
    this.#takeOut(batch);
  }

  /** Removes and returns hits that are not in flight. */
  dropHits(isDropped: (hit: Hit) => boolean): readonly HitsOfBatch[] {
    const all: HitsOfBatch[] = [];
    for (const batch of [...this.#batches]) {
      const hits = batch === this.inFlight ? [] : batch.hits.filter(isDropped);
      if (hits.length === 0) continue;
      const dropped = new Set(hits);
      batch.setHits(batch.hits.filter((hit) => !dropped.has(hit)));
      if (batch.hits.length === 0) this.#takeOut(batch);
      all.push({ isStored: batch.isStored, hits });
    }
    return all;
  }

  /** Removes the oldest batch from memory that is not in flight, to store its hits. Returns none if they take more than `mostBytes`. */
  takeBatch(mostBytes: number): readonly Hit[] {
    const inMemory = this.#batches.filter((batch) => !batch.isStored && batch !== this.inFlight);
    const batch = firstOf(inMemory);
    if (!batch || storedBytes(batch) > mostBytes) return [];
    this.#takeOut(batch);
    if (batch.mayBeStored) this.resent += batch.hits.length; // the spool does not know that
    return batch.hits;
  }

  /** Forgets all hits of the spool. */
  forgetStored(): void {
    this.#batches = this.#batches.filter(({ isStored }) => !isStored);
  }

  clear(): void {
    this.#batches = [];
  }

  /** Whether to try a hit that failed alone although nothing else is queued. An invalid one looks like a rejected token. */
  #mayTry({ failure }: Batch): boolean {
    return failure?.areInvalid !== true || this.isRefused;
  }

  /** One hit, because each may be one that makes the server fail: one that was never sent if there is any. */
  #probe(fresh: readonly Batch[], batches: readonly Batch[]): Batch | undefined {
    const several = batches.filter(({ hits }) => hits.length > 1);
    const smallest = several.sort((a, b) => a.hits.length - b.hits.length)[0];
    const batch = fresh.at(-1) ?? smallest ?? leastFailed(batches);
    if (!batch || batch.hits.length === 1) return batch;
    const probe = batch.takeNewest();
    this.#batches.unshift(probe);
    return probe;
  }

  /** Halves a batch, of which the second half is sent last. Returns the first one, or a batch that is not halved. */
  #halfOf(batch: Batch): Batch {
    if (batch.hits.length === 1 || this.isLast) return batch;
    const [first, second] = batch.halve();
    this.#takeOut(batch);
    this.#batches.unshift(first);
    this.#batches.push(second);
    return first;
  }

  /** A half of a batch that failed has succeeded: the cause is in the other one, which is not sent as it is. */
  #halveSibling({ sibling }: Batch): void {
    if (!sibling || sibling.isAside || !this.#batches.includes(sibling)) return;
    if (sibling.hits.length === 1) return;
    this.#takeOut(sibling);
    this.#batches.push(...sibling.halve());
  }

  #putFirst(batch: Batch): void {
    batch.failedAfter = undefined;
    this.#batches.unshift(batch);
  }

  /** Unless it is one of these halves: then its hits stay in the spool, or are lost. */
  #tryOnceMore(batch: Batch): void {
    if (batch.hits.length === 1 || this.#lastHalves.has(batch)) return;
    const halves = batch.halve();
    for (const half of halves) this.#lastHalves.add(half);
    this.#batches.unshift(...halves);
  }

  #takeOut(batch: Batch): void {
    this.#batches = this.#batches.filter((other) => other !== batch);
  }
}

/** Hits from one place. */
export type HitsOfBatch = Pick<Batch, 'isStored' | 'hits'>;

/** Crashes are sent last, so that they never delay others: a Matomo without CrashAnalytics rejects each bulk of them. */
function firstOf(batches: readonly Batch[]): Batch | undefined {
  return batches.find(({ kind }) => kind !== 'crash') ?? batches[0];
}

function leastFailed(batches: readonly Batch[]): Batch | undefined {
  return [...batches].sort((a, b) => a.failedAttempts - b.failedAttempts)[0];
}

/** Upper bound of the bytes that hits take in a spool. */
function storedBytes({ hits }: Batch): number {
  const sizes = hits.map(({ visitor, query }) => query.length + 3 * visitor.length);
  return sizes.reduce((sum, size) => sum + size + OBJECT_BYTES, 0);
}
