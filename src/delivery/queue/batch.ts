import type { BulkKind } from './bulk-kind.js';

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
  /** It is a part of a bulk that Matomo rejected as a whole. */
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

/** An encoded hit: `buffer[start … end]`. Many hits share a buffer. */
export interface EncodedHit {
  readonly kind: BulkKind;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Below nginx' default `client_max_body_size` of 1 MB, with room for the token. */
const MAX_BODY_BYTES = 1_000_000 - 4096;

const OPENING = '{"requests":["';
/** Separates two hits in a body. */
export const SEPARATOR = '","';
const CLOSING = '"]';
/** Room for the closing of a body, with the separator of the last hit: a token has 32 characters. */
const ROOM = ' '.repeat(128);

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

type Ordered = Pick<EncodedHit, 'visitor' | 'startSeconds'>;

/** Comparison function for `sort`. */
export function byVisitorThenTime(a: Ordered, b: Ordered): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor === b.visitor ? a.startSeconds - b.startSeconds : 1;
}

/** The text of hits as the buffer that they share: already the body of a bulk of all of them, except for its closing. */
export function toSharedBuffer(text: string): { buffer: Buffer; start: number } {
  return { buffer: Buffer.from(OPENING + text + ROOM, 'latin1'), start: OPENING.length };
}

/** Body of a bulk request. Hits are percent-encoded and need no escaping. The token is here and nowhere else. */
export function toBody(hits: readonly EncodedHit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  const closing = Buffer.from(`${CLOSING}${token}}`);
  const shared = completeShared(hits, closing);
  if (shared) return shared;
  const separators = Math.max(0, hits.length - 1) * SEPARATOR.length;
  const length = hits.reduce((sum, { start, end }) => sum + end - start, separators);
  const body = Buffer.allocUnsafe(OPENING.length + length + closing.length);
  let written = body.write(OPENING, 'latin1');
  for (let i = 0; i < hits.length; ) {
    if (i > 0) written += body.write(SEPARATOR, written, 'latin1');
    const { buffer, start, end: firstEnd } = hits[i] as EncodedHit;
    let end = firstEnd;
    for (i += 1; follows(hits[i], buffer, end); i += 1) end = (hits[i] as EncodedHit).end;
    written += buffer.copy(body, written, start, end);
  }
  closing.copy(body, written);
  return body;
}

/** Completes the buffer of `toSharedBuffer` if all of its hits are sent: a copy of a bulk costs a tenth of building its hits. */
function completeShared(hits: readonly EncodedHit[], closing: Buffer): Buffer | undefined {
  const [first, last] = [hits[0], hits.at(-1)];
  if (!first || !last || first.start !== OPENING.length || !isRow(hits)) return undefined;
  const { buffer } = first;
  const isWhole = buffer.length - last.end === SEPARATOR.length + ROOM.length;
  if (!isWhole || closing.length > ROOM.length) return undefined;
  if (buffer.toString('latin1', 0, OPENING.length) !== OPENING) return undefined;
  return buffer.subarray(0, last.end + closing.copy(buffer, last.end));
}

/** Whether hits are one after the other in their buffer, and so in the order in which they were encoded. */
function isRow(hits: readonly EncodedHit[]): boolean {
  for (let i = 1; i < hits.length; i++) {
    const { buffer, end } = hits[i - 1] as EncodedHit;
    if (!follows(hits[i], buffer, end)) return false;
  }
  return true;
}

/** Whether a hit is directly after position `end` of the buffer, with a separator between them. */
function follows(hit: EncodedHit | undefined, buffer: Buffer, end: number): boolean {
  return hit !== undefined && hit.start === end + SEPARATOR.length && hit.buffer === buffer;
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

/** A batch with some hits of another one. Keeps the facts about its first failure. */
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

/** Whether a hit is an order. Matomo accepts each order once and reports it as invalid when it is sent again. */
export function isOrder({ buffer, start, end }: EncodedHit): boolean {
  return /[?&]ec_id=./.test(buffer.toString('latin1', start, end));
}

/** For messages: `1 hit`, `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}
