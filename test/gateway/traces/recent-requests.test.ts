import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { DigestSet, RecentRequests } from '../../../src/gateway/traces/recent-requests.js';

const MINUTE_MILLIS = 60_000;

test('a request is known for a minute at least, and as long as it comes again', () => {
  const recent = new RecentRequests();
  recent.add('trace', 'once');
  recent.add('trace', 'again');
  for (let minute = 1; minute <= 5; minute++) {
    recent.expire(minute * MINUTE_MILLIS);
    expect(recent.has('trace', 'again')).toBe(true);
    if (minute === 1) expect(recent.isEmpty).toBe(false);
  }
  expect(recent.has('trace', 'once')).toBe(false);
  recent.expire(6 * MINUTE_MILLIS);
  recent.expire(7 * MINUTE_MILLIS);
  expect(recent.isEmpty).toBe(true);
});

test('of very many requests, the latest are known', () => {
  const recent = new RecentRequests();
  const ids = Array.from({ length: 250_000 }, (_, i) => i.toString(16).padStart(16, '0'));
  for (const id of ids) recent.add('trace', id);
  expect(ids.slice(-100_000).every((id) => recent.has('trace', id))).toBe(true);
  expect(recent.has('trace', ids[0] as string)).toBe(false);
});

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
