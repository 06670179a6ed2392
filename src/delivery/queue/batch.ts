import type { MessageCode } from '../../common/messages.js';
import type { Hit, HitKind } from '../../hit/hit.js';

/** A reason for the log, and the code that explains it. */
export interface Reason {
  readonly code: MessageCode;
  readonly reason: string;
}

/** Why a bulk failed. `areInvalid`: Matomo answered that all of its hits are invalid. */
export interface Failure {
  readonly reason: Reason;
  readonly areInvalid: boolean;
}

/**
 * In which list of the queue a batch is:
 *
 * - `first`: a part of one that failed or was too large, or that is taken apart while the server fails
 * - `unsent`: never sent
 * - `likely`: a half that probably succeeds, because the other one failed
 * - `again`: failed, or is the rest of one that is taken apart
 * - `aside`: one hit that failed alone, or hits that Matomo rejected as invalid
 */
export type BatchState = 'first' | 'unsent' | 'likely' | 'again' | 'aside';

/** Separates two hits in a body. */
const SEPARATOR = '","';

/** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

/** Hits that are sent together: of one kind and from one place. */
export class Batch {
  readonly kind: HitKind;
  /** In the order in which Matomo should process them, once the batch is closed. */
  hits: Hit[] = [];
  /** Start of the oldest request, in epoch seconds. Stored, because a backlog has thousands of batches. */
  oldestSeconds = Number.POSITIVE_INFINITY;
  /** The hits are in the spool. */
  readonly isStored: boolean;
  /** Takes further hits until it is full or sent. */
  isOpen = true;
  state: BatchState = 'unsent';
  /** When it last failed directly after a success, on the monotonic clock. */
  probedMillis = Number.NEGATIVE_INFINITY;
  /** When it failed alone directly after and before successes. */
  readonly provenMillis: number[] = [];
  /** Its hits count as resent if they are sent again: the last response did not prove that nothing was stored. */
  mayBeStored = false;
  /** The other half of a batch that failed, until this one fails, too. */
  other: Batch | undefined;
  /** Why it last failed. */
  failure: Failure | undefined;

  #bytes = 0;

  constructor(kind: HitKind, isStored: boolean) {
    this.kind = kind;
    this.isStored = isStored;
  }

  /** Adds a hit, unless the batch is closed or would have too many bytes. Returns `false` if it is not added. A full batch is closed. */
  add(hit: Hit, max: number): boolean {
    if (!this.isOpen) return false;
    const bytes = this.#bytes + hit.query.length + SEPARATOR.length;
    const hasRoom = this.hits.length === 0 || bytes <= MAX_BODY_BYTES;
    if (hasRoom) {
      this.hits.push(hit);
      this.oldestSeconds = Math.min(this.oldestSeconds, hit.startSeconds);
      this.#bytes = bytes;
    }
    if (!hasRoom || this.hits.length >= max) this.close();
    return hasRoom;
  }

  /**
   * The batch takes no further hits, which are ordered by visitor, then time: any other order can deadlock Matomo's database, and
   * Matomo builds visits from hits in the order of their times.
   */
  close(): void {
    if (this.isOpen) this.hits = inOrder(this.hits);
    this.isOpen = false;
  }

  /** Both halves of a closed batch with at least two hits. */
  halve(): [Batch, Batch] {
    const middle = middleOf(this.hits);
    return [this.#part(this.hits.slice(0, middle)), this.#part(this.hits.slice(middle))];
  }

  /** Removes the last hit from a closed batch, as another batch. */
  takeLast(): Batch {
    const last = this.#part(this.hits.slice(-1));
    this.setHits(this.hits.slice(0, -1));
    return last;
  }

  /** Replaces the hits by some of them. */
  setHits(hits: Hit[]): void {
    this.hits = hits;
    this.oldestSeconds = Math.min(...hits.map(({ startSeconds }) => startSeconds));
  }

  #part(hits: Hit[]): Batch {
    const batch = new Batch(this.kind, this.isStored);
    batch.setHits(hits);
    batch.isOpen = false;
    batch.failure = this.failure;
    batch.mayBeStored = this.mayBeStored;
    return batch;
  }
}

/** How many characters of a visitor are compared as a number, which leaves room for the index of a hit. */
const CHARACTERS = 4;
const MAX_HITS = 2 ** 21;

/** Sorts by the beginnings of visitors first, because to compare numbers takes half of the time: 2 % of a delivered hit. */
function inOrder(hits: readonly Hit[]): Hit[] {
  const keys = new Float64Array(hits.length);
  for (let i = 0; i < hits.length; i++)
    keys[i] = beginningOf((hits[i] as Hit).visitor) * MAX_HITS + i;
  keys.sort();
  const ordered: Hit[] = [];
  for (const key of keys) ordered.push(hits[key % MAX_HITS] as Hit);
  return areInOrder(ordered) ? ordered : ordered.sort(byVisitorThenTime);
}

function areInOrder(hits: readonly Hit[]): boolean {
  for (let i = 1; i < hits.length; i++)
    if (byVisitorThenTime(hits[i - 1] as Hit, hits[i] as Hit) > 0) return false;
  return true;
}

function beginningOf(visitor: string): number {
  let beginning = 0;
  for (let i = 0; i < CHARACTERS; i++)
    beginning = beginning * 256 + (i < visitor.length ? visitor.charCodeAt(i) & 255 : 0);
  return beginning;
}

function byVisitorThenTime(a: Hit, b: Hit): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor > b.visitor ? 1 : a.startSeconds - b.startSeconds;
}

/** The index at which to split, between two visitors if possible: if the second half succeeds first, no visitor's hits are reordered. */
function middleOf(hits: readonly Hit[]): number {
  const middle = Math.ceil(hits.length / 2);
  for (let distance = 0; distance < middle; distance++) {
    for (const border of [middle - distance, middle + distance]) {
      const [before, after] = [hits[border - 1], hits[border]];
      if (before && after && before.visitor !== after.visitor) return border;
    }
  }
  return middle;
}

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly Hit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  let queries = '';
  // `join` takes longer.
  for (const { query } of hits) queries += queries === '' ? query : SEPARATOR + query;
  return Buffer.from(`{"requests":["${queries}"]${token}}`, 'latin1');
}

/** For messages: `1 hit`, `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}
