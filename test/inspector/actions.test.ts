import { expect, test } from 'vitest';
import { inspect, store } from './inspector-client.js';

const URL_A = 'https://a.test/a';

test.each<[string, string, string]>([
  ...['q', 'query', 's', 'search', 'searchword', 'k', 'keyword', 'keywords', 'Q', 'KeyWord'].map(
    (name): [string, string, string] => [`?${name}=`, `https://a.test/?${name}=shoes`, 'shoes'],
  ),
  ['?q[]=', 'https://a.test/?q[]=shoes', 'shoes'],
  [';q=', 'https://a.test/find;q=shoes', 'shoes'],
  ['#q=', 'https://a.test/#q=shoes', 'shoes'],
  ['#/?q=', 'https://a.test/#/?q=shoes', 'shoes'],
  ['no scheme', 'a.test/?q=shoes', 'shoes'],
  ['another host', 'https://other.test/?q=shoes', 'shoes'],
  ['decoded and trimmed', 'https://a.test/?q=+%C3%A5%20b+', 'å b'],
])('a url with %s is a site search without URL, title and timing', async (_, url, search) => {
  expect(await store({ url, action_name: 't', pf_srv: '12', dimension1: 'GET' })).toEqual({
    type: 'search',
    search,
    search_cat: '',
    custom_dimension_1: 'GET',
  });
});

test.each(['?q=', '?q=0', '?q=%20', '?q', '?a=1;q=x', '?search_term=x', '?qs=x'])(
  'a url with %s is a page view',
  async (query) => {
    expect(await store({ url: `https://a.test/${query}` })).toMatchObject({
      type: 'page',
      url: `https://a.test/${query}`,
    });
  },
);

test.each<[string, Record<string, string>, object]>([
  ['search', { search: ' shoes ' }, { type: 'search', search: 'shoes', search_cat: '' }],
  ['search escaped', { search: '<b>' }, { type: 'search', search: '&lt;b&gt;', search_cat: '' }],
  ['search=0', { search: '0' }, { type: 'none' }],
  [
    'category and count',
    { search: 's', search_cat: 'c', search_count: '5' },
    { type: 'search', search: 's', search_cat: 'c', search_count: 5 },
  ],
  [
    'a negative count',
    { search: 's', search_count: '-1' },
    { type: 'search', search: 's', search_cat: '' },
  ],
  [
    'category and count beside a url search',
    { url: 'https://a.test/?q=s', search_cat: 'c', search_count: '5' },
    { type: 'search', search: 's', search_cat: '' },
  ],
  [
    'an event, its URL but no title',
    { e_c: 'c', e_a: 'a', url: URL_A, action_name: 't' },
    { type: 'event', event_category: 'c', event_action: 'a', url: URL_A },
  ],
  [
    'name and value',
    { e_c: 'c', e_a: 'a', e_n: ' n ', e_v: '-3.5' },
    { type: 'event', event_category: 'c', event_action: 'a', event_name: 'n', custom_float: -3.5 },
  ],
  ['only e_a is a page view', { e_a: 'a', url: URL_A }, { type: 'page', url: URL_A }],
  ['only e_c is a page view', { e_c: 'c', url: URL_A }, { type: 'page', url: URL_A }],
  [
    'e_c with an empty e_a is a page view',
    { e_c: 'c', e_a: '', url: URL_A },
    { type: 'page', url: URL_A },
  ],
  [
    'e_c=0 is an event without that text',
    { e_c: '0', e_a: 'a' },
    { type: 'event', event_action: 'a' },
  ],
  [
    'a download as sent',
    { download: 'https://A.test/f?sid=1&utm_source=s#f' },
    { type: 'download', url: 'https://A.test/f?sid=1&amp;utm_source=s#f' },
  ],
  ['a download without a scheme', { download: '/f.zip', action_name: 't' }, { type: 'none' }],
  ['a link', { link: 'https://b.test/<b>' }, { type: 'link', url: 'https://b.test/&lt;b&gt;' }],
  ['a link to mailto:', { link: 'mailto:a@a.test' }, { type: 'none' }],
  [
    'content',
    { c_n: 'n', c_p: 'p', c_t: 'https://t.test/', c_i: 'click', url: URL_A },
    {
      type: 'content',
      content_name: 'n',
      content_piece: 'p',
      content_target: 'https://t.test/',
      content_interaction: 'click',
      url: URL_A,
    },
  ],
  ['only c_i is a page view', { c_i: 'click', url: URL_A }, { type: 'page', url: URL_A }],
  [
    'download before link',
    { download: URL_A, link: 'https://b.test/' },
    { type: 'download', url: URL_A },
  ],
  ['link before event', { link: URL_A, e_c: 'c', e_a: 'a' }, { type: 'link', url: URL_A }],
  [
    'event before content',
    { e_c: 'c', e_a: 'a', c_n: 'n' },
    { type: 'event', event_category: 'c', event_action: 'a' },
  ],
  ['content before search', { c_n: 'n', search: 's' }, { type: 'content', content_name: 'n' }],
  [
    'event before a search in the url',
    { e_c: 'c', e_a: 'a', url: 'https://a.test/?q=s' },
    { type: 'event', event_category: 'c', event_action: 'a', url: 'https://a.test/?q=s' },
  ],
  [
    'a product view',
    { _pks: 's', _pkn: 'n', _pkp: '1,5', _pkc: '["a","b"]' },
    {
      type: 'none',
      product_sku: 's',
      product_name: 'n',
      product_price: 1,
      product_cat: 'a',
      product_cat2: 'b',
    },
  ],
  ['revenue alone', { revenue: '5', url: URL_A }, { type: 'page', url: URL_A }],
  ['cra without ca', { cra: 'Boom', url: URL_A }, { type: 'page', url: URL_A }],
  [
    'unknown parameters',
    { foo: 'bar', http_status: '404', recmode: '1', url: URL_A },
    { type: 'page', url: URL_A },
  ],
])('%s', async (_, parameters, stored) => {
  expect(await store(parameters)).toEqual(stored);
});

test.each([
  ['1', 1],
  ['+4', 4],
  ['.5', 0.5],
  ['5.', 5],
  ['1e20', 1e20],
  ['12345678901234567890', 12_345_678_901_235_000_000],
  ['1,5', 1],
  ['abc', 0],
  ['1.5abc', 0],
  [' 2 ', 0],
  ['0x10', 0],
  ['INF', 0],
  ['', undefined],
])('e_v=%s is stored as %s', async (sent, stored) => {
  expect((await inspect({ e_c: 'c', e_a: 'a', e_v: sent })).stored?.custom_float).toBe(stored);
});
