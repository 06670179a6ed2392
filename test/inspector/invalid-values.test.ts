import { expect, test } from 'vitest';
import { store } from './inspector-client.js';

const PAGE = 'https://a.test/';

test.each<[string, Record<string, string>]>([
  ['a title cut inside a character', { action_name: `x${'é'.repeat(600)}` }],
  ['a url cut inside a character', { url: `${PAGE}${'日'.repeat(400)}` }],
  ['a search cut inside a character', { search: '日'.repeat(400) }],
  ['a keyword in the url cut inside a character', { url: `${PAGE}?q=${'日'.repeat(400)}` }],
  ['a download cut inside a character', { download: `${PAGE}${'日'.repeat(400)}` }],
  ['a link cut inside a character', { link: `${PAGE}${'日'.repeat(400)}` }],
  ['a urlref cut inside a character', { urlref: `${PAGE}${'日'.repeat(400)}` }],
  ['e_c of 4097 characters', { e_c: 'x'.repeat(4097), e_a: 'a' }],
  ['e_a of 4097 characters', { e_c: 'c', e_a: 'x'.repeat(4097) }],
  ['e_n of 4097 characters', { e_c: 'c', e_a: 'a', e_n: 'x'.repeat(4097) }],
  ['c_n of 4097 characters', { c_n: 'x'.repeat(4097) }],
  [
    'an item number of 5000 characters',
    { idgoal: '0', ec_id: 'o', ec_items: JSON.stringify([['x'.repeat(5000), 'n', 'c', 1, 1]]) },
  ],
  ['e_v of 1e309', { e_c: 'c', e_a: 'a', e_v: '1e309' }],
  ['_pkp of 1e309', { _pks: 's', _pkp: '1e309' }],
  ['search_count of 2^32', { search: 's', search_count: '4294967296' }],
  ['search_cat cut inside a character', { search: 's', search_cat: `x${'é'.repeat(150)}` }],
  ['res cut inside a character', { res: 'é'.repeat(20) }],
  ['pv_id cut inside a character', { pv_id: '😀😀' }],
  ['country cut inside a character', { country: 'éé' }],
  ['region cut inside a character', { region: 'ééé' }],
  ['city cut inside a character', { city: 'é'.repeat(300) }],
  ['lat that is not a number', { lat: '55,6' }],
  ['long of 1000', { long: '1000' }],
  ['cookie of 128', { cookie: '128' }],
  ['pdf of -129', { pdf: '-129' }],
  ['cdt of 2^63', { cdt: '9223372036854775808' }],
])('%s is refused', async (_, parameters) => {
  expect(await store(parameters, { token: 'write' })).toBe('refused');
});

test.each<[string, Record<string, string>, object]>([
  ['a title of 1025 bytes is cut', { action_name: 'x'.repeat(1025) }, { title: 'x'.repeat(1024) }],
  [
    'a title is cut between characters',
    { action_name: 'é'.repeat(600) },
    { title: 'é'.repeat(512) },
  ],
  [
    'a title is cut after escaping',
    { action_name: '&'.repeat(300) },
    { title: `${'&amp;'.repeat(204)}&amp` },
  ],
  [
    'a url is cut with its scheme',
    { url: `${PAGE}${'p'.repeat(2000)}` },
    { url: `${PAGE}${'p'.repeat(1009)}` },
  ],
  [
    '4096 characters of an event are kept',
    { e_c: 'c', e_a: 'é'.repeat(4096) },
    { event_action: 'é'.repeat(4096) },
  ],
  [
    'search_cat is cut to 200 bytes',
    { search: 's', search_cat: 'é'.repeat(150) },
    { search_cat: 'é'.repeat(100) },
  ],
  [
    'search_count of 2^63 is ignored',
    { search: 's', search_count: '9223372036854775808' },
    { type: 'search' },
  ],
  ['pv_id is cut to 6', { pv_id: 'abcdefgh' }, { idpageview: 'abcdef' }],
  ['lat of 0 is none', { lat: '0' }, { type: 'none' }],
  ['lat may have spaces', { lat: ' 55.6 ' }, { type: 'none' }],
  ['cdo beyond 64 bits is safe', { cdo: '9223372036854775808' }, { type: 'none' }],
  [
    'a title is not cut on an event',
    { e_c: 'c', e_a: 'a', action_name: `x${'é'.repeat(600)}` },
    { type: 'event' },
  ],
])('%s', async (_, parameters, expected) => {
  expect(await store(parameters, { token: 'write' })).toMatchObject(expected);
});
