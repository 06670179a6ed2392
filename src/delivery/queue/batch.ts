import {
  type BulkKind,
  byVisitorThenTime,
  type EncodedHit,
  isRow,
  SEPARATOR,
} from './encode-hits.js';

/** Hits that are sent together: of one kind, encoded, in the order in which Matomo should process them. */
export interface Batch {
  readonly kind: BulkKind;
  readonly hits: readonly EncodedHit[];
  /** Number of attempts that Matomo rolled back. */
  readonly failures: number;
  /** Kind of the last failure. */
  readonly failedAs: string | undefined;
  /** How many bulks Matomo had processed when this one first failed in that way. */
  readonly processedBefore: number | undefined;
  /** The range of hits that is sent next, to find a hit that makes Matomo roll back the whole bulk. */
  readonly part: readonly [start: number, end: number] | undefined;
  /** The batch is a part of a bulk that Matomo rejected as a whole. */
  readonly isRejected: boolean;
  /** Joined with others, it has fewer hits than this: a bulk of so many was too large. */
  readonly joinedBelow: number;
  /** Newer hits are added to the next attempt: if Matomo rejects all, the first ones may be invalid and not the token. */
  readonly mergesNewer: boolean;
  /** Every part failed: other batches are sent first, to find out whether this batch or Matomo is the cause. */
  readonly waitsForOthers: boolean;
}

/** Failures after which parts of a batch are sent alone. */
const TRIES_AS_A_WHOLE = 3;

function createBatch(kind: BulkKind, hits: readonly EncodedHit[]): Batch {
  return {
    kind,
    hits,
    failures: 0,
    failedAs: undefined,
    processedBefore: undefined,
    part: undefined,
    isRejected: false,
    joinedBelow: Number.POSITIVE_INFINITY,
    mergesNewer: false,
    waitsForOthers: false,
  };
}

/** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

/**
 * Makes batches of hits of one kind, ordered by visitor, then time: any other order can deadlock Matomo's database, and Matomo
 * builds visits from hits in the order of their times. Makes several batches if one would have too many hits or bytes.
 */
export function inBatches(
  hits: readonly EncodedHit[],
  kind: BulkKind,
  max: number = Number.POSITIVE_INFINITY,
): Batch[] {
  const ordered = isRow(hits) ? hits : [...hits].sort(byVisitorThenTime);
  const batches: Batch[] = [];
  let first = 0;
  let size = 0;
  for (let i = 0; i < ordered.length; i++) {
    const { start, end } = ordered[i] as EncodedHit;
    if (i > first && (i - first >= max || size + end - start > MAX_BODY_BYTES)) {
      batches.push(createBatch(kind, ordered.slice(first, i)));
      first = i;
      size = 0;
    }
    size += end - start + SEPARATOR.length;
  }
  const rest = first === 0 ? ordered : ordered.slice(first);
  if (rest.length > 0) batches.push(createBatch(kind, rest));
  return batches;
}

/** The hits of the next request: the whole batch, or the part that is sent alone. */
export function sentHits({ hits, part }: Batch): readonly EncodedHit[] {
  return part === undefined ? hits : hits.slice(...part);
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

/** A batch with some hits of another one. Keeps what is known about its first failure. */
export function partOf(batch: Batch, hits: readonly EncodedHit[]): Batch {
  const { kind, failedAs, processedBefore, isRejected, joinedBelow } = batch;
  return { ...createBatch(kind, hits), failedAs, processedBefore, isRejected, joinedBelow };
}

/** The hits of a batch that were not in the last request. */
export function restOf(batch: Batch): Batch[] {
  if (batch.part === undefined) return [];
  const [start, end] = batch.part;
  const rest = [...batch.hits.slice(0, start), ...batch.hits.slice(end)];
  return rest.length === 0 ? [] : [partOf(batch, rest)];
}

/** The hits of a batch that are not sent again. */
export function decidedHits({ hits }: Batch, again: readonly Batch[]): readonly EncodedHit[] {
  if (again.length === 0) return hits;
  const open = new Set(again.flatMap((batch) => batch.hits));
  return hits.filter((hit) => !open.has(hit));
}

/** The two halves of the hits that were sent, reversed if `lastFirst`, and the rest; `undefined` if one hit was sent. */
export function halve(batch: Batch, lastFirst = false): Batch[] | undefined {
  const sent = sentHits(batch);
  if (sent.length < 2) return undefined;
  const middle = middleOf(sent);
  const halves = [sent.slice(0, middle), sent.slice(middle)];
  if (lastFirst) halves.reverse();
  return [...halves.map((hits) => partOf(batch, hits)), ...restOf(batch)];
}

/**
 * The next attempt for a batch while nothing succeeds: the whole batch three times, each half, then alternating the whole batch and a
 * single hit. After that, other batches go first, because all of its hits may be invalid.
 */
export function nextAttempt(batch: Batch): Batch {
  const { hits, failures } = batch;
  const step = failures - TRIES_AS_A_WHOLE;
  const next = { ...batch, part: undefined, waitsForOthers: false };
  if (hits.length < 2) return { ...next, waitsForOthers: step >= 0 };
  const middle = middleOf(hits);
  if (step === 0) return { ...next, part: [0, middle] };
  if (step === 1) return { ...next, part: [middle, hits.length] };
  const turn = (step - 3) / 2;
  if (turn >= hits.length) return { ...next, waitsForOthers: true, failures: 0 };
  return Number.isInteger(turn) && turn >= 0 ? { ...next, part: [turn, turn + 1] } : next;
}

/** For messages: `1 hit`, `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}
