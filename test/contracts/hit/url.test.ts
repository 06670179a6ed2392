import type { Facts } from '../doors/build.js';
import { golden } from './golden.js';

const at = (path: string, query?: string) => ({
  path,
  ...(query !== undefined && { query }),
  route: '',
});

const TEMPLATE = { urlPaths: 'template' } as const;
/** Strict, but for what is no referrer. */
const ORIGINS = { privacy: 'strict', urlPaths: 'full', anonymizeIp: 0, visitorKey: 'key' } as const;
const LONG = `a=1${`&b=${'x'.repeat(90)}`.repeat(10)}`;
const LONG_PATH = '/a'.repeat(498);
const NOT_ASSUMED = { assumeHttps: false };

/** A request whose URL has this path. */
const sent = (facts: Facts, path: string, action_name?: string) => ({
  facts,
  page: { url: `https://shop.example.org${path}`, ...(action_name && { action_name }) },
});

golden([
  { name: 'the base hit' },
  { facts: { query: '' } },
  sent(at('/a%2Fb/ü"#|^$'), '/a%2Fb/%C3%BC%22%23%7C%5E$'), // what no URL may hold is encoded
  { facts: at('/-.~:!$&()*+,[]/%41'), page: { action_name: 'GET /-.~:!$&()*+,[]/A' } },
  sent({ ...at('*'), method: 'OPTIONS' }, '/'),
  // Queries: searches are removed, in any case, also as arrays and encoded; entities are separators as Matomo reads them.
  ...(
    [
      ['q=1&Query=2&s=3&search=4&k=6&keyword=7&q[]=9&%71=10&kw=11&qq=12', 'kw=11&qq=12'],
      ['a=1&amp;q=2&amp;amp;b=3&lt;q=4;q=5;c=6', 'a=1&b=3&redacted'],
      [`${LONG}&c=${'y'.repeat(60)}&d=2`, LONG],
      ['a=1&b=2&a[]=3&c;d&a=4;e;b=5&token=x', 'a=1&a[]=3&a=4%3Be%3Bb=5&token=x', ['a', 'token']],
    ] as const
  ).map(([query, sent, names]) => ({
    name: `the query ${query.slice(0, 60)}`,
    facts: { query },
    options: names ? { query: names } : {},
    page: { url: `https://shop.example.org/users/42?${sent}` },
  })),
  // A path that is too long is cut, and not inside of an escape.
  sent(at(`${LONG_PATH}/a%41%42`, 'x=1'), `${LONG_PATH}/a`, `GET ${LONG_PATH}/aAB`),
  // Scheme and port: of the listener, a Host header, and the option assumeHttps.
  ...(
    [
      ['localhost:3000', {}, 'http://localhost:3000'],
      ['10.1.2.3:80', {}, 'http://10.1.2.3'],
      ['8.8.8.8', {}, 'https://8.8.8.8'],
      ['shop.example.org', NOT_ASSUMED, 'http://shop.example.org'],
      ['shop.example.org:443', {}, 'https://shop.example.org'],
      ['shop.example.org:443', NOT_ASSUMED, 'http://shop.example.org:443'],
      ['shop.example.org:8443', {}, 'https://shop.example.org:8443'],
      ['a b/c', {}, 'https://localhost'],
      ['shop.example.org:99999', {}, 'https://localhost'],
    ] as const
  ).map(([host, options, origin]) => ({
    facts: { headers: { host } },
    options,
    page: { url: `${origin}/users/42` },
  })),
  {
    facts: {
      scheme: 'https',
      headers: { host: undefined },
      attributes: { 'server.address': '2001:db8::1', 'server.port': 80 },
    },
    page: { url: 'https://[2001:db8::1]/users/42' },
  },
  {
    name: 'baseUrl',
    facts: { path: '/a', route: '', headers: { host: 'internal' }, query: 'x=1' },
    options: { baseUrl: 'https://www.example.org/shop/' },
    page: { url: 'https://www.example.org/shop/a?x=1' },
  },
  { ...sent({ route: 'users/:id?' }, '/users/:id', 'GET /users/:id'), options: TEMPLATE },
  {
    ...sent(at('/users/42/ada@example.org'), '/users/:id/redacted', 'GET /users/:id/redacted'),
    options: TEMPLATE,
  },
  // Paths that were refused have no query, and only those of endpoints that need a permission stay.
  ...(
    [
      [400, '/x', '/bad-request', 'Bad Request'],
      [404, '/wp-login.php', '/not-found', 'Not Found'],
      [405, '/x', '/method-not-allowed', 'Method Not Allowed'],
      [403, '/x/7', '/x/:id?x=1', 'Forbidden'],
    ] as const
  ).map(([status, path, shown, title]) => ({
    ...sent({ ...at(path, 'x=1'), status }, shown, `GET ${title}`),
    options: TEMPLATE,
  })),
  // A document of GraphQL is no search.
  { ...sent(at('/graphql', 'query=%7Ba%7D&x=1'), '/graphql?x=1'), options: { siteSearch: true } },
  // Referrers: what the client sends, and what of it is sent.
  ...(
    [
      ['https://ref.example/a?x=1#f', {}, 'https://ref.example/a?x=1'],
      [
        'https://u:p@ref.example/token/9fK2mQ7x?q=shoes&token=1&_rsc=2',
        { query: 'keep' },
        'https://ref.example/token/redacted?q=shoes&token=redacted',
      ],
      ['https://ref.example/a?x=1&y=2', { query: ['x'] }, 'https://ref.example/a?x=1'],
      ['https://u:p@ref.example:8080/a?x=1', ORIGINS, 'https://ref.example:8080/'],
      ['android-app://com.example.app/', ORIGINS, 'android-app://com.example.app/'],
      ['/a?x=1', ORIGINS, null],
      [Buffer.from('https://ref.example/ü').toString('latin1'), {}, 'https://ref.example/ü'],
    ] as const
  ).map(([referer, options, urlref]) => ({
    facts: { headers: { referer } },
    options,
    page: { urlref },
  })),
  { facts: { calls: [['annotate', { url: '/a' }]] }, problems: ['parameter-invalid'] },
]);
