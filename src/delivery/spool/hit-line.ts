import { crc32 } from 'node:zlib';
import type { Hit } from '../../hit/hit.js';
import type { StoredHit } from './spool-store.js';

// One hit on one line that `cat` can show:
//
//     crc32    startSeconds kind site visitor query
//     1f0e3dad 1795176000 page 1 0123456789abcdef ?idsite=1&rec=1&…
//
// The checksum is that of everything behind it and its space, without the line feed. The visitor is percent-encoded.

const CRC_LENGTH = 8;
const CONTENT = /^(\d+(?:\.\d+)?) (page|crash) \d+ (\S*) (\?[!-~]*)$/;

export function toLine(hit: Hit): Buffer {
  const visitor = encodeURIComponent(Buffer.from(hit.visitor).toString());
  const content = `${hit.startSeconds} ${hit.kind} ${hit.site} ${visitor} ${hit.query}`;
  const crc = crc32(content).toString(16).padStart(CRC_LENGTH, '0');
  return Buffer.from(`${crc} ${content}\n`, 'latin1');
}

/** Whether a line, without its line feed, is as it was written. */
export function isWhole(line: Buffer): boolean {
  if (line.length <= CRC_LENGTH || line[CRC_LENGTH] !== 32 /* space */) return false;
  const crc = line.toString('latin1', 0, CRC_LENGTH);
  return /^[\da-f]{8}$/.test(crc) && crc32(line.subarray(CRC_LENGTH + 1)) === Number(`0x${crc}`);
}

/** The hit of a line without its line feed; `undefined` where that is none. */
export function readLine(line: Buffer): StoredHit | undefined {
  if (!isWhole(line)) return undefined;
  const content = CONTENT.exec(line.toString('latin1', CRC_LENGTH + 1));
  if (!content) return undefined;
  const [, startSeconds, kind, visitor = '', query = ''] = content;
  const buffer = Buffer.from(query, 'latin1');
  return {
    startSeconds: Number(startSeconds),
    kind: kind as Hit['kind'],
    visitor: decode(visitor),
    buffer,
    start: 0,
    end: buffer.length,
  };
}

function decode(visitor: string): string {
  try {
    return decodeURIComponent(visitor);
  } catch {
    return visitor;
  }
}
