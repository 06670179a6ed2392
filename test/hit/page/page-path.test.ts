import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTitlePath } from '../../../src/hit/page/page-path.js';
import { readRequest } from '../../../src/request/read-request.js';
import { Request } from '../../../src/request/request.js';
import { finishedSpan, httpRequest, parametersOf, READING } from '../../support/builders.js';
import { sampled } from '../../support/long.js';
import { seededRuns } from '../../support/seed.js';

const RUNS = sampled(300, 10_000);

test.each([
  ['/', '/'],
  ['/users/7', '/users/:id'],
  ['/users/7/orders/42/', '/users/:id/orders/:id/'],
  ['/api/1/createPad', '/api/1/createPad'],
  ['/API/2/users/7', '/API/2/users/:id'],
  ['/rest/3/issues/12', '/rest/3/issues/:id'],
  ['/jira/rest/api/3/issues/12', '/jira/rest/api/3/issues/:id'],
  ['/api/v2.1/users/7', '/api/v2.1/users/:id'],
  ['/api/12/items', '/api/12/items'],
  ['/api/1', '/api/:id'],
  ['/api/1/', '/api/:id/'],
  ['/api/123/items', '/api/:id/items'],
  ['/api/1/2/items', '/api/1/:id/items'],
  ['/api/users/1/items', '/api/users/:id/items'],
  ['/myapi/1/items', '/myapi/:id/items'],
  ['/forest/1/items', '/forest/:id/items'],
  ['/users/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/users/:id'],
  ['/users/01arz3ndektsv4rrffq69g5fav', '/users/:id'],
  ['/users/81ARZ3NDEKTSV4RRFFQ69G5FAV', '/users/81ARZ3NDEKTSV4RRFFQ69G5FAV'],
  ['/commits/9fceb02d', '/commits/:id'],
  ['/objects/507f1f77bcf86cd799439011', '/objects/:id'],
  ['/words/deadbeef/facade', '/words/deadbeef/facade'],
  ['/short/9fceb02', '/short/9fceb02'],
  ['/users/123E4567-e89b-12d3-a456-426614174000', '/users/:uuid'],
  ['/users/ann@example.org/edit', '/users/:email/edit'],
  ['/users/ann%40example.org', '/users/:email'],
  ['/users/ann%2540example.org', '/users/:email'],
  ['/users/ann@example.org;v=1/edit', '/users/:email/edit'],
  ['/users/ann@xn--mller-kva.xn--p1ai', '/users/:email'],
  ['/users/ann@m\u00fcller.de.', '/users/:email'],
  ['/@vite/client', '/@vite/client'],
  ['/npm/react@18.2.0/index.js', '/npm/react@18.2.0/index.js'],
  ['/ann@localhost/@example.org', '/ann@localhost/@example.org'],
  ['/reset/kX3vQ9bT2mN7pL5wZ8rY', '/reset/:token'],
  ['/reset/kX3vQ9bT2m-7pL5wZ8r_', '/reset/:token'],
  ['/reset/kX3vQ9bT2mN7pL5wZ8rY.', '/reset/:token'],
  ['/reset/kX3vQ9bT2mN7pL5wZ8rY.data', '/reset/:token'],
  ['/reset/kX3vQ9bT2m-7pL5-Z8rY', '/reset/:token'],
  ['/reset/kX3vQ9bT2mN7pL5wZ8r', '/reset/kX3vQ9bT2mN7pL5wZ8r'],
  ['/news/the-ten-best-laptops-of-2026', '/news/the-ten-best-laptops-of-2026'],
  ['/v1/reports/2026-11', '/v1/reports/2026-11'],
  ['/files/a.b;v=1', '/files/a.b;v=1'],
  ['//7//', '//:id//'],
])('the path %s is %s in a title', (path, title) => {
  expect(toTitlePath(path)).toBe(title);
});

const segment = fc.oneof(
  fc.constantFrom('users', 'v1', '2026-11', 'café', '%C3%A9', 'a'),
  fc.nat().map(String),
  fc.uuid(),
  fc.ulid(),
  fc.emailAddress(),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('/', '')),
  fc.stringMatching(/^[\w-]{18,24}$/),
);
const anyPath = fc
  .array(segment, { maxLength: 60 })
  .map((segments) => segments.map((text) => `/${text}`).join('') || '/');

test('a template of any path keeps its segments, and is the template of itself', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const title = toTitlePath(path);
      expect(title.startsWith('/')).toBe(true);
      expect(toTitlePath(title)).toBe(title);
      if (path.length <= 2048) expect(title.split('/')).toHaveLength(path.split('/').length);
    }),
    seededRuns(RUNS),
  );
});

test('paths that differ in IDs, UUIDs, and e-mail addresses only have one title', () => {
  const value = fc.oneof(fc.nat().map(String), fc.ulid());
  const email = fc.emailAddress().filter((address) => !address.includes('/@'));
  fc.assert(
    fc.property(value, value, fc.uuid(), fc.uuid(), email, (a, b, c, d, address) => {
      expect(toTitlePath(`/u/${a}/o/${c}/${encodeURIComponent(address)}`)).toBe(
        toTitlePath(`/u/${b}/o/${d}/x@y.z`),
      );
    }),
    seededRuns(RUNS),
  );
});

test('a path beyond 2,048 characters is cut at a whole segment', () => {
  const path = `${'/segment'.repeat(255)}/ann-of-a-long-name@example.org`;
  expect(toTitlePath(path)).toBe(`${'/segment'.repeat(255)}/`);
});

test.each([
  ['template', '{method} {route}', 'GET /users/:id'],
  ['raw', '{method} {route}', 'GET /users/42'],
  ['template', '{path} {route}', '/users/42 /users/:id'],
] as const)('with titlePaths %s, %s is %s', (titlePaths, actionName, title) => {
  const request = httpRequest({ route: undefined });
  const { parameters } = parametersOf(request, { titlePaths, actionName });
  expect(parameters.action_name).toBe(title);
  expect(parameters.url).toBe('https://shop.example.org/users/42');
});

const titleOf = (overrides: object, options = {}) =>
  parametersOf(httpRequest({ route: undefined, ...overrides }), options).parameters.action_name;

test.each([
  ['/caf%C3%A9/%E2%82%AC', '/caf\u00e9/\u20ac'],
  ['/recipes/%24%3A%2FStoryList%2f', '/recipes/$:%2FStoryList%2f'],
  ['/a%20b', '/a b'],
  ['/%E9', '/%E9'],
  ['/100%', '/100%'],
  ['/a%0Ab', '/a%0Ab'],
  ['/a%E2%80%AEb', '/a%E2%80%AEb'],
  ['/users/%37/caf%C3%A9', '/users/:id/caf\u00e9'],
])('the path or route %s is %s in a title, and the URL stays encoded', (path, title) => {
  expect(titleOf({ path })).toBe(`GET ${title}`);
  expect(titleOf({ path: '/x', route: path.replace('%37', ':id') })).toBe(`GET ${title}`);
  const { url } = parametersOf(httpRequest({ path })).parameters;
  expect(new URL(url ?? '').pathname).toBe(path);
});

test('a raw title is decoded, too', () => {
  expect(titleOf({ path: '/caf%C3%A9/7' }, { titlePaths: 'raw' })).toBe('GET /caf\u00e9/7');
});

const titleOfSpan = (attributes: Record<string, string | string[]>) => {
  const span = finishedSpan({ attributes: { 'http.request.method': 'GET', ...attributes } });
  const request = readRequest(Request.ofSpan(span), READING);
  return parametersOf({ ...httpRequest(), ...request }).parameters.action_name;
};
const ANSWER = { 'http.response.header.content-type': ['text/x-script; charset=utf-8'] };

test.each([
  [{ 'url.path': '/posts/hello.data', 'url.query': '_routes=root' }, 'GET /posts/hello'],
  [{ 'url.path': '/posts/7.data', 'url.query': 'a=1&_routes=' }, 'GET /posts/:id'],
  [{ 'url.path': '/posts/hello.data', ...ANSWER }, 'GET /posts/hello'],
  [{ 'url.path': '/a.data', 'http.request.header.accept': ['text/x-script'] }, 'GET /a'],
  [{ 'url.path': '/_root.data', ...ANSWER }, 'GET /'],
  [{ 'url.path': '/invite/abc123.data', ...ANSWER }, 'GET /invite/redacted'],
  [{ 'url.path': '/users/ada@example.org.data', ...ANSWER }, 'GET /users/redacted'],
  [{ 'url.path': '/a/kX3vQ9bT2mN7pL5wZ8rY.data', ...ANSWER }, 'GET /a/redacted'],
  [{ 'url.path': '/posts/hello.data' }, 'GET /posts/hello.data'],
  [{ 'url.path': '/posts/hello', ...ANSWER }, 'GET /posts/hello'],
  [{ 'url.path': '/p/x.data', 'http.route': '/p/:name', ...ANSWER }, 'GET /p/:name'],
  // SvelteKit, Nuxt, Qwik, Next.js, Gatsby.
  [
    { 'url.path': '/posts/7/__data.json', 'url.query': 'x-sveltekit-invalidated=01' },
    'GET /posts/:id',
  ],
  [{ 'url.path': '/base/about/__data.json' }, 'GET /base/about'],
  [{ 'url.path': '/__data.json' }, 'GET /'],
  [{ 'url.path': '/about.html__data.json' }, 'GET /about.html'],
  [{ 'url.path': '/invite/abc123/__data.json' }, 'GET /invite/redacted'],
  [{ 'url.path': '/posts/7/__data.json', 'http.route': '/posts/[id]' }, 'GET /posts/[id]'],
  [{ 'url.path': '/posts/7/_payload.json', 'url.query': 'a1b2' }, 'GET /posts/:id'],
  [{ 'url.path': '/_payload.json' }, 'GET /'],
  [{ 'url.path': '/posts/7/q-data.json' }, 'GET /posts/:id/'],
  [{ 'url.path': '/q-data.json' }, 'GET /'],
  [{ 'url.path': '/_next/data/kX3vQ9bT2mN7pL5wZ8rYa/posts/7.json' }, 'GET /posts/:id'],
  [{ 'url.path': '/docs/_next/data/development/en/about.json' }, 'GET /docs/en/about'],
  [{ 'url.path': '/_next/data/b1/index.json' }, 'GET /'],
  [{ 'url.path': '/docs/_next/data/b1/index.json' }, 'GET /docs'],
  [{ 'url.path': '/page-data/posts/7/page-data.json' }, 'GET /posts/:id/'],
  [{ 'url.path': '/page-data/index/page-data.json' }, 'GET /'],
  [{ 'url.path': '/data.json' }, 'GET /data.json'],
  [{ 'url.path': '/my__data.json' }, 'GET /my__data.json'],
  [{ 'url.path': '/posts/7.json' }, 'GET /posts/7.json'],
  [{ 'url.path': '/__data.json/7' }, 'GET /__data.json/:id'],
])('%o has the title %s', (attributes, title) => {
  expect(titleOfSpan({ ...attributes })).toBe(title);
});
