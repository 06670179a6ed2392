import { expect, test } from 'vitest';
import {
  copyText,
  GenerationCache,
  memoize,
  memoizePair,
  PairCache,
} from '../../src/common/generation-cache.js';
import { keptBytes, PARTS_BYTES } from '../support/kept-bytes.js';

/** What is kept of parts of texts, as it is remembered. */
function rememberers(): Record<string, (part: string) => unknown> {
  const cache = new GenerationCache<string, number>();
  const pairs = new PairCache<string, string, number>();
  return {
    cache: (part) => cache.set(part, 1),
    'first of pairs': (part) => pairs.set(part, '', 1),
    'second of pairs': (part) => pairs.set('', part, 1),
    memoize: memoize((part: string) => part.slice(1)),
    memoizePair: (part) => toSecond(1, part),
  };
}
const toSecond = memoizePair((_: number, part: string) => part.slice(1));

test.for(Object.entries(rememberers()))(
  '%s keeps no text of which a key is a part',
  ([, remember]) => {
    expect(keptBytes(remember)).toBeLessThan(PARTS_BYTES / 4);
  },
);

test.for(['', '\ud800'])(
  'a copy of a part that ends with %j does not keep the whole text',
  (end) => {
    const kept: string[] = [];
    expect(keptBytes((_, text) => kept.push(copyText(`${text}${end}`.slice(-30))))).toBeLessThan(
      PARTS_BYTES / 4,
    );
    expect(kept.every((text) => text.endsWith(end))).toBe(true);
  },
);

test('a part that is not copied keeps the whole text', () => {
  const kept: string[] = [];
  expect(keptBytes((part) => kept.push(part))).toBeGreaterThan(PARTS_BYTES / 2);
  expect(kept).not.toHaveLength(0);
});
