import { expect, test } from 'vitest';
import { RecentRequests } from '../../../src/gateway/traces/recent-requests.js';

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
