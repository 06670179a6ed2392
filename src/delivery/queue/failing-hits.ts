import type { Batch, Failure } from './batch.js';
import type { BatchQueue } from './batch-queue.js';

/**
 * What is sent in a mode, besides full batches and hits of the spool that have waited. Which batch is next:
 * `FailingHits`.
 */
export interface SendRule {
  /**
   * Hits that are taken from memory when an attempt begins, even if they do not fill a batch. `all`: so are hits of the spool, and hits that
   * failed alone are sent although they are not due, until an attempt fails.
   */
  readonly takes: 'none' | 'rest' | 'all';
  /** The process ends: hits that come meanwhile are left to the next mode, so that a busy server can end. */
  readonly isLast: boolean;
}

/** Why hits are sent, and which therefore are. `SendLoop` decides when an attempt in one of the first three begins. */
export const SEND_MODES = {
  /** A batch is full, or the spool has hits. */
  full: { takes: 'none', isLast: false },
  /** A hit has waited for `scheduledDelayMillis`, or is due after a failure. */
  due: { takes: 'rest', isLast: false },
  /** `flush`, or a signal. */
  flush: { takes: 'all', isLast: false },
  /** `shutdown`: hits of the spool are sent for half of the time, so that there is some for the last response. */
  shutdown: { takes: 'all', isLast: true },
  /** After a shutdown, or at the event `exit`: only `nextAtExit` takes hits and returns batches. */
  exit: { takes: 'all', isLast: true },
} as const satisfies Readonly<Record<string, SendRule>>;

export type SendMode = keyof typeof SEND_MODES;

/** From this failure in a row, a batch is halved although it did not fail before. */
const HALVED_FROM = 3;

/** A hit that failed alone is sent at most this often while others succeed. */
const ASIDE_MILLIS = 30_000;
/** It is the cause of its failures after this many proofs, the last one so long after the first. */
const PROOFS = 3;
const PROOF_MILLIS = 60_000;

/** From this failure in a row, the server is the cause. One bad hit in a bulk of 100 causes nine. */
const SERVER_FAILS_FROM = 10;

/**
 * Which batch is sent next, and what becomes of one that fails (`interpret-answer.ts` says which responses are failures). The cause may be one of
 * its hits, or the server: only if other batches succeed, it is a hit. `unsent`, `again` and so on are lists of `BatchQueue`.
 *
 * 1. A batch that fails is sent `again`, after all `unsent` ones. If it fails again, or is the third one in a row that fails, it is halved.
 * 2. Its first half is sent `first`. If that fails, it is halved in turn, down to one hit, and the other half is `likely` to succeed. If the
 *    first half succeeds, the cause is in the other one, which is halved.
 * 3. A hit that fails alone is set `aside`, and no other waits for it. It is sent directly after a success, at most every 30 s, before what is
 *    `first`; if nothing else is queued, by back-off. If the next request succeeds, too, this is a proof. Therefore the next one is `unsent`, or
 *    `likely` to succeed. One proof is not enough, because a server may fail by chance: at the third, at least a minute after the first, the hit
 *    is rejected.
 * 4. From the tenth failure in a row, or if another server answers for Matomo, the server is the cause. One hit at a time is sent, by
 *    back-off, until one is processed: one of the newest batch that is `unsent`; if none is, the hits of the other batches, one batch after the
 *    other, and last those that are `aside`.
 * 5. A batch that is too large is halved at once.
 * 6. At the end of a process, no cause is searched for: a batch that fails is sent once more in two halves.
 * 7. A batch of which Matomo says that all hits are invalid may have a rejected token: it is set `aside` as a whole, and sent directly
 *    after a success or by a flush. If it fails again, its halves are set aside.
 * 8. While the token seems to be rejected, the newest hits are sent first, because older ones may be invalid.
 */
export class FailingHits {
  /** Of the mode in which hits are sent. */
  rule: SendRule = SEND_MODES.full;
  /** If nothing else is queued, hits that are aside are sent even if they are not due. */
  sendsAside = false;
  /** The token seems to be rejected: no bulk has succeeded since. */
  isTokenRejected = false;
  readonly #queue: BatchQueue;
  readonly #waitMillis: (failures: number) => number;
  /** Since a bulk last succeeded. Hits that are aside count only while the server is the cause. */
  #failuresInARow = 0;
  /** When hits that are aside are sent although nothing else is queued, and how often that failed in a row. */
  #asideDueMillis = 0;
  #asideFailures = 0;
  /** The last request succeeded. */
  #hasSucceeded = false;
  /** The last request, if it was one hit that failed directly after a success: the next success is a proof. */
  #suspect: Batch | undefined;
  /** That hit failed alone before. It is sent only for a proof, which needs a success next. */
  #wasAside = false;

  /** `waitMillis` returns the back-off after a number of failures: of the server, or of hits that are aside. */
  constructor(queue: BatchQueue, waitMillis: (failures: number) => number) {
    this.#queue = queue;
    this.#waitMillis = waitMillis;
  }

  /** An attempt begins. */
  begin(rule: SendRule): void {
    this.rule = rule;
    this.sendsAside = rule.takes === 'all';
  }

  get isServerFailing(): boolean {
    return this.#failuresInARow >= SERVER_FAILS_FROM;
  }

  /** How long nothing is sent after the latest failure, if the server is the cause. */
  get serverWaitMillis(): number {
    return this.#waitMillis(this.#failuresInARow - SERVER_FAILS_FROM + 1);
  }

  /** Whether to take hits from memory or the spool: no batch that is unsent, full and sendable is left. */
  needsMore(withStored: boolean): boolean {
    const isFull = (batch: Batch) => !batch.isOpen && isSendable(batch, withStored);
    return this.isTokenRejected || !this.#queue.lists.unsent.some(isFull);
  }

  /** When the next batch is due, on the monotonic clock; `Infinity` if there is none. */
  dueMillis(withStored: boolean): number {
    const { aside, ...others } = this.#queue.lists;
    const lists = Object.values(this.isServerFailing ? this.#queue.lists : others);
    if (lists.some((list) => list.some((batch) => isSendable(batch, withStored))))
      return Number.NEGATIVE_INFINITY;
    const isDueAlone = (batch: Batch) => isSendable(batch, withStored) && this.#maySendAlone(batch);
    return aside.some(isDueAlone) ? this.#asideDueMillis : Number.POSITIVE_INFINITY;
  }

  /**
   * The batch to send next, if one is due. It gets no further hits. One that was never sent does not wait for those that have failed: its
   * success shows that the server works.
   */
  next(nowMillis: number, withStored: boolean): Batch | undefined {
    const { first, unsent, likely, again, aside } = this.#queue.lists;
    const maySend = (batch: Batch) => isSendable(batch, withStored);
    const mayProve = (batch: Batch) =>
      maySend(batch) && nowMillis - batch.probedMillis >= ASIDE_MILLIS;
    const isDue = (batch: Batch) =>
      maySend(batch) &&
      (this.sendsAside || (nowMillis >= this.#asideDueMillis && this.#maySendAlone(batch)));
    const canSucceed = () => unsent.find(maySend) ?? likely.find(maySend);
    const batch = this.isServerFailing
      ? this.#separateHit(maySend) // 4
      : ((this.#hasSucceeded ? aside.find(mayProve) : undefined) ?? // 3, 7
        (this.#suspect && this.#wasAside ? canSucceed() : undefined) ?? // 3
        first.find(maySend) ?? // 2
        (this.isTokenRejected ? unsent.findLast(maySend) : unsent.find(maySend)) ?? // 8, 1
        likely.find(maySend) ?? // 2
        again.find(maySend) ?? // 1
        aside.find(isDue)); // 3
    batch?.close();
    this.#queue.inFlight = batch;
    return batch;
  }

  /** One hit, because each may be one that makes the server fail. The rest of its batch is next, so that few batches are taken apart. */
  #separateHit(maySend: (batch: Batch) => boolean): Batch | undefined {
    const queue = this.#queue;
    const { first, unsent, likely, again, aside } = queue.lists;
    const batch =
      unsent.findLast(maySend) ?? [...first, ...again, ...likely, ...aside].find(maySend);
    if (!batch || batch.hits.length === 1) return batch;
    queue.takeOut(batch);
    const hit = batch.takeLast();
    queue.putFirst('again', batch);
    queue.putFirst('first', hit);
    return hit;
  }

  /** The batch was processed. Returns the hit that this proves to be the cause of that hit's failures. */
  succeeded(batch: Batch): Batch | undefined {
    const queue = this.#queue;
    const suspect = this.#suspect;
    this.remove(batch);
    this.#hasSucceeded = true;
    this.#failuresInARow = 0;
    this.#asideFailures = 0;
    this.isTokenRejected = false;
    const { other } = batch;
    if (other?.state === 'first' && queue.takeOut(other)) this.#search(other);
    if (!suspect || !addProof(suspect)) return undefined;
    return queue.takeOut(suspect) ? suspect : undefined; // it may have expired
  }

  /** The server failed to process the batch. */
  failed(batch: Batch, nowMillis: number, failure: Failure): void {
    const queue = this.#queue;
    const { state, hits } = batch;
    // What is known so far: `#takeFailed` forgets it.
    const isFirstFailure = batch.failure === undefined;
    const isSuspect = hits.length === 1 && (this.#hasSucceeded || this.#suspect === batch);
    this.#takeFailed(batch, failure);
    if (state !== 'aside' || this.isServerFailing) this.#failuresInARow += 1;
    if (state === 'aside') this.#asideFailures += 1;
    this.#asideDueMillis = nowMillis + this.#waitMillis(Math.max(1, this.#asideFailures));
    if (isSuspect) {
      this.#suspect = batch;
      this.#wasAside = state === 'aside';
      batch.probedMillis = nowMillis;
      this.#asideDueMillis = Math.max(this.#asideDueMillis, nowMillis + ASIDE_MILLIS);
    }
    // By the numbers of the rules above. At the end, what fails once more stays in the spool, or is lost.
    const isLastTry = hits.length === 1 || (state === 'first' && !isFirstFailure);
    const isTriedAgain = isFirstFailure && this.#failuresInARow < HALVED_FROM;
    if (this.rule.isLast) {
      if (!isLastTry) queue.putFirst('first', ...batch.halve()); // 6
    } else if (hits.length === 1) {
      queue.putLast('aside', batch); // 3
    } else if (state === 'aside') {
      queue.putLast('aside', ...batch.halve()); // 7
    } else if (failure.areInvalid) {
      queue.putLast('aside', batch); // 7
    } else if (isTriedAgain) {
      queue.putLast('again', batch); // 1
    } else {
      this.#search(batch); // 1, 2
    }
  }

  /** Searches for the hit that makes the batch fail, which is in a half of it. */
  #search(batch: Batch): void {
    if (batch.hits.length === 1) {
      this.#queue.putFirst('first', batch);
      return;
    }
    const [half, other] = batch.halve();
    half.other = other;
    this.#queue.putFirst('first', half, other);
  }

  /** Removes a batch that failed. The hit that is searched for is in this half, and probably not in the other one. */
  #takeFailed(batch: Batch, failure: Failure): void {
    const queue = this.#queue;
    const { other } = batch;
    this.remove(batch);
    batch.failure = failure;
    batch.other = undefined;
    if (other && queue.takeOut(other)) queue.putLast('likely', other);
  }

  /** The server has not looked at the batch: it stays where it is. */
  postponed(): void {
    this.#queue.inFlight = undefined;
    this.#hasSucceeded = false;
    this.#suspect = undefined;
  }

  /** The server is the cause, not a hit. */
  serverFails(): void {
    this.#failuresInARow = Math.max(this.#failuresInARow, SERVER_FAILS_FROM);
  }

  /** The token seems to be rejected: others are sent before the batch. */
  tokenRejected(batch: Batch, failure: Failure): void {
    const isAside = batch.state === 'aside' || failure.areInvalid;
    this.#takeFailed(batch, failure);
    this.isTokenRejected = true;
    this.#queue.putLast(isAside ? 'aside' : 'again', batch);
  }

  /** The batch was too large: its halves are sent before anything else, because others may be too large, too. */
  split(batch: Batch): void {
    this.remove(batch);
    this.#queue.putFirst('first', ...batch.halve());
  }

  /** Removes a batch whose hits are counted, or sent otherwise. */
  remove(batch: Batch): void {
    this.postponed();
    this.#queue.takeOut(batch);
  }

  /** Whether to send what is aside although nothing else is queued. Invalid hits look like a rejected token. */
  #maySendAlone({ failure }: Batch): boolean {
    return failure?.areInvalid !== true || this.isTokenRejected;
  }
}

/** Adds a proof that a hit is the cause of its failures. Returns whether it is the last one that is needed. */
function addProof({ provenMillis, probedMillis }: Batch): boolean {
  provenMillis.push(probedMillis);
  const [firstMillis = probedMillis] = provenMillis;
  return provenMillis.length >= PROOFS && probedMillis - firstMillis >= PROOF_MILLIS;
}

function isSendable({ isStored }: Batch, withStored: boolean): boolean {
  return withStored || !isStored;
}
