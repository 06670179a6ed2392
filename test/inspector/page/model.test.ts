import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import {
  createHeldHits,
  type HeldHit,
  parseFilter,
  readHit,
  toCondition,
} from '../../../src/inspector/page/held-hits.js';
import { createRate, createSummary, createTimes } from '../../../src/inspector/page/summary.js';

function inspected(params: Record<string, string>, rest: Partial<InspectedHit> = {}): InspectedHit {
  const stored = { type: 'page', idsite: 1, server_time: 0 } as const;
  return { received: 0, params, verdict: 'tracked', stored, ...rest };
}

function held(params: Record<string, string>, rest?: Partial<InspectedHit>): HeldHit {
  return readHit(inspected(params, rest), 0);
}

test.each([
  [[], []],
  [[7], [7, 7, 7]],
  [
    [30, 10, 20, 40],
    [20, 40, 40],
  ],
  [Array.from({ length: 1000 }, (_, i) => i + 1), [500, 950, 990]],
])('of the times %j it tells p50, p95 and p99', (values, expected) => {
  const times = createTimes();
  for (const value of values) times.add(value);
  for (const value of [1, 1, 99_999]) times.add(value);
  for (const value of [1, 99_999, 1]) times.remove(value);
  expect(times.percentiles(50, 95, 99)).toEqual(expected);
});

test('the time of a hit is the page load time that Matomo shows: the sum of what it stores', () => {
  const sent = { pf_srv: '7', pf_dm1: '4', pf_onl: 'x' };
  const stored = {
    type: 'page',
    idsite: 1,
    server_time: 0,
    time_server: 7,
    time_on_load: 2,
  } as const;
  expect(held(sent, { stored }).millis).toBe(9);
  expect(held(sent, { stored: null }).millis).toBe(11);
  expect(held({}).millis).toBeUndefined();
});

test('counts arrivals by second, and forgets them after a minute', () => {
  const rate = createRate();
  for (const millis of [100_000, 100_900, 101_000, 159_999]) rate.add(millis);
  expect(rate.perSecond(160_000).slice(0, 3)).toEqual([2, 1, 0]);
  expect(rate.perSecond(160_000).at(-1)).toBe(1);
  expect(rate.perSecond(161_000)[0]).toBe(1);
  expect(rate.perSecond(400_000)).toEqual(Array(60).fill(0));
  rate.add(150_000);
  expect(rate.perSecond(400_000)).toEqual(Array(60).fill(0));
});

test('what has been added and removed leaves nothing behind', () => {
  const summary = createSummary();
  const hits = Array.from({ length: 50 }, (_, i) =>
    held(
      { action_name: `t${i % 7}`, cid: `v${i % 5}`, pf_srv: String(i), pf_dm1: '3' },
      i % 3 === 0 ? { verdict: 'invalid', reason: `r${i % 2}`, stored: null } : {},
    ),
  );
  for (const hit of hits) summary.add(hit);
  expect([summary.endpoints.size, summary.visitors.size, summary.problems.size]).toEqual([7, 5, 2]);
  expect(summary.endpoints.get('t1')?.steps.get('pf_dm1')?.count()).toBe(
    summary.endpoints.get('t1')?.hits,
  );
  for (const hit of hits) summary.remove(hit);
  expect([summary.endpoints.size, summary.visitors.size, summary.problems.size]).toEqual([0, 0, 0]);
});

test('holds what the server holds, and counts what came too fast', () => {
  const hits = createHeldHits();
  const message = (first: number, count: number, oldest: number) => ({
    first,
    oldest,
    hits: Array.from({ length: count }, (_, i) => inspected({ action_name: `t${first + i}` })),
  });
  hits.take(message(0, 10, 0));
  expect(hits.take(message(8, 4, 3)).added.map(({ title }) => title)).toEqual(['t10', 't11']);
  expect(hits.all().map(({ number }) => number)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(hits.take(message(20, 1, 19)).forgotten).toHaveLength(9);
  expect([hits.total(), hits.missed(), hits.all().length]).toEqual([21, 8, 1]);
});

test.each([
  ['http_status_code first', { cvar: '{"1":["http_status_code","404"]}' }, 404],
  ['http_status_code elsewhere', { cvar: '{"1":["a","b"],"4":["http_status_code","500"]}' }, 500],
  ['the parameter', { http_status: '201' }, 201],
  ['a flat object', { cvar: '{"http_status_code":200}' }, undefined],
  ['no JSON', { cvar: '{' }, undefined],
  ['null', { cvar: 'null' }, undefined],
])('reads a status from %s', (_, params, status) => {
  expect(held(params).status).toBe(status);
});

test.each([
  ['Users', true],
  ['404 users', true],
  ['orders', false],
  ['status:4xx', true],
  ['status:5', false],
  ['verdict:tracked visitor:v1', true],
  ['visitor:v2', false],
  ['endpoint:"GET /users/:id"', true],
  ['endpoint:GET', false],
  ['pf_srv:12', true],
  ['pf_srv:13', false],
  ['https://shop', true],
  ['__proto__:x', false],
  ['"', true],
  ['', true],
])('the filter %j lets the hit through: %s', (text, expected) => {
  const hit = held({
    action_name: 'GET /users/:id',
    url: 'https://shop.test/users/1',
    cid: 'v1',
    pf_srv: '12',
    cvar: '{"1":["http_status_code","404"]}',
  });
  const filter = parseFilter(text, (name) => name === 'pf_srv');
  expect(filter(hit)).toBe(expected);
});

test.each(['GET /a', 'say "no" \\ yes', 'plain', '', ':'])(
  'a condition for %j finds it',
  (title) => {
    const filter = parseFilter(toCondition('endpoint', title), () => false);
    expect(filter({ ...held({}), title })).toBe(true);
    expect(filter({ ...held({}), title: `${title}x` })).toBe(false);
  },
);
