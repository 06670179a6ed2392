import { expect, test } from 'vitest';
import {
  copyText,
  GenerationCache,
  memoize,
  memoizePair,
  PairCache,
} from '../../src/common/generation-cache.js';

test('a cache never holds more than it may, and keeps what is read', () => {
  const cache = new GenerationCache<number, string>(10);
  cache.set(-1, 'often');
  for (let key = 0; key < 1000; key++) {
    cache.set(key, 'once');
    expect(cache.get(-1)).toBe('often');
    expect(cache.get(key)).toBe('once');
  }
  const known = Array.from({ length: 1000 }, (_, key) => key).filter((key) => cache.get(key));
  expect(known.length).toBeLessThanOrEqual(10);
});

test('a cache of pairs keeps as many as it may, and is emptied when it is full', () => {
  const cache = new PairCache<number, number, string>(10);
  const pairs = Array.from({ length: 400 }, (_, i) => [i % 20, Math.floor(i / 20)] as const);
  for (const [i, [first, second]] of pairs.entries()) {
    cache.set(first, second, `${first} ${second}`);
    const known = pairs.filter((pair) => cache.get(...pair) === pair.join(' '));
    expect(known).toEqual(pairs.slice(i - (i % 10), i + 1));
  }
});

test('long texts are not kept', () => {
  const long = 'x'.repeat(501);
  const cache = new GenerationCache<string, number>();
  const pairs = new PairCache<string, string, number>();
  cache.set(long, 1);
  pairs.set(long, 'a', 1);
  pairs.set('a', long, 1);
  expect([cache.get(long), pairs.get(long, 'a'), pairs.get('a', long)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('a memoized function computes each value once', () => {
  const calls: unknown[] = [];
  const once = memoize((key: string) => calls.push(key));
  const pairOnce = memoizePair((first: string, second: number) => calls.push([first, second]));
  expect([once('a'), once('b'), once('a')]).toEqual([1, 2, 1]);
  expect([pairOnce('a', 1), pairOnce('a', 2), pairOnce('b', 1), pairOnce('a', 1)]).toEqual([
    3, 4, 5, 3,
  ]);
  expect(calls).toEqual(['a', 'b', ['a', 1], ['a', 2], ['b', 1]]);
});

test.for(['', 'größer', '😀', '\ud800', 'a\udc00b', '\ufffd', '\0', '\ufeffa'])(
  'a copy of %j is the same text',
  (text) => {
    expect(copyText(text)).toBe(text);
  },
);
