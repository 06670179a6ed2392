import { expect, test } from 'vitest';
import { routeOf } from '../../src/requests/routes/index.js';

function routeIn(reported: string | undefined, path: string, request?: object): string | undefined {
  const attributes = reported === undefined ? {} : { 'http.route': reported };
  const captured = request && { route: undefined, request };
  return routeOf({ nestedRoute: undefined, captured }, attributes, path, 200);
}

test.each([
  ['/queues/,/queue/:name', '/queues/queue/mail', '/queues/queue/:name'],
  ['/queues/,/queue/:name', '/queues', '/queues'],
  ['/a,/a/:id,/a/:id/edit', '/a/7/edit', '/a/:id/edit'],
  ['/a,/a/:id,/a/:id/edit', '/a/7', '/a/:id'],
  ['/a,/files/*rest', '/files/b/c', '/files/*'],
  ['/t/:tenant/a,/b/:id', '/t/acme/b/7', '/t/:tenant/b/:id'],
  ['/a,/b', '/c', '/a'],
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
  ['/users/:id(\\d+)', '/users/:id'],
  ['/users/:id([^/]+)', '/users/:id'],
  ['/at/:hour(^\\d{2})/x', '/at/:hour/x'],
  ['/price/$', '/price/$'],
  ['/[id]/(shop)/[[...slug]]', '/[id]/(shop)/[[...slug]]'],
  ['/a,b', '/a,b'],
])('%s is the route %s', (reported, route) => {
  expect(routeIn(reported, '/x')).toBe(route);
});

const routed = (path: unknown, rest: object = {}) => ({ route: { path }, ...rest });

test.each([
  [
    'an origin, as in Sails',
    routed('/users/:id', { baseUrl: 'http://evil.example' }),
    '/users/7',
    '/users/:id',
  ],
  ['of another path', routed('/:id', { baseUrl: '/posts' }), '/api/7', '/:id'],
  ['a longer word', routed('/:id', { baseUrl: '/us' }), '/users/7', '/:id'],
  [
    'with a value that a parameter has',
    routed('/posts', { baseUrl: '/users/bob', params: { userId: 'bob' } }),
    '/users/bob/posts',
    '/users/:userId/posts',
  ],
  [
    'with an ID',
    routed('/:postId', { baseUrl: '/users/42', params: { postId: '42' } }),
    '/users/42/42',
    '/users/:id/:postId',
  ],
  [
    'with an e-mail address',
    routed('/', { baseUrl: '/u/bob%40example.org' }),
    '/u/bob%40example.org',
    '/u/:email',
  ],
  [
    'with a secret',
    routed('/x', { baseUrl: '/reset-password/9fk2mq7x' }),
    '/reset-password/9fk2mq7x/x',
    '/reset-password/redacted/x',
  ],
  ['of an empty route', routed('', { baseUrl: '/users' }), '/users', '/users'],
  ['that is empty, of an empty route', routed('', { baseUrl: '' }), '/', '/'],
  ['lost after an error', routed('/:postId', { baseUrl: '' }), '/users/42/7', '/users/:id/:postId'],
])('a base URL %s', (_what, request, path, route) => {
  expect(routeIn(undefined, path, request)).toBe(route);
});

test('a getter that throws leaves the title to the path', () => {
  const request = {
    get route(): never {
      throw new Error('no');
    },
  };
  expect(routeIn(undefined, '/x', request)).toBeUndefined();
});
