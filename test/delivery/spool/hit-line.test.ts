import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLine, toLines } from '../../../src/delivery/spool/hit-line.js';
import type { Hit, HitKind } from '../../../src/hit/hit.js';
import { seededRuns } from '../../support/seed.js';

function hit(overrides: Partial<Hit> = {}): Hit {
  return {
    site: 7,
    visitor: '0123456789abcdef',
    startSeconds: 1795176000,
    kind: 'action',
    query: '?idsite=7&rec=1',
    ...overrides,
  };
}

function toLine(given: Hit): Buffer {
  return toLines([given]);
}

test('a line is the checksum of the rest, time, kind, site, visitor and query', () => {
  const content = '1795176000 action 7 0123456789abcdef ?idsite=7&rec=1';
  const crc = crc32(content).toString(16).padStart(8, '0');
  const lines = toLines([hit(), hit({ query: '?longer=than&that' }), hit()]);
  expect(lines.toString().split('\n')).toEqual([
    `${crc} ${content}`,
    expect.stringContaining('?longer=than&that'),
    `${crc} ${content}`,
    '',
  ]);
});

test('what is written is what is read', () => {
  const text = fc.string({ unit: 'binary' });
  const query = fc
    .string({ unit: 'grapheme-ascii' })
    .map((value) => `?x=${encodeURIComponent(value)}`);
  const anyHit = fc.record({
    visitor: fc.oneof(text, fc.constantFrom('', '-', ' ', '%', 'a b\n', '\ud800')),
    startSeconds: fc.integer({ min: 0, max: 4_000_000_000 }),
    kind: fc.constantFrom<HitKind>('action', 'chatbot'),
    query,
  });
  fc.assert(
    fc.property(anyHit, (given) => {
      const line = toLine(hit(given));
      expect(line.indexOf(10)).toBe(line.length - 1);
      const read = readLine(line.subarray(0, -1));
      expect(read).toMatchObject({
        kind: given.kind,
        startSeconds: given.startSeconds,
        visitor: Buffer.from(given.visitor).toString(),
        query: given.query,
      });
    }),
    seededRuns(),
  );
});

test('no line reads as another hit once a byte of it has changed or is missing', () => {
  const line = toLine(hit()).subarray(0, -1);
  fc.assert(
    fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(line);
      changed[at] = (line[at] as number) ^ change;
      expect(readLine(changed)).toBeUndefined();
      expect(readLine(line.subarray(0, at))).toBeUndefined();
    }),
    seededRuns(),
  );
});
