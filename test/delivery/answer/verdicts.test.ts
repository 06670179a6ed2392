import { expect, test } from 'vitest';
import {
  backOffMillis,
  holdMillis,
  retryAfterMillis,
} from '../../../src/delivery/answer/verdicts.js';

test('waits double from 1 s to 60 s, with full jitter', () => {
  const most = (n: number) => backOffMillis(n, () => 1);
  expect([1, 2, 3, 6, 7, 50, 5000].map(most)).toEqual([
    1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect(backOffMillis(7, () => 0)).toBe(0);
});

test('probes come after 2 s, doubling to 5 min, each between half and all of it', () => {
  expect([1, 2, 20].map((n) => holdMillis(n, () => 1))).toEqual([2000, 4000, 300_000]);
  expect(holdMillis(1, () => 0)).toBe(1000);
});

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Thu, 19 Nov 2026 00:00:00 GMT', 0],
  ['999999999', 3_600_000],
  ['soon', 0],
  [undefined, 0],
])('Retry-After: %s is %s ms', (header, millis) => {
  expect(retryAfterMillis(header)).toBe(millis);
});
