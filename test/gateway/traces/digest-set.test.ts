import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DigestSet } from '../../../src/gateway/traces/digest-set.js';

const PAIRS = 20_000;

function randomPairs(): [string, string][] {
  return Array.from({ length: PAIRS }, () => [
    `${randomBytes(16).toString('hex')}/shop`,
    randomBytes(8).toString('hex'),
  ]);
}

test('a set finds all pairs that were added, and no others', () => {
  const set = new DigestSet();
  const added = randomPairs();
  for (const [trace, span] of added) set.add(trace, span);
  for (const [trace, span] of added) set.add(trace, span);
  expect(set.size).toBe(PAIRS);
  expect(added.filter(([trace, span]) => !set.has(trace, span))).toEqual([]);
  expect(randomPairs().filter(([trace, span]) => set.has(trace, span))).toEqual([]);
});

test('the same span of another trace or service is another pair', () => {
  const set = new DigestSet();
  const [[trace, span] = ['', '']] = randomPairs();
  set.add(trace, span);
  expect(set.has(trace, span)).toBe(true);
  expect(set.has(`${trace}2`, span)).toBe(false);
  expect(set.has(`0${trace}`, span)).toBe(false);
  expect(set.has(trace, `${span}0`)).toBe(false);
});
