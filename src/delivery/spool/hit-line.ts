import { crc32 } from 'node:zlib';
import type { Hit, HitKind } from '../../hit/hit.js';

// One hit is one line, readable with `cat`:
//
//     crc32    startSeconds kind site visitor query
//     1f0e3dad 1795176000 action 1 0123456789abcdef ?idsite=1&rec=1&…
//
// The checksum covers everything after it and its space, without the line feed. The visitor is percent-encoded.

const CRC_LENGTH = 8;
const NO_CRC = '0'.repeat(CRC_LENGTH);
const QUESTION_MARK = 63;
const HEAD = /^(\d+(?:\.\d+)?) (action|chatbot) (\d+) (\S*) $/;

/** Encodes hits as lines with line feeds. */
export function toLines(hits: readonly Hit[]): Buffer {
  return Buffer.concat(hits.map(toLine));
}

function toLine({ startSeconds, kind, site, visitor, query }: Hit): Buffer {
  const text = `${NO_CRC} ${startSeconds} ${kind} ${site} ${encode(visitor)} ${query}\n`;
  const line = Buffer.from(text, 'latin1');
  const crc = crc32(line.subarray(CRC_LENGTH + 1, -1)).toString(16);
  line.write(crc, CRC_LENGTH - crc.length, 'latin1');
  return line;
}

/** Whether a line, without its line feed, is complete and undamaged. */
function isWhole(line: Buffer): boolean {
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
