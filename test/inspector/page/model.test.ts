import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { createHeldHits, parseFilter, readHit } from '../../../src/inspector/page/held-hits.js';

const STORED = { type: 'page', time: 0 } as const;

const inspected = (params: InspectedHit['params'], rest: Partial<InspectedHit> = {}) =>
  ({ received: 0, params, verdict: 'tracked', stored: STORED, ...rest }) as const;

test('holds what the server holds, and counts all', () => {
  const hits = createHeldHits();
  const message = (first: number, count: number, oldest: number) => ({
    ...{ run: 1, first, oldest, hasMore: false },
    hits: Array.from({ length: count }, (_, i) => inspected({ action_name: `t${first + i}` })),
  });
  hits.take(message(0, 10, 0));
  hits.take(message(10, 2, 3));
  expect(hits.all().map(({ number }) => number)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
  hits.take(message(20, 1, 19));
  expect([hits.total(), hits.all().length]).toEqual([21, 1]);
});

test.each([
  ['Users', true],
  ['status:404 users', true],
  ['verdict:tracked visitor:v1', true],
  ['endpoint:"GET /users/:id"', true],
  ['pf_srv:12', true],
  ['__proto__:x', false],
  ['"', true],
])('the filter %j lets the hit through: %s', (text, expected) => {
  const url = 'https://shop.test/users/1';
  const params = { action_name: 'GET /users/:id', url, cid: 'v1', pf_srv: '12', cvar: '{"1":[]}' };
  const filter = parseFilter(text);
  expect(filter(readHit(inspected(params, { status: 404, visitor: 'v1' }), 0))).toBe(expected);
});
