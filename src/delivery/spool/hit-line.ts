import { crc32 } from 'node:zlib';
import type { Hit, HitKind } from '../../hit/hit.js';
import type { JournalHit, Segment } from './journal.js';

// One hit is one line, readable with `cat`:
//
//     crc32    startSeconds kind site visitor query
//     1f0e3dad 1795176000 page 1 0123456789abcdef ?idsite=1&rec=1&…
//
// The checksum covers everything after it and its space, without the line feed. The visitor is percent-encoded.

/** Estimate for a line that has not been encoded. Most lines need half of it. */
export const LINE_BYTES = 1000;

const CRC_LENGTH = 8;
const NO_CRC = '0'.repeat(CRC_LENGTH);
const QUESTION_MARK = 63;
const HEAD = /^(\d+(?:\.\d+)?) (page|chatbot) (\d+) (\S*) $/;

/** Encodes hits as lines with line feeds, in one buffer. */
export function toLines(hits: readonly Hit[]): Buffer[] {
  const texts = hits.map(
    ({ startSeconds, kind, site, visitor, query }) =>
      `${NO_CRC} ${startSeconds} ${kind} ${site} ${encode(visitor)} ${query}\n`,
  );
  const buffer = Buffer.from(texts.join(''), 'latin1');
  let start = 0;
  return texts.map(({ length }) => {
    const line = buffer.subarray(start, start + length);
    const crc = crc32(line.subarray(CRC_LENGTH + 1, -1)).toString(16);
    line.write(crc, CRC_LENGTH - crc.length, 'latin1');
    start += length;
    return line;
  });
}

/** A hit whose line was just stored at `from … to` of a segment. It does not keep its request in memory. */
export function toJournalHit(
  { startSeconds, kind, site, visitor, query }: Hit,
  line: Buffer,
  segment: Segment,
  from: number,
  to: number,
): JournalHit {
  const end = line.length - 1;
  const copied = line.toString('latin1', end - query.length, end);
  return { startSeconds, kind, site, visitor, query: copied, segment, from, to };
}

/** Whether a line, without its line feed, is complete and undamaged. */
export function isWhole(line: Buffer): boolean {
  if (line.length <= CRC_LENGTH || line[CRC_LENGTH] !== 32 /* space */) return false;
  const crc = line.toString('latin1', 0, CRC_LENGTH);
  return /^[\da-f]{8}$/.test(crc) && crc32(line.subarray(CRC_LENGTH + 1)) === Number(`0x${crc}`);
}

/** The hit in a line without line feed; `undefined` if the line is invalid. */
export function readLine(line: Buffer): Hit | undefined {
  const start = line.indexOf(QUESTION_MARK);
  if (start < 0 || !isWhole(line)) return undefined;
  const head = HEAD.exec(line.toString('latin1', CRC_LENGTH + 1, start));
  if (!head) return undefined;
  const [, startSeconds, kind, site, visitor = ''] = head;
  return {
    site: Number(site),
    startSeconds: Number(startSeconds),
    kind: kind as HitKind,
    visitor: decode(visitor),
    query: line.toString('latin1', start),
  };
}

/** Start of the first request whose line is valid, in epoch seconds; `Infinity` if there is none. */
export function startOf(lines: readonly { readonly line: Buffer }[]): number {
  for (const { line } of lines) {
    const hit = readLine(line);
    if (hit) return hit.startSeconds;
  }
  return Number.POSITIVE_INFINITY;
}

const NOTHING_TO_ESCAPE = /^[\w.~-]*$/;

function encode(visitor: string): string {
  if (NOTHING_TO_ESCAPE.test(visitor)) return visitor;
  return encodeURIComponent(Buffer.from(visitor).toString()); // without lone surrogates
}

function decode(visitor: string): string {
  if (NOTHING_TO_ESCAPE.test(visitor)) return visitor;
  try {
    return decodeURIComponent(visitor);
  } catch {
    return visitor;
  }
}

/** Which hits of a spool to delete. */
export type PurgeFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'user' | 'visitor'; readonly id: string }
  | { readonly kind: 'before'; readonly epochSeconds: number };

/**
 * Whether a filter selects the hit in a line: a user by `uid`, a visitor by `cid` or `_id`, which Matomo gets. Damaged lines are selected:
 * nobody can tell whose they are, and they are never sent.
 */
export function isLineSelected(filter: PurgeFilter, line: Buffer): boolean {
  const hit = readLine(line);
  if (hit === undefined || filter.kind === 'all') return true;
  const { startSeconds, query } = hit;
  if (filter.kind === 'before') return startSeconds < filter.epochSeconds;
  const parameters = new URLSearchParams(query);
  if (filter.kind === 'user') return parameters.get('uid') === filter.id;
  const id = filter.id.toLowerCase();
  return ['cid', '_id'].some((name) => parameters.get(name)?.toLowerCase() === id);
}
