import { expect, test } from 'vitest';
import { hit, inspect, sendBulk, start, store } from './inspector-client.js';

const URL_A = 'https://a.test/a';

test.each([
  ['a&lt;b', 'a<b'],
  ['&amp;lt;', '&lt;'],
  ['<b>', '<b>'],
])('HTML entities in custom variables are decoded once: %s', async (sent, stored) => {
  const cvar = JSON.stringify({ 1: [sent, `v${sent}`] });
  expect(await store({ url: URL_A, cvar })).toMatchObject({
    custom_var_k1: stored,
    custom_var_v1: `v${stored}`,
  });
});

test.each([
  ['/a;m=1?b=2', '/a?m=1&b=2'],
  ['/a;m=1;n', '/a?m=1&n'],
  ['/a;m=1/b', '/a?m=1/b'],
  ['/a?b=1;c=2', '/a?b=1;c=2'],
  ['/a;m=1?b=2;c=3', '/a?m=1&b=2&c=3'],
  ['/a?x&a[]&a[]=1&b=2', '/a?x&a[]&a[]=1&b=2'],
  ['/a?a%5Bb%5D=', '/a?a[b]='],
])('the path parameters and lists of %s are stored as %s', async (sent, stored) => {
  expect(await store({ url: `https://a.test${sent}` })).toEqual({
    type: 'page',
    url: `https://a.test${stored}`,
  });
});

test('`;` separates in the query of a URL with path parameters, also before a search keyword', async () => {
  expect(await store({ url: 'https://a.test/a;m=1?b=1;q=x' })).toMatchObject({
    type: 'search',
    search: 'x',
  });
  expect(await store({ url: 'https://a.test/a?b=1;q=x' })).toMatchObject({ type: 'page' });
});

test('product columns are stored with their HTML characters as they are', async () => {
  expect(
    await store({ url: URL_A, _pks: '<s>', _pkn: 'a &amp; "b"', _pkc: ' <c> ' }),
  ).toMatchObject({ product_sku: '<s>', product_name: 'a & "b"', product_cat: ' <c> ' });
});

test('a list of product categories is not trimmed, and empty ones do not count', async () => {
  const stored = await store({ url: URL_A, _pks: 's', _pkc: '[" <a> ","","0",5,"b"]' });
  expect(stored).toMatchObject({ product_cat: ' <a> ', product_cat2: '5', product_cat3: 'b' });
});

test.each(['["a"', '["a",]'])(
  'a `_pkc` that begins as a list and is no JSON is dropped: %s',
  async (sent) => {
    const stored = await store({ url: URL_A, _pks: 's', _pkc: sent });
    expect(stored).toMatchObject({ product_sku: 's' });
    expect(stored).not.toHaveProperty('product_cat');
  },
);

test('a search keyword in the URL that is not UTF-8 is stored URL-encoded', async () => {
  const inspector = await start();
  const url = (keyword: string) => encodeURIComponent(`https://a.test/?q=${keyword}`);
  await sendBulk(inspector, [
    `?idsite=1&rec=1&url=${url('%FF')}`,
    `?idsite=1&rec=1&url=${url('a+b%2f%FFc')}`,
    `?idsite=1&rec=1&url=${url('caf%C3%A9')}`,
  ]);
  expect(inspector.hits().map(({ stored }) => stored?.search)).toEqual([
    '%FF',
    'a+b%2F%FFc',
    'café',
  ]);
});

test('`0` is an empty search category, no content and no event category', async () => {
  expect(await store({ url: URL_A, search: 's', search_cat: '0' })).toEqual({
    type: 'search',
    search: 's',
    search_cat: '',
  });
  expect(await store({ url: URL_A, c_n: '0' })).toEqual({ type: 'page', url: URL_A });
  expect(await store({ url: URL_A, c_n: '0', search: 's' })).toMatchObject({ type: 'search' });
  expect(await store({ url: URL_A, e_c: '0', e_a: 'a' })).toEqual({
    type: 'event',
    url: URL_A,
    event_action: 'a',
  });
});

test('page views and contents share the row of a URL, with the scheme of the first', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ url: 'http://www.a.test/a' })]);
  await sendBulk(inspector, [hit({ url: 'https://a.test/a', c_n: 'banner' })]);
  await sendBulk(inspector, [hit({ url: 'https://a.test/b', c_n: 'banner' })]);
  await sendBulk(inspector, [hit({ url: 'http://a.test/b' })]);
  expect(inspector.hits().map(({ stored }) => stored?.url)).toEqual([
    'http://www.a.test/a',
    'http://www.a.test/a',
    'https://a.test/b',
    'https://a.test/b',
  ]);
});

test('a ping with an unknown goal is invalid', async () => {
  expect((await inspect({ ping: '1', idgoal: '99' })).verdict).toBe('invalid');
  expect((await inspect({ ping: '1', idgoal: '1' })).verdict).toBe('tracked');
  expect((await inspect({ ping: '1' })).verdict).toBe('tracked');
});
