import { expect, test } from 'vitest';
import { hit, inspect, sendBulk, start, store } from './inspector-client.js';

const URL_A = 'https://a.test/a';
const GOAL = 'a conversion, not an action';

test.each<[string, Record<string, string>]>([
  ['a blank e_a', { e_c: 'c', e_a: '  ' }],
  ['a blank e_c', { e_c: '  ', e_a: 'a' }],
  ['a blank c_n', { c_n: '  ' }],
  ['an unknown goal', { idgoal: '77' }],
])('%s makes the hit invalid', async (_, parameters) => {
  expect(await inspect(parameters)).toMatchObject({ verdict: 'invalid', stored: null });
});

test.each<[string, Record<string, string>, string]>([
  ['a goal', { idgoal: '1', url: URL_A }, GOAL],
  ['a goal wins over an event', { idgoal: ' 1', e_c: ' ', e_a: ' ' }, GOAL],
  [
    'an order, also without e-commerce',
    { idgoal: '0', ec_id: 'o', revenue: '5' },
    'an order or a cart, not an action',
  ],
  ['a cart', { idgoal: '0', revenue: '5' }, 'an order or a cart, not an action'],
  ['a ping', { ping: '1', e_c: 'c', e_a: 'a' }, 'a ping'],
])('%s is tracked without an action', async (_, parameters, reason) => {
  expect(await inspect(parameters)).toMatchObject({ verdict: 'tracked', reason, stored: null });
});

test.each(['-1', 'abc', '1.5', '', '9223372036854775808'])(
  'idgoal=%s is a page view',
  async (idgoal) => {
    expect(await store({ idgoal, url: URL_A })).toEqual({ type: 'page', url: URL_A });
  },
);

test('an order is taken once, unless its bulk was rolled back', async () => {
  const inspector = await start();
  const order = hit({ idgoal: '0', ec_id: 'o-1', revenue: '5' });
  await sendBulk(inspector, [order, hit({ ca: '1' })]);
  await sendBulk(inspector, [order]);
  await sendBulk(inspector, [order]);
  expect(
    inspector
      .hits()
      .slice(2)
      .map(({ verdict }) => verdict),
  ).toEqual(['tracked', 'invalid']);
});

test.each<[string, Record<string, string>, string]>([
  ['a page view', { ca: '1' }, 'refused'],
  ['a page view, any integer', { ca: '2', url: URL_A }, 'refused'],
  ['a goal', { ca: '1', idgoal: '1' }, 'refused'],
  ['an unknown goal', { ca: '1', idgoal: '77' }, 'refused'],
  ['an order', { ca: '1', idgoal: '0', ec_id: 'o' }, 'refused'],
  ['a ping', { ca: '1', ping: '1' }, 'refused'],
  ['an event', { ca: '1', e_c: 'c', e_a: 'a' }, 'tracked'],
  ['a search', { ca: '1', search: 's' }, 'tracked'],
  ['a search in the url', { ca: '1', url: 'https://a.test/?q=s' }, 'tracked'],
  ['a link', { ca: '1', link: URL_A }, 'tracked'],
  ['a download', { ca: '1', download: URL_A }, 'tracked'],
  ['content', { ca: '1', c_n: 'n' }, 'tracked'],
  ['ca=0', { ca: '0' }, 'tracked'],
])('ca on %s', async (_, parameters, verdict) => {
  expect(await inspect(parameters)).toMatchObject({ verdict });
});
