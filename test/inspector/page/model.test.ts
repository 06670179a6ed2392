import { expect, test } from 'vitest';
import { PARAMETERS } from '../../../src/hit/parameters/parameter-table.js';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { EXPLANATIONS, explain } from '../../../src/inspector/page/explain-parameters.js';
import {
  classOf,
  createHeldHits,
  type HeldHit,
  parseFilter,
  readHit,
} from '../../../src/inspector/page/held-hits.js';

const STORED = { type: 'page', idsite: 1, server_time: 0 } as const;
const CHATBOT = { site: 1, time: 0, name: 'ChatGPT-User', kind: 'page' } as const;

function inspected(params: Record<string, string>, rest: Partial<InspectedHit> = {}): InspectedHit {
  return { received: 0, params, verdict: 'tracked', stored: STORED, ...rest };
}

function held(params: Record<string, string>, rest?: Partial<InspectedHit>): HeldHit {
  return readHit(inspected(params, rest), 0);
}

const SENT = { pf_srv: '7', pf_dm1: '4', pf_onl: 'x' };

test.each<[Record<string, string>, InspectedHit['stored'], millis: number | undefined]>([
  [SENT, { ...STORED, time_server: 7, time_on_load: 2 }, 9],
  [SENT, null, 11],
  [{}, STORED, undefined],
  [{ pf_srv: '' }, null, undefined],
  [{ pf_srv: ' ', pf_net: '3' }, null, 3],
  [{ pf_srv: '1e999' }, null, undefined],
  [{ pf_srv: '-1' }, null, undefined],
  [{ pf_srv: '0', pf_x: '7' }, null, 0],
])(
  'the time of a hit %j is the sum of what is stored, %j, or else sent: %s',
  (sent, stored, millis) => {
    expect(held(sent, { stored }).millis).toBe(millis);
  },
);

test('requests by AI chatbots and conversions have titles of their own', () => {
  const url = 'https://a.test/a';
  const params = { action_name: 'GET /a', cid: '0123456789abcdef', pf_srv: '7' };
  const aiRequest = { ...CHATBOT, url, millis: 9 };
  const shown = { title: url, visitor: 'ChatGPT-User', millis: 9 };
  expect(held(params, { stored: null, aiRequest })).toMatchObject(shown);
  for (const [kind, idgoal, title] of [
    ['goal', 3, 'Goal 3'],
    ['order', 0, 'Order'],
    ['cart', -1, 'Cart'],
  ] as const) {
    const conversion = { kind, idgoal, idsite: 1, server_time: 0 };
    expect(held({}, { stored: null, conversion }).title).toBe(title);
  }
});

test.each([
  [undefined, 0],
  [99, 0],
  [101, 1],
  [599, 5],
  [600, 0],
])('the class of status %s is %i', (status, digit) => {
  expect(classOf(held({}, status === undefined ? {} : { status }))).toBe(digit);
});

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
  const url = 'https://shop.test/users/1';
  const params = { action_name: 'GET /users/:id', url, cid: 'v1', pf_srv: '12', cvar: '{"1":[]}' };
  const filter = parseFilter(text);
  expect(filter(held(params, { status: 404 }))).toBe(expected);
});

test('whatever this package sends is explained', () => {
  const names = [...Object.keys(PARAMETERS), 'rec', 'recMode', 'source', 'dimension1'];
  expect(names.filter((name) => explain(name) === undefined)).toEqual([]);
});

test('the parameters that are marked as needing a token are those that need one', () => {
  const marked = Object.keys(EXPLANATIONS).filter((name) =>
    EXPLANATIONS[name]?.endsWith('needs a token'),
  );
  const all = Object.keys(PARAMETERS).filter((name) => PARAMETERS[name]?.needsToken);
  expect(new Set(marked)).toEqual(new Set(all));
});
