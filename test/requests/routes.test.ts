import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { routeOf } from '../../src/request/routes/index.js';
import { openRequest } from '../support/builders.js';
import { words } from '../support/words.js';

/** Of a span without a path, or whose URL was rewritten: any route may have matched. */
const ANY_PATH = '/';

function routeIn(reported: string | undefined, path: string, request?: object): string | undefined {
  const attributes = reported === undefined ? {} : { 'http.route': reported };
  return routeOf(openRequest({ incoming: request }), attributes, path);
}

test.each([
  ['/queues/,/queue/:name', '/queues/queue/mail', '/queues/queue/:name'],
  ['/queues/,/queue/:name', '/queues', '/queues'],
  ['/a,/a/:id,/a/:id/edit', '/a/7/edit', '/a/:id/edit'],
  ['/a,/a/:id,/a/:id/edit', '/a/7', '/a/:id'],
  ['/a,/files/*rest', '/files/b/c', '/files/*'],
  ['/t/:tenant/a,/b/:id', '/t/acme/b/7', '/t/:tenant/b/:id'],
  ['/a,/b', '/c', undefined],
  ['/a,/^\\/b\\/.*$/', '/a', '/a'],
])('of the list %s, %s matches %s', (list, path, route) => {
  expect(routeIn(list, path)).toBe(route);
});

test.each([
  '/^\\/library\\/(.+)$/',
  '/library\\/([^\\/]+)(?:$|\\/(.*))/',
  '/admin/^\\/settings/',
  '/.*fly$/i',
  '^users/(?P<pk>[0-9]+)/$',
])('the regular expression %s is no route', (expression) => {
  expect(routeIn(expression, '/x')).toBeUndefined();
});

test.each([
  ['/', '/'],
  ['/t/acme', undefined],
])('the route / is that of the path %s: %s', (path, route) => {
  expect(routeIn(undefined, path, { route: { path: '/' } })).toBe(route);
});

test.each([
  ['/users/:id(\\d+)', '/users/:id'],
  ['/users/:id([^/]+)', '/users/:id'],
  ['/at/:hour(^\\d{2})/x', '/at/:hour/x'],
  ['/price/$', '/price/$'],
  ['/[id]/(shop)/[[...slug]]', '/[id]/(shop)/[[...slug]]'],
  ['/a,b', '/a,b'],
])('%s is the route %s', (reported, route) => {
  expect(routeIn(reported, ANY_PATH)).toBe(route);
});

test.each([
  ['/users/{id}', '/users/{id}'],
  ['/files/*', '/files/*'],
  ['/*', undefined],
  ['/^users$/', undefined],
  ['/_error', undefined],
  ['/token/9fK2mQ7x', '/token/redacted'],
])('%s is read as %s again', (reported, route) => {
  expect([routeIn(reported, ANY_PATH), routeIn(reported, ANY_PATH)]).toEqual([route, route]);
});

const JWT = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln';

test.each([
  ['/token/9fK2mQ7x', '/token/redacted'],
  ['/v1/reset-password/9fK2mQ7x/edit', '/v1/reset-password/redacted/edit'],
  [`/verify/${JWT}`, '/verify/redacted'],
  ['/users/ada@example.org', '/users/redacted'],
  ['https://u:S3cr3t@shop.example/a', '/a'],
  ['/a/token=S3cr3t', '/a/token=redacted'],
  ['/confirm/:id(\\d+)/kX3vQ9bT2mN7pL5wZ8rY', '/confirm/:id/redacted'],
])('secrets in the route %s are redacted: %s', (reported, route) => {
  expect(routeIn(reported, ANY_PATH)).toBe(route);
});

test.each(
  words(`
  /v1/users/:id /api/v2 /oauth2/token /token/:token1 /reset-password/:reset_password_token2
  /webhooks/{webhook_id2}/{signed_secret_2} /password/<int:token_number_of_a_user_1>
  /sessions/[sessionId2] /password/send-reset-instructions /users/:id/sha256
  /users/{email}/notification-preferences /tenants/{id}/password/send-reset-instructions
`),
)('the route %s has no secrets', (route) => {
  expect(routeIn(route, ANY_PATH)).toBe(route);
});

test.each([
  ['an origin, as in Sails', 'http://evil.example', '/users/:id', '/users/7', '/users/:id'],
  ['of a mount that is not known', '/users/bob', '/posts', '/users/bob/posts', '/posts'],
  ['that is empty, of an empty route', '', '', '/', '/'],
])('a base URL %s', (_what, baseUrl, path, url, route) => {
  expect(routeIn(undefined, url, { route: { path }, baseUrl })).toBe(route);
});

/** As Express 4 compiles a mount path. */
const MOUNTED_POSTS = /^\/Users\/(?:([^/]+?))\/v1\.0\/?(?=\/|$)/i;

test.each([
  ['has the names and the spelling', MOUNTED_POSTS, '/users/bob/V1.0', '/Users/:userId/v1.0/:id'],
  ['that is lost after an error', MOUNTED_POSTS, '', '/Users/:userId/v1.0/:id'],
  [
    'with a parameter in a segment has no part of it',
    /^\/us(?:([^/]+?))\/bob\/v1\.0\/?(?=\/|$)/i,
    '',
    '/*/:id',
  ],
  [
    'with a pattern has nothing of the client',
    /^\/(u\w+)\/([^/]+)\/v1\.0/,
    '',
    '/:userId/*/v1.0/:id',
  ],
])('a mount path of Express 4 %s', (_what, regexp, baseUrl, expected) => {
  const route = { path: '/:id' };
  const inner = { route, regexp: /^\/(?:([^/]+?))\/?$/i, keys: [{ name: 'id' }] };
  const router = { name: 'router', regexp, keys: [{ name: 'userId' }], handle: { stack: [inner] } };
  const app = Object.assign(() => undefined, { _router: { stack: [router] } });
  const request = { app, route, baseUrl, params: { id: '7' } };
  expect(routeIn(undefined, '/users/bob/v1.0/7', request)).toBe(expected);
});

test('a getter that throws leaves the title to the path', () => {
  const request = {
    get route(): never {
      throw new Error('no');
    },
  };
  expect(routeIn(undefined, '/x', request)).toBeUndefined();
});

const NEXT = Symbol.for('NextInternalRequestMeta');
const LOOPBACK = Symbol.for('loopback.middleware.context');
const loopback = (spec: boolean, path: string) => ({
  [LOOPBACK]: {
    isBound: (key: string) => spec && key === 'rest.operationSpec.current',
    getSync: (key: string) => (key === 'rest.operation.route' ? { path } : undefined),
  },
});

test.each([
  ['Next.js', { [NEXT]: { invokeOutput: '/(shop)/users/[id]' } }, '/(shop)/users/[id]'],
  [
    'Next.js behind a wildcard of Express',
    { route: { path: '*' }, [NEXT]: { invokeOutput: '/users/[id]' } },
    '/users/[id]',
  ],
  ['Next.js, a catch-all', { [NEXT]: { invokeOutput: '/[[...slug]]' } }, undefined],
  ['Next.js, a file with metadata', { [NEXT]: { invokeOutput: '/favicon.ico' } }, undefined],
  ['Next.js, of no file', { [NEXT]: { invokePath: '/users/ann' } }, undefined],
  ['moleculer-web', { $alias: { fullPath: '/api/users/:id' } }, '/api/users/:id'],
  ['moleculer-web, an expression', { $alias: { fullPath: /^\/users/ } }, undefined],
  ['LoopBack', loopback(true, '/users/{id}'), '/users/{id}'],
  ['LoopBack, a static file', loopback(false, '/users/ann?x=1'), undefined],
  [
    'Feathers',
    { lookup: { params: {} }, res: { hook: { path: 'users/:user/posts' } } },
    '/users/:user/posts',
  ],
  [
    'Feathers, with an ID',
    { lookup: { params: { __id: 'ann' } }, res: { hook: { path: 'users' } } },
    '/users/:id',
  ],
  ['Feathers, refused before its service', { lookup: { params: { __id: 'ann' } } }, undefined],
])('what %s stores on a request', (_framework, request, route) => {
  expect(routeIn(undefined, '/users/ann', request)).toBe(route);
});

test('the context of Egg counts for its own request', () => {
  const key = Symbol.for('gals#asyncLocalStorage');
  const storage = new AsyncLocalStorage<object>();
  onTestFinished(() => void Reflect.deleteProperty(globalThis, key));
  Object.assign(globalThis, { [key]: storage });
  const request = {};
  const route = (req: object) =>
    storage.run({ req, _matchedRoute: '/users/:id' }, () =>
      routeIn(undefined, '/users/ann', request),
    );
  expect(route(request)).toBe('/users/:id');
  expect(route({})).toBeUndefined();
  expect(routeIn(undefined, '/users/ann', request)).toBeUndefined();
});
