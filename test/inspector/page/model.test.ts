import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import {
  classOf,
  createHeldHits,
  type HeldHit,
  parseFilter,
  readHit,
} from '../../../src/inspector/page/held-hits.js';

function inspected(params: Record<string, string>, rest: Partial<InspectedHit> = {}): InspectedHit {
  const stored = { type: 'page', idsite: 1, server_time: 0 } as const;
  return { received: 0, params, verdict: 'tracked', stored, ...rest };
}

function held(params: Record<string, string>, rest?: Partial<InspectedHit>): HeldHit {
  return readHit(inspected(params, rest), 0);
}

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

test.each<[Record<string, string>, number | undefined]>([
  [{ pf_srv: '' }, undefined],
  [{ pf_srv: ' ', pf_net: '3' }, 3],
  [{ pf_srv: '1e999' }, undefined],
  [{ pf_srv: '-1' }, undefined],
  [{ pf_x: '7' }, undefined],
  [{ pf_srv: '0', pf_x: '7' }, 0],
])('the time of a hit that is not stored, with %j: %s', (sent, millis) => {
  expect(held(sent, { stored: null }).millis).toBe(millis);
});

test('a request by an AI chatbot has its URL as title, the chatbot as visitor, and its own time', () => {
  const url = 'https://a.test/a';
  const aiRequest = {
    site: 1,
    time: 0,
    name: 'ChatGPT-User',
    kind: 'page',
    url,
    millis: 9,
  } as const;
  const params = { action_name: 'GET /a', cid: '0123456789abcdef', pf_srv: '7' };
  const shown = { title: url, visitor: 'ChatGPT-User', millis: 9 };
  expect(held(params, { stored: null, aiRequest })).toMatchObject(shown);
});

test.each([
  [undefined, 0],
  [99, 0],
  [101, 1],
  [404, 4],
  [599, 5],
  [600, 0],
  [999, 0],
])('the class of status %s is %i', (status, digit) => {
  expect(classOf(held({}, status === undefined ? {} : { status }))).toBe(digit);
});

test('holds what the server holds, and counts all', () => {
  const hits = createHeldHits();
  const message = (first: number, count: number, oldest: number) => ({
    run: 1,
    first,
    oldest,
    hasMore: false,
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
  const params = {
    action_name: 'GET /users/:id',
    url: 'https://shop.test/users/1',
    cid: 'v1',
    pf_srv: '12',
    cvar: '{"1":["a","b"]}',
  };
  const hit = held(params, { status: 404 });
  const filter = parseFilter(text);
  expect(filter(hit)).toBe(expected);
});
