import { expect, test } from 'vitest';
import { store } from './inspector-client.js';

test.each([
  ['0', 0],
  ['1', 1],
  ['1e3', 1000],
  [' 12', 12],
  ['12 ', 12],
  ['+7', 7],
  ['012', 12],
  ['-0', 0],
  ['1.5e3', 1500],
  ['12.0', 12],
  ['16777215', 16_777_215],
])('pf_srv=%s is stored as %d', async (sent, stored) => {
  expect(await store({ pf_srv: sent })).toEqual({ type: 'none', time_server: stored });
});

test.each([
  '0.4',
  '12.7',
  '-1.5',
  'abc',
  '',
  '-1',
  '16777216',
  '99999999',
  '1e400',
  '0x10',
  '1,000',
  '٣',
])('pf_srv=%s is dropped, the hit stored', async (sent) => {
  expect(await store({ pf_srv: sent })).toEqual({ type: 'none' });
});

test.each(['-2', '-5', '-100'])('pf_srv=%s rejects the hit', async (sent) => {
  expect(await store({ pf_srv: sent })).toBe('invalid');
});

test.each([
  ['pf_net', 'time_network'],
  ['pf_srv', 'time_server'],
  ['pf_tfr', 'time_transfer'],
  ['pf_dm1', 'time_dom_processing'],
  ['pf_dm2', 'time_dom_completion'],
  ['pf_onl', 'time_on_load'],
])('%s is stored as %s', async (parameter, column) => {
  expect(await store({ [parameter]: '12' })).toEqual({ type: 'none', [column]: 12 });
  expect(await store({ [parameter]: '-2' })).toBe('invalid');
});

test('gt_ms is not stored', async () => {
  expect(await store({ gt_ms: '12' })).toEqual({ type: 'none' });
});

test.each<[string, Record<string, string>, object]>([
  ['an event', { e_c: 'c', e_a: 'a' }, { type: 'event', event_category: 'c', event_action: 'a' }],
  ['a download', { download: 'https://a.test/f' }, { type: 'download', url: 'https://a.test/f' }],
  ['a link', { link: 'https://b.test/' }, { type: 'link', url: 'https://b.test/' }],
  ['a search', { search: 's' }, { type: 'search', search: 's', search_cat: '' }],
  [
    'a search in the url',
    { url: 'https://a.test/?q=s' },
    { type: 'search', search: 's', search_cat: '' },
  ],
  ['content', { c_n: 'n' }, { type: 'content', content_name: 'n' }],
])('%s has no timings, and a negative one does it no harm', async (_, parameters, stored) => {
  expect(await store({ ...parameters, pf_srv: '12' })).toEqual(stored);
  expect(await store({ ...parameters, pf_srv: '-5' })).toEqual(stored);
});
