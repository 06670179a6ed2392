import { expect, test } from 'vitest';
import { hit, inspect, NOW, sendBulk, start, store } from './inspector-client.js';

const PAGE = 'https://a.test/a';

test.each(['2', '-1', '1e3', '16777215', ' 7 '])(
  'a hit with ping=%j is a page view',
  async (ping) => {
    expect(await store({ url: PAGE, ping })).toEqual({ type: 'page', url: PAGE });
  },
);

test('a value that does not fit is refused beside a ping that is none', async () => {
  expect(await store({ url: PAGE, ping: '4294967296', res: '//😀😀' })).toBe('refused');
});

test('names of a product are not trimmed, and lose only NUL', async () => {
  expect(await store({ url: PAGE, _pks: ' a / b ', _pkn: 'a\0b', _pkc: '\rc\r' })).toMatchObject({
    product_sku: ' a / b ',
    product_name: 'ab',
    product_cat: '\rc\r',
  });
});

test.each([
  ['  spaced ', '  spac'],
  ['ab    cd', 'ab'],
])('of the pv_id %j, the first six characters are stored as %j', async (sent, idpageview) => {
  expect(await store({ url: PAGE, pv_id: sent })).toMatchObject({ idpageview });
});

test('a blank pv_id is none', async () => {
  expect(await store({ url: PAGE, pv_id: '  ' })).not.toHaveProperty('idpageview');
});

test.each(['link', 'download'])('a %s needs no host', async (type) => {
  expect(await store({ url: PAGE, [type]: '////' })).toEqual({ type, url: '////' });
});

test('content keeps the upper-case scheme of its URL', async () => {
  const url = 'HTTP://SHOP.EXAMPLE/A';
  expect(await store({ url, c_n: 'x' })).toMatchObject({ url: 'HTTP://shop.example/A' });
  expect(await store({ url })).toMatchObject({ url: 'http://shop.example/A' });
});

test.each(['city', 'region', 'country'])('%s=0 needs no token', async (name) => {
  expect((await inspect({ url: PAGE, [name]: '0' })).verdict).toBe('tracked');
  expect((await inspect({ url: PAGE, [name]: '1' })).verdict).toBe('invalid');
});

test('a price of true in JSON is 1', async () => {
  const inspector = await start();
  await sendBulk(inspector, [{ idsite: 1, rec: 1, url: PAGE, _pks: 's', _pkp: true }]);
  expect(inspector.hits()[0]?.stored).toMatchObject({ product_price: 1 });
});

test('cdo is ignored beside a cdt that cannot be read', async () => {
  const { stored } = await inspect({ url: PAGE, cdt: '2026-13-45', cdo: '100' });
  expect(stored?.server_time).toBe(NOW);
});

test.each([
  ['uid', { uid: '#frag' }],
  ['cid', { cid: '0123456789abcdef' }],
  ['user agent', {}],
])('a value of a visit is only written when the visit starts, known by %s', async (_, visitor) => {
  const inspector = await start();
  const unfit = hit({ url: PAGE, ...visitor, pdf: '4294967296', res: 'é'.repeat(20) });
  expect((await sendBulk(inspector, [unfit])).status).toBe(500);
  expect((await sendBulk(inspector, [hit({ url: PAGE, ...visitor })])).status).toBe(200);
  expect((await sendBulk(inspector, [unfit])).status).toBe(200);
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(['refused', 'tracked', 'tracked']);
});

test('a location is also written during a visit', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ url: PAGE })]);
  const answer = await sendBulk(inspector, [hit({ url: PAGE, city: 'é'.repeat(300) })], {
    token: 'write',
  });
  expect(answer.status).toBe(500);
});
