import type { BulkKind } from './bulk-kind.js';

/** Hits that leave together: of one kind, encoded once, in the order in which Matomo is to see them. */
export interface Batch {
  readonly kind: BulkKind;
  readonly hits: readonly EncodedHit[];
  /** Attempts that Matomo rolled back. */
  readonly failures: number;
  /** In which way it has failed last. */
  readonly failedAs: string | undefined;
  /** How many bulks Matomo had processed when this one failed so first. */
  readonly processedBefore: number | undefined;
  /** The hits that are tried alone, from one index up to another, to find one that rolls the whole back. */
  readonly part: readonly [start: number, end: number] | undefined;
  /** Hits that came since go with it: refused as a whole, it may be bad hits before the first good one. */
  readonly mergesNewer: boolean;
  /** It failed in every part: others go first, so that their success can tell whose fault that is. */
  readonly waitsForOthers: boolean;
}

/** Failures after which parts of a batch are tried alone. */
const TRIES_BEFORE_PROBING = 3;

function createBatch(kind: BulkKind, hits: readonly EncodedHit[]): Batch {
  return {
    kind,
    hits,
    failures: 0,
    failedAs: undefined,
    processedBefore: undefined,
    part: undefined,
    mergesNewer: false,
    waitsForOthers: false,
  };
}

/** A hit as bytes, which many hits share a buffer for: `buffer[start … end]`. */
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

const OPENING = Buffer.from('{"requests":["');
/** Between two hits of a body. */
export const SEPARATOR = '","';
const CLOSING = '"]';

/**
 * Orders hits of one kind by visitor, then time: bulks in any other order can deadlock Matomo's database, and a visit
 * is put together from hits in the order of their times. More than one batch if one would have too many hits or bytes.
 */
export function inBatches(
  hits: readonly EncodedHit[],
  kind: BulkKind,
  max: number = Number.POSITIVE_INFINITY,
): Batch[] {
  const ordered = [...hits].sort(byVisitorThenTime);
  const batches: Batch[] = [];
  let first = 0;
  let size = 0;
  for (const [i, { start, end }] of ordered.entries()) {
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

/** For `sort`. */
export function byVisitorThenTime(a: Ordered, b: Ordered): number {
  if (a.visitor < b.visitor) return -1;
  return a.visitor === b.visitor ? a.startSeconds - b.startSeconds : 1;
}

/** Body of a bulk tracking request. Hits are percent-encoded, so that none needs escaping; the token stands here only. */
export function toBody(hits: readonly EncodedHit[], tokenAuth: string | undefined): Buffer {
  const token = tokenAuth === undefined ? '' : `,"token_auth":${JSON.stringify(tokenAuth)}`;
  const closing = Buffer.from(`${CLOSING}${token}}`);
  const separators = Math.max(0, hits.length - 1) * SEPARATOR.length;
  const length = hits.reduce((sum, { start, end }) => sum + end - start, separators);
  const body = Buffer.allocUnsafe(OPENING.length + length + closing.length);
  let written = OPENING.copy(body);
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

/** Whether a hit stands right behind what ends there, with a separator between them. */
function follows(hit: EncodedHit | undefined, buffer: Buffer, end: number): boolean {
  return hit?.buffer === buffer && hit.start === end + SEPARATOR.length;
}

/** What of a batch the next request takes: all of it, or the part that is tried alone. */
export function sentHits({ hits, part }: Batch): readonly EncodedHit[] {
  return part === undefined ? hits : hits.slice(...part);
}

/** Between two visitors where there is more than one: where the second half succeeds before the first, no visitor's hits pass each other. */
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

/** A batch of some hits of another, which keeps its first failure. */
export function partOf(batch: Batch, hits: readonly EncodedHit[]): Batch {
  const { kind, failedAs, processedBefore } = batch;
  return { ...createBatch(kind, hits), failedAs, processedBefore };
}

/** What of a batch the last request did not take; no batch if that is nothing. */
export function restOf(batch: Batch): Batch[] {
  if (batch.part === undefined) return [];
  const [start, end] = batch.part;
  const rest = [...batch.hits.slice(0, start), ...batch.hits.slice(end)];
  return rest.length === 0 ? [] : [partOf(batch, rest)];
}

/** The hits of a batch that are not among those that are sent again. */
export function decidedHits({ hits }: Batch, again: readonly Batch[]): readonly EncodedHit[] {
  if (again.length === 0) return hits;
  const open = new Set(again.flatMap((batch) => batch.hits));
  return hits.filter((hit) => !open.has(hit));
}

/** The two halves of what was sent, in order unless `lastFirst`, and the rest; `undefined` if one hit was sent. */
export function halve(batch: Batch, lastFirst = false): Batch[] | undefined {
  const sent = sentHits(batch);
  if (sent.length < 2) return undefined;
  const middle = middleOf(sent);
  const halves = [sent.slice(0, middle), sent.slice(middle)];
  if (lastFirst) halves.reverse();
  return [...halves.map((hits) => partOf(batch, hits)), ...restOf(batch)];
}

/**
 * The batch as it is tried next while nothing succeeds: whole three times, each half, then whole and one hit in turn, each
 * time another. After all of that others go first, since its own hits may all be bad.
 */
export function probeOf(batch: Batch): Batch {
  const { hits, failures } = batch;
  const step = failures - TRIES_BEFORE_PROBING;
  const next = { ...batch, part: undefined, waitsForOthers: false };
  if (hits.length < 2) return { ...next, waitsForOthers: step >= 0 };
  const middle = middleOf(hits);
  if (step === 0) return { ...next, part: [0, middle] };
  if (step === 1) return { ...next, part: [middle, hits.length] };
  const turn = (step - 3) / 2;
  if (turn >= hits.length) return { ...next, waitsForOthers: true, failures: 0 };
  return Number.isInteger(turn) && turn >= 0 ? { ...next, part: [turn, turn + 1] } : next;
}

/** Whether a hit is an order, which Matomo takes once and calls invalid if it comes again. */
export function isOrder({ buffer, start, end }: EncodedHit): boolean {
  return /[?&]ec_id=./.test(buffer.toString('latin1', start, end));
}

/** For messages: `1 hit`, `40 hits`. */
export function countOf(hits: number): string {
  return hits === 1 ? '1 hit' : `${hits} hits`;
}
