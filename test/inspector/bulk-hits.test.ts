import { expect, test } from 'vitest';
import { hit, NOW, sendBulk, start } from './inspector-client.js';

const GOOD = hit({ action_name: 'x' });

test.each<[string, unknown, string]>([
  ['a query string', GOOD, '1/0 stored'],
  ['one after a path', `/matomo.php${GOOD}`, '1/0 stored'],
  ['one after an address', `http://h.test/matomo.php${GOOD}`, '1/0 stored'],
  ['one without ? vanishes uncounted', GOOD.slice(1), '0/0'],
  ['an empty string', '', '0/0'],
  ['// without a host', `//${GOOD}`, '0/0'],
  ['an object of strings', { idsite: '1', rec: '1' }, '1/0 stored'],
  ['rec true', { idsite: 1, rec: true }, '1/0 stored'],
  ['rec missing', { idsite: 1 }, '1/0'],
  ['{} is tracked', {}, '1/0'],
  ['null is tracked', null, '1/0'],
  ['5 is tracked', 5, '1/0'],
  ['a list in the list', [GOOD], '0/1'],
  ['rec=0 does not save a bad site', '?idsite=9&rec=0', '0/1'],
  ['rec=0 does not save cip without a token', hit({ rec: '0', cip: '192.0.2.1' }), '0/1'],
])('%s', async (_, element, expected) => {
  const inspector = await start();
  const answer = await sendBulk(inspector, [element]);
  const { tracked, invalid } = (await answer.json()) as { tracked: number; invalid: number };
  const stored = inspector.hits().some((inspected) => inspected.stored !== null) ? ' stored' : '';
  expect(`${tracked}/${invalid}${stored}`).toBe(expected);
});

test.each([
  ['2', true],
  ['01', true],
  ['-1', true],
  [' 1', true],
  ['0', false],
  ['true', false],
  ['yes', false],
  ['1abc', false],
])('rec=%s is stored: %s', async (rec, stored) => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ rec })]);
  expect(inspector.hits()[0]?.stored !== null).toBe(stored);
});

test('objects may hold numbers and a nested cvar; lists, null and booleans are not text', async () => {
  const inspector = await start();
  await sendBulk(inspector, [
    {
      idsite: 1,
      rec: 1,
      pf_srv: 12,
      dimension1: 5,
      dimension2: true,
      action_name: ['x'],
      cvar: { 1: ['a', 'b'] },
    },
    { idsite: 1, rec: 1, pf_srv: 12.7, url: null },
  ]);
  expect(inspector.hits().map(({ stored }) => stored)).toEqual([
    {
      type: 'none',
      idsite: 1,
      server_time: NOW,
      time_server: 12,
      custom_dimension_1: '5',
      custom_var_k1: 'a',
      custom_var_v1: 'b',
    },
    { type: 'none', idsite: 1, server_time: NOW },
  ]);
});

test.each<[string, string[], string | undefined, string[]]>([
  ['per hit', [hit({ cip: '192.0.2.1', token_auth: 'write' })], undefined, ['tracked']],
  [
    'only in another hit',
    [hit({ token_auth: 'write' }), hit({ cip: '192.0.2.1' })],
    undefined,
    ['tracked', 'invalid'],
  ],
  [
    'good on top, wrong in the hit',
    [hit({ cip: '192.0.2.1', token_auth: 'x' })],
    'write',
    ['tracked'],
  ],
  [
    'wrong on top, good in the hit',
    [hit({ cip: '192.0.2.1', token_auth: 'write' })],
    'x',
    ['invalid'],
  ],
  [
    'for another site',
    [hit({ idsite: '3', cip: '192.0.2.1' }), hit({ cip: '192.0.2.1' })],
    'write',
    ['invalid', 'tracked'],
  ],
  ['of a view user', [hit({ cip: '192.0.2.1' })], 'view', ['invalid']],
])('a token %s', async (_, hits, token, verdicts) => {
  const inspector = await start();
  await sendBulk(inspector, hits, token === undefined ? {} : { token });
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(verdicts);
});

test('a bearer token is not read', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ cip: '192.0.2.1' })], {
    headers: { Authorization: 'Bearer write' },
  });
  expect(inspector.hits()).toMatchObject([{ verdict: 'invalid' }]);
});

test('a failed bulk says of every hit that it was rolled back', async () => {
  const inspector = await start();
  await sendBulk(inspector, [GOOD, hit({ ca: '1' }), GOOD]);
  expect(inspector.hits()).toMatchObject([
    { verdict: 'refused', reason: expect.stringContaining('rolled back'), stored: null },
    { verdict: 'refused', reason: expect.stringContaining('ca') },
    { verdict: 'refused', reason: expect.stringContaining('rolled back'), stored: null },
  ]);
});

test('nothing de-duplicates', async () => {
  const inspector = await start();
  await sendBulk(inspector, [GOOD, GOOD, GOOD]);
  expect(inspector.hits().filter(({ stored }) => stored !== null)).toHaveLength(3);
});

test('a price of true in JSON is 1', async () => {
  const inspector = await start();
  const url = 'https://a.test/a';
  await sendBulk(inspector, [{ idsite: 1, rec: 1, url, _pks: 's', _pkp: true }]);
  expect(inspector.hits()[0]?.stored).toMatchObject({ product_price: 1 });
});
