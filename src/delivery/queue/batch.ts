import type { MessageCode } from '../../common/messages.js';
import type { HitKind } from '../../hit/hit.js';
import { type EncodedHit, SEPARATOR } from './encode-hits.js';

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

/** Hits that are sent together: of one kind and from one place, in the order in which Matomo should process them. */
export class Batch {
  readonly kind: HitKind;
  hits: readonly EncodedHit[];
  /** The hits are in the spool. */
  readonly isStored: boolean;
  /** Takes further hits from memory until it is full or sent. */
  isOpen = false;
  /** Attempts that failed. */
  failures = 0;
  /** How many bulks had succeeded when it last failed; -1 if it has not failed. */
  failedAfter = -1;
  /** When it last failed directly after a success, on the monotonic clock. */
  probedMillis = Number.NEGATIVE_INFINITY;
  /** Failures of a single hit directly after and before successes, and when the first of them was. */
  proofs = 0;
  provenMillis = 0;
  /** The other half of a batch that failed. */
  sibling: Batch | undefined;
  /** The other half has failed. */
  isProbablyGood = false;
  /** Why it last failed. */
  failure: Failure | undefined;

  constructor(kind: HitKind, hits: readonly EncodedHit[], isStored: boolean) {
    this.kind = kind;
    this.hits = hits;
    this.isStored = isStored;
  }

  /** Both halves of a batch with at least two hits. */
  halve(): [Batch, Batch] {
    const middle = middleOf(this.hits);
    const half = (start: number, end?: number) => {
      const batch = new Batch(this.kind, this.hits.slice(start, end), this.isStored);
      batch.failures = Math.min(1, this.failures); // if a half fails too, it is halved at once
      batch.failure = this.failure;
      return batch;
    };
    const halves: [Batch, Batch] = [half(0, middle), half(middle)];
    if (this.failures > 0) [halves[0].sibling, halves[1].sibling] = [halves[1], halves[0]];
    return halves;
  }

  /** Start of the oldest request, in epoch seconds. */
  get oldestSeconds(): number {
    return this.hits.reduce(
      (oldest, { startSeconds }) => Math.min(oldest, startSeconds),
      Number.POSITIVE_INFINITY,
    );
  }
}

/** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

/**
 * Makes batches of hits of one kind, ordered by visitor, then time: any other order can deadlock Matomo's database, and Matomo
 * builds visits from hits in the order of their times. Makes several batches if one would have too many hits or bytes.
 */
export function inBatches(
  hits: readonly EncodedHit[],
  kind: HitKind,
  max: number,
  isStored: boolean,
): Batch[] {
  const ordered = [...hits].sort(byVisitorThenTime);
  const batches: Batch[] = [];
  let first = 0;
  let size = 0;
  for (const [i, { start, end }] of ordered.entries()) {
    if (i > first && (i - first >= max || size + end - start > MAX_BODY_BYTES)) {
      batches.push(new Batch(kind, ordered.slice(first, i), isStored));
      first = i;
      size = 0;
    }
    size += end - start + SEPARATOR.length;
  }
  if (first < ordered.length) batches.push(new Batch(kind, ordered.slice(first), isStored));
  return batches;
}

function byVisitorThenTime(a: EncodedHit, b: EncodedHit): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor === b.visitor ? a.startSeconds - b.startSeconds : 1;
}

/** The index at which to split, between two visitors if possible: if the second half succeeds first, no visitor's hits are reordered. */
function middleOf(hits: readonly EncodedHit[]): number {
  const middle = Math.ceil(hits.length / 2);
  for (let distance = 0; distance < middle; distance++) {
    for (const border of [middle - distance, middle + distance]) {
      const [before, after] = [hits[border - 1], hits[border]];
      if (before && after && before.visitor !== after.visitor) return border;
    }
  }
  return middle;
}

/** For messages: `1 hit`, `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}
