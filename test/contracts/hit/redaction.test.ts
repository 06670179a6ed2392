import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { words } from '../../support/words.js';
import { build, type MatomoOptions } from '../doors/build.js';
import { golden } from './golden.js';

const linesOf = (file: string) =>
  readFileSync(`${ROOT}test/fixtures/${file}`, 'utf8').trim().split('\n');

/** Tokens and keys as their services make them. */
const NPM = 'npm_4fK2mQ7xT9vB1nL6pR3sW8zD5hJ0cY2aGt4E';
const DJANGO = 'dilbc0-3f9a1c2b4d5e6f708192a3b4c5d6e7f8';
const SHA1 = '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12';
const UUID = '123e4567-e89b-12d3-a456-426614174000';
const ULID = '01M8PJNRGESS0DCAGCW1W2CE2W';
const XID = '9m4e2mr0ui3e8a215n4g';

/** What is sent of a path in URLs, and in titles if that differs. */
const rowOf = (path: string, sent: string, title: string = sent) => ({ path, sent, title });

// Which values are secrets: secrets.test.ts. Here, what is sent instead.
const SECRET = [
  // The last segment is marked: what is not plain, by its form, and after a secret word.
  ...words(`
    /%E2%80%8Btoken /img/logo@2x.png /a%00b /a%E2%80%AEb /x/%252541 /x/a=b /x/{a} /x/a\\b
    /sk-hynix-memory-chips-2026 /pay/4111-1111-1111-1111 /a/sk_live_51abcdefghijklmn
    /about/a1b2c3d4e5g6h7i8j9k0a1b2c3d4e5g6h /about/token_${ULID} /about/key_${XID}
    /pw/7 /sso/7 /motdepasse/7 /authentication/7 /passwor-t/7 /tok-en/7 /to2ken/7 /x-pw/7 /APIKey/7 /token/v1234
    /calendar/kX3vQ9bT2mN7pL5wZ8rY.ics /a/kX3vQ9bT2mN7pL5wZ8rY~1 /a/glpat-abcdefghijklmnopqrst /a/ada%u0040example.org
    /invite/ada:Sommer72 /reset-password/a,9fK2mQ7x /x/ada:Geheim@10.0.0.1
    /verify-email/7 /session/42 /sessionState/42 /reset_password/${ULID} /reset_password/user_${XID}
  `).map((path) => rowOf(path, path.replace(/[^/]*$/, 'redacted'))),
  rowOf(`/x/${'a b '.repeat(76)}`, '/x/redacted'),
  rowOf('/fetch/https://user:pw@intern/a', '/fetch/https://redacted/a'),
  rowOf('//user@intern:8080/a', '//redacted/a'),
  rowOf('/fetch/http://ada:hunter2x@10.0.0.1/a', '/fetch/http://redacted/a'),
  rowOf('/reset%2Dpassword/9fK2mQ7x', '/reset%2Dpassword/redacted', '/reset-password/redacted'),
  rowOf('/cod%C3%A9/7', '/cod%C3%A9/redacted', '/codé/redacted'),
  rowOf(`/email/verify/7/${SHA1}`, '/email/verify/redacted/redacted'),
  rowOf(`/accounts/reset/MTA1/${DJANGO}/`, '/accounts/reset/redacted/redacted/'),
  rowOf('/invite/abc123;rest/accept', '/invite/redacted/accept'),
  rowOf(
    '/api/webhooks/1234567890/abc1_def/a/7',
    '/api/webhooks/redacted/redacted/a/7',
    '/api/webhooks/redacted/redacted/a/:id',
  ),
  rowOf('/a;token=1&b=2;c/x', '/a/x'),
];

/** Paths, also in titles, and queries that are sent as they are. */
const KEPT_URLS = linesOf('kept-urls.txt');

const KEPT = [
  ...KEPT_URLS.filter((url) => url.startsWith('/')).map((path) => rowOf(path, path)),
  ...words(
    'sessions email mail emails status-code private-beta sign-in/reset/hello users/oauth2',
  ).map((word) => rowOf(`/${word}/4`, `/${word}/4`, `/${word}/:id`)),
  ...['/queue/email', '/items'].map((path) =>
    rowOf(`${path}/${UUID.toUpperCase()}`, `${path}/${UUID.toUpperCase()}`, `${path}/:uuid`),
  ),
  ...words(`
    ${SHA1} 507f1f77bcf86cd799439011 ${ULID} ${XID} prod_${ULID} cus_${XID}
    jxn8odzg4qvcyb3fdi46jimz cjld2cjxh0000qzrmn831i7rn user_01h455vb4pex5vsknk084sn02q
  `).map((id) => rowOf(`/commits/${id}`, `/commits/${id}`, '/commits/:id')),
  rowOf('/c++/17', '/c++/17', '/c++/:id'),
  rowOf('/tags/c%23', '/tags/c%23', '/tags/c#'),
  rowOf('/a%E2%80%93b', '/a%E2%80%93b', '/a–b'),
  rowOf('/100%25', '/100%25', '/100%'),
  rowOf('/a/%22b%22', '/a/%22b%22', '/a/"b"'),
];

const ORIGIN = 'https://shop.example.org';

function parametersOf(facts: Parameters<typeof build>[0], options: MatomoOptions = {}) {
  return build({ route: '', ...facts }, options).hits[0]?.parameters ?? {};
}

test.each([...SECRET, ...KEPT])('of the path $path, $sent is sent', ({ path, sent, title }) => {
  const facts = { path, headers: { referer: `https://ref.example${path}` } };
  const dimensions = { 1: 'url.path', 2: 'http.request.header.referer' };
  expect(parametersOf(facts, { dimensions, staticFiles: 'track' })).toMatchObject({
    url: ORIGIN + sent,
    urlref: `https://ref.example${sent}`,
    action_name: `GET ${title}`,
    dimension1: sent,
    dimension2: `https://ref.example${sent}`,
  });
});

test('a value is marked behind its name wherever a URL has it', () => {
  const pair = 'session_state=a1';
  const query = `a=1;${pair}&${pair}&q=${encodeURIComponent(pair)}&next=%2Fa%3Fsession_state%3Da1`;
  const responseHeaders = { location: `/a?${pair}` };
  const options = { siteSearch: true, dimensions: { 1: 'http.response.header.location' } };
  const path = `/a;${pair}/${pair}/b`;
  expect(parametersOf({ path, query, responseHeaders }, options)).toMatchObject({
    url: `${ORIGIN}/a/redacted/b?a=redacted&session_state=redacted&q=redacted&next=redacted`,
    dimension1: '/a?session_state=redacted',
  });
});

const REDACTED_QUERIES: readonly (readonly [query: string, sent: string])[] = [
  ['email=a&m=ada%40example.org&n=ada@example', 'email=redacted&m=redacted&n=redacted'],
  ['token=s3;cret==;b=2', 'token=redacted'],
  ['token=1;rest&amp;token=2', 'token=redacted&token=redacted'],
  ['a%5Btoken%5D=3&token[]=4', 'a%5Btoken%5D=redacted&token[]=redacted'],
  ['to%6ben%=1&%2574oken=s3cret', 'redacted&redacted'],
  ['ada@example.org&token=&=1&a', 'redacted&token=redacted&=1&a'],
  ['has%C5%82o=2&pa%C3%9Fwort=4', 'has%C5%82o=redacted&pa%C3%9Fwort=redacted'],
  ['x%3Ftoken%3Ds3cret=1&%3Ftoken%3Ds3cret', 'redacted&redacted'],
  ['Bearer%20s3cret&token:s3cret', 'redacted&redacted'],
  ['t%E9l%E9phone=1', 't%E9l%E9phone=redacted'],
  // What is not plain, although it is usual; credentials, and paths inside of a value.
  ...words(`
    https%3A%2F%2Fauth.example.org%3A8443%2Fcb //a.example:8080/users/42 https:/a.example %2Fx%3Fpage%3D2 city%20eq%20'Berlin'
    %7B%22a%22%3A1%7D %3Ca%3E1%3C/a%3E a%3Bb a=b a%5Cb eyJwYWdlIjoyfQ== %252541 x|token|abc1 sk-hynix-memory-chips-2026
    4111%201111%201111%201111 378282246310005 +4917612345678 whatsapp:+4917612345678 x/token/9fK2mQ7x /call/%2B49+151+12345678
    +49-176-1234567 3782+822463+10005 password:"geheim" token%E2%80%9C9fK2mQ7x%E2%80%9D ada:Geheim@10.0.0.1
    +49%E2%80%9130%C2%B712345678 4111%E2%80%931111%E2%80%931111%E2%80%931111 %2B49+30/12345678
  `).map((value): [string, string] => [`x=${value}`, 'x=redacted']),
  [`x=${'a '.repeat(51)}`, 'x=redacted'],
  ['utm_content=/p/token:abcdef&gclid=token%3Aabcdef', 'utm_content=redacted&gclid=redacted'],
  [`utm_id=${NPM}`, 'utm_id=redacted'],
];

const KEPT_QUERIES = KEPT_URLS.filter((url) => url.startsWith('?')).map((url) => url.slice(1));

test.each([...REDACTED_QUERIES, ...KEPT_QUERIES.map((query) => [query, query] as const)])(
  'the query %s is sent as %s',
  (query, sent) => {
    expect(parametersOf({ path: '/', query }).url).toBe(`${ORIGIN}/?${sent}`);
  },
);
/** All that is between is encoded or not in one of them. */
const PATTERNS = [/[^/]+@[^/]+/, /\d{6,}/g, /[A-Z]{2}\d{2} \d+ \d+/, /^\/customer\/\d+\/a/];

golden(
  [
    ['/u/ann@h/o/1234567/x/7654321', '/u/redacted/o/redacted/x/redacted'],
    ['/d/a123456b/b%20c', '/d/aredactedb/b%20c'],
    ['/d/a123456b%20c', '/d/redacted'],
    ['/iban/DE89%203704%200044/x', '/iban/redacted/x'],
    ['/f/a%2Fb/x%20y/z', '/f/a%2Fb/x%20y/z'],
    ['/customer/7/%61', '/redacted'],
  ].map(([path = '', sent]) => ({
    name: path.slice(0, 40),
    facts: { path, route: '', headers: { referer: `https://ref.example${path}` } },
    options: { redactPathPatterns: PATTERNS, actionName: 'x' },
    page: { url: ORIGIN + sent, urlref: `https://ref.example${sent}`, action_name: 'x' },
  })),
);

/** What is sent of `/a;token=s3cret` with a query. */
const withQuery = (query: string, option: MatomoOptions['query'], sent: string) => ({
  facts: { path: '/a;token=s3cret', route: '/a', query },
  options: { query: option },
  page: { url: ORIGIN + sent },
});

golden([
  {
    name: 'a secret of a path is in no route',
    facts: { path: '/token/kX3vQ9bT2mN7pL5wZ8rY/1a', route: '/token/kX3vQ9bT2mN7pL5wZ8rY/:id' },
    page: { url: `${ORIGIN}/token/redacted/redacted`, action_name: 'GET /token/redacted/:id' },
  },
  {
    name: 'with query: keep, patterns are redacted',
    facts: { path: '/customer-7/token/1a', route: '/x' },
    options: { query: 'keep', redactPathPatterns: [/customer-\d+/] },
    page: { url: `${ORIGIN}/redacted/token/1a`, action_name: 'GET /redacted/token/1a' },
  },
  withQuery('token=1', 'keep', '/a%3Btoken=s3cret?token=1'),
  withQuery('a=1', 'strip', '/a'),
  withQuery('token=1&a=2&filter=%7B%7D', ['token', 'filter'], '/a?token=1&filter=%7B%7D'),
]);

test.each([
  ['https://a.example/x?token=1&b=2#top', 'https://a.example/x?token=redacted&b=2#top'],
  ['https://a.example/#/reset-password/9fK2mQ7x', 'https://a.example/'],
  ['https://a.example/#a=/confirm/kX3vQ9bT2mN7pL5wZ8rY&b=1', 'https://a.example/'],
  ['https://u:p@a.example/token/9fK2mQ7x', 'https://a.example/token/redacted'],
  ['https://token.example:8443/7?q=shoes#a', 'https://token.example:8443/7?q=shoes#a'],
])('of the URL %s that the application sets, %s is sent', (url, sent) => {
  const facts = { calls: [['annotate', { url }]] as const };
  expect(parametersOf(facts).url).toBe(sent);
  expect(parametersOf(facts, { query: 'strip' }).url).toBe(sent);
  expect(parametersOf(facts, { query: 'keep' }).url).toBe(url.replace('u:p@', ''));
});

test('of 170 usual searches, three are marked, as a value, as a search and as a segment', () => {
  const searches = linesOf('usual-searches.txt');
  expect(searches).toHaveLength(170);
  const places: ((search: string) => Parameters<typeof build>[0])[] = [
    (search) => ({ query: `term=${encodeURIComponent(search)}` }),
    (search) => ({ query: String(new URLSearchParams({ q: search })) }),
    (search) => ({ path: `/search/${encodeURIComponent(search)}/2` }),
  ];
  for (const place of places) {
    const urlOf = (search: string) => parametersOf(place(search), { siteSearch: true }).url;
    const marked = searches.filter((search) => urlOf(search)?.includes('redacted'));
    expect(marked).toEqual(["rock 'n' roll", 'oauth2 bearer token', 'std::vector<int>']);
  }
});
