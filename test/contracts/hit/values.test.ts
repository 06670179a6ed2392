import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { build, type Facts, NOON } from '../doors/build.js';

type Calls = NonNullable<Facts['calls']>;

const job = (...calls: Calls) => build({ isOutside: true, calls });
const USER = { uid: 'ann' };
const INVALID = { dropped: { invalid: 1 }, problems: ['parameter-invalid'] };

/** An object as libraries for decimal numbers have it. */
class Decimal {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

const SECONDS = NOON / 1000 - 7 * 86_400;
const ISO = new Date(SECONDS * 1000).toISOString();
const SPACED = ISO.replace('T', ' ');

/** Forms in which a time is passed, all of the same second. */
const TIMES: readonly unknown[] = [
  ...[SECONDS, SECONDS + 0.9, String(SECONDS), ` ${SECONDS} `],
  ...[SECONDS * 1000, SECONDS * 1000 + 999, String(SECONDS * 1000), BigInt(SECONDS * 1000)],
  ...[new Date(SECONDS * 1000), { toISOString: () => ISO }],
  ...[ISO, ISO.replace('.000Z', ''), ISO.replace('.000Z', '+00:00')],
  ...[SPACED.replace('.000Z', ''), SPACED.replace(':00.000Z', ''), SPACED.replace('.000Z', ' UTC')],
  SPACED.replace('.000Z', '.123456+00'),
  new Date((SECONDS + 2 * 3600) * 1000).toISOString().replace('.000Z', '+02:00'),
  new Date((SECONDS - 5 * 3600) * 1000).toISOString().replace('.000Z', '-0500'),
];

test.each(TIMES)('the time %o is the one that was meant', (cdt) => {
  const { hits, problems } = job(['trackEvent', 'Job', 'done', { ...USER, cdt }]);
  expect(hits.map(({ parameters }) => parameters.cdt)).toEqual([String(SECONDS)]);
  expect(problems).toEqual([]);
  const page = build({ calls: [['annotate', { cdt }]] }).hits[0]?.parameters;
  expect(page?.cdt).toBe(String(SECONDS));
});

test.each([
  ...['', 'yesterday', '20.11.2026', '2026-02-30 10:00:00'],
  ...['2026-11-20 25:00:00', '2026-11-20T10:00:00Zulu', new Date(Number.NaN)],
  ...[Number.NaN, Number.POSITIVE_INFINITY, 0, -1, 1e19, SECONDS * 1e6, NOON + 3_600_000],
  ...['2999-01-01 00:00:00', '1999-12-31 23:59:59', 915_148_800, true, null, {}, [], [SECONDS]],
])('a hit with the time %o is dropped, and a page view keeps its own time', (cdt) => {
  const { hits, ...others } = job(['trackEvent', 'Job', 'done', { ...USER, cdt }]);
  expect(hits).toEqual([]);
  expect(others).toMatchObject(INVALID);
  const page = build({ calls: [['annotate', { cdt }]] }).hits[0]?.parameters;
  expect(page?.cdt).toBe(String(NOON / 1000));
});

const AMOUNTS: readonly [given: unknown, read: number][] = [
  ['9.99', 9.99],
  [' 9.99 ', 9.99],
  ['.5', 0.5],
  ['1e3', 1000],
  [7n, 7],
  [new Decimal('9.99'), 9.99],
  [Object('9.99'), 9.99],
];

test.each(AMOUNTS)('the amount %o is a number, wherever it is passed', (amount, read) => {
  const items = [
    { sku: 'a', name: 'A', categories: 'C', price: amount, quantity: '2' },
    ['b', 'B', 'C', amount, 3n],
  ];
  const amounts = { subtotal: amount, tax: amount, shipping: amount, discount: amount };
  const { hits, problems } = job(
    ['trackOrder', { id: 17n, revenue: amount, ...amounts, items }, USER],
    ['trackGoal', '1', { ...USER, revenue: amount }],
    ['trackEvent', 'a', 'b', { ...USER, value: amount }],
    ['trackHit', { ...USER, idgoal: '2', revenue: amount, _pkp: amount }],
  );
  const text = String(read);
  expect(hits.map(({ parameters }) => parameters)).toMatchObject([
    { ec_id: '17', revenue: text, ec_st: text, ec_tx: text, ec_sh: text, ec_dt: text },
    { idgoal: '1', revenue: text },
    { e_v: text },
    { idgoal: '2', revenue: text, _pkp: text },
  ]);
  expect(JSON.parse(hits[0]?.parameters.ec_items ?? '')).toEqual([
    ['a', 'A', 'C', read, 2],
    ['b', 'B', 'C', read, 3],
  ]);
  expect(problems).toEqual([]);
});

test.each([
  ...['9,99', '1.234,50', '1,000.00', '$9.99', '9.99 EUR', '', ' ', '0x10', 'NaN', 'Infinity'],
  ...[Number.NaN, Number.POSITIVE_INFINITY, {}, [], [9.99], true, new Date(), new Decimal('9,99')],
  '9'.repeat(200),
])('%o is no amount: what it is for is left out or dropped', (amount) => {
  const invalid = [
    { sku: 'b', price: amount },
    { sku: 'c', quantity: amount },
  ];
  const { hits, ...others } = job(
    ['trackOrder', { id: 1, revenue: amount }, USER],
    ['trackGoal', 1, { ...USER, revenue: amount }],
    ['trackHit', { ...USER, idgoal: 2, revenue: amount }],
    ['trackEvent', 'a', 'b', { ...USER, value: amount }],
    ['trackOrder', { id: 2, revenue: 5, tax: amount, items: [{ sku: 'a' }, ...invalid] }, USER],
  );
  expect(others).toMatchObject({ ...INVALID, dropped: { invalid: 3 } });
  const [event, order] = hits.map(({ parameters }) => parameters);
  expect(order?.ec_items).toBe('[["a","","",0,1]]');
  expect(order).not.toHaveProperty('ec_tx');
  expect(event).not.toHaveProperty('e_v');
});

const UUID = '3F2504E0-4F89-11D3-9A0C-0305E82C3301';
const CLIENT_ID = '123456789.1234567890';
const idOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const OF_UUID = idOf(UUID.toLowerCase().replaceAll('-', ''));

test.each([
  ['0123456789ABCDEF', '0123456789abcdef'],
  [UUID, OF_UUID],
  [UUID.replaceAll('-', ''), OF_UUID],
  [CLIENT_ID, idOf(CLIENT_ID)],
  [`GA1.1.${CLIENT_ID}`, idOf(CLIENT_ID)],
])('the visitor ID %s is sent as %s, however it is set', (cid, id) => {
  const built = [
    job(['trackEvent', 'a', 'b', { cid }]),
    build({ attributes: { 'matomo.cid': cid } }),
    build({ calls: [['annotate', { cid }]] }),
    build({}, { visitorId: () => cid }),
    build({}, { beforeSend: (parameters) => ({ ...parameters, cid }) }),
  ];
  expect(built.map(({ hits }) => hits[0]?.parameters.cid)).toEqual(Array(5).fill(id));
});

test.each(['customer-17', '0123456789', `${UUID}0`, '1.2', 'GA1.1.x', '0123456789abcdefg', 17])(
  '%s is no visitor ID',
  (cid) => {
    const { hits, dropped } = job(['trackEvent', 'a', 'b', { cid }]);
    expect({ hits, dropped }).toEqual({ hits: [], dropped: { no_visitor: 1 } });
  },
);

const fail = () => {
  throw new Error('of the application');
};
const revoked = Proxy.revocable({}, {});
revoked.revoke();
/** Values that no text is made of, or that throw. */
const UNSENDABLE = [Symbol('x'), { toString: fail }, revoked.proxy];

test.each([0, 1, 2])('what cannot be sent changes nothing else: %i', (i) => {
  const value = UNSENDABLE[i];
  const { hits, problems } = build({
    calls: [
      ['annotate', { dimension1: value, cvar: { a: value, b: 10n }, action_name: value }],
      ['annotate', value],
      ['trackHit', value],
      ['trackEvent', value, value],
      ['trackEvent', 'a', 'b', { e_n: value }],
    ],
  });
  const [page, event] = hits.map(({ parameters }) => parameters);
  expect(page).toMatchObject({
    action_name: 'GET /users/:id',
    cvar: expect.stringContaining('"b","10"'),
  });
  expect(page).not.toHaveProperty('dimension1');
  expect(event?.e_a).toBe('b');
  expect(problems).toEqual(['parameter-invalid']);
});
