import { expect, test } from 'vitest';
import {
  createFindRouteDetails,
  isCatchAllRoute,
  plainRoute,
} from '../../../src/hit/page/routes.js';
import { httpRequest, reasonToIgnore } from '../../support/builders.js';
import { words } from '../../support/words.js';

test.each([
  ['', '/'],
  ['/o/:org/r/:repo(^[a-z-]+$)', '/o/:org/r/:repo'],
  ['/context/:scope(global)', '/context/:scope'],
  ['/:id(\\d{2,3})/b', '/:id/b'],
  ['/:id((?:a|b)+)/c', '/:id/c'],
  ['/:id([^/]+)/b', '/:id/b'],
  ['/at/:hour(^\\d{2})h', '/at/{hour}h'],
  ['/:db/:id(*)', '/:db/*'],
  ['/a/:rest(.*)', '/a/*'],
  ['/a/:rest+', '/a/*'],
  ['/files/:appId/*filepath', '/files/:appId/*'],
  ['/files{/*rest}', '/files/*'],
  ['/users/*folder/posts', '/users/*/posts'],
  ['/api/**:path', '/api/*'],
  ['/relay/:relayTo?', '/relay/:relayTo'],
  ['{/:tileSize}/index.json', '/:tileSize/index.json'],
  ['/users{/:id}/file{.:ext}', '/users/:id/file.:ext'],
  ['/users/:id.:format?', '/users/:id.:format'],
  ['/a/{id:\\d{2}}/{name:alpha}', '/a/{id}/{name}'],
  ['/{controller=Home}/{action=Index}/{id?}', '/{controller}/{action}/{id}'],
  ['/static/{path...}', '/static/*'],
  ['/static/{path*2}', '/static/*'],
  ['/message\\:send', '/message:send'],
  ['/a\\.b\\+c\\(d\\)/:id', '/a.b+c(d)/:id'],
  ['/message::send', '/message:send'],
  ['/posts/{$}', '/posts/'],
  ['/static/{rest: .*}', '/static/*'],
  ['/a/{id : \\d{2}}', '/a/{id}'],
  ['/a/{code:regex(^\\d{{3}}$)}', '/a/{code}'],
  ['/a/{*path:nonfile}', '/a/*'],
  ['/users/:id(.:format)', '/users/:id'],
  ['(/:locale)/users(/:id)', '/:locale/users/:id'],
  ['/users[/{id}]', '/users/{id}'],
  ['/users/{id}/(method:GET)', '/users/{id}'],
  ['/users/?', '/users'],
  ['/search?<q>', '/search'],
])('the route %s is shown as %s', (route, shown) => {
  expect(plainRoute(route)).toBe(shown);
  expect(plainRoute(shown)).toBe(shown);
});

test.each(
  words(String.raw`
  / /users/:id /:from-:to /users/{id} /files/* /ab?cd /ab*cd /[id]/(shop)/[[...slug]]
  /users/<int:id> users/<slug>/ /a/:id(\d+
`),
)('the route %s is shown as it is', (route) => {
  expect(plainRoute(route)).toBe(route);
});

test('the syntax of a very long route, which another service may send, is not searched for', () => {
  const route = `/a/:id(\\d+)/${'x'.repeat(3000)}`;
  expect(plainRoute(route)).toBe(route);
});

test('routeDetails and ignorePaths name a route as the application declares it, or as titles show it', () => {
  const details = { 'GET /a/:id(\\d+)': { _rcn: 'a' }, '/b/:id': { _rcn: 'b' } };
  const find = createFindRouteDetails(details);
  const routed = (route: string) => ({ method: 'GET', route, path: '/x' });
  expect(find(routed('/a/:id'))).toEqual({ _rcn: 'a' });
  expect(find(routed('/b/:id'))).toEqual({ _rcn: 'b' });
  const options = { ignorePaths: ['/health/:part(\\w+)'] };
  const request = httpRequest({ route: '/health/:part', path: '/health/db' });
  expect(reasonToIgnore(request, options)).toBe('path');
});

test.each(
  words(String.raw`
  * /* /** /*splat /{*splat} {/*splat} /(.*) (.*) /:path* /:path+ /:path(.*) /:path(*) /$ $ /*/*
  /**:path /{path*} /{proxy+} /{path:path} /{**rest} /[...path] /[[...path]] /<path:path>
  /[...path=any] /(shop)/[...path] /(shop)/(small)/[[...path]] /.*/ /^\/.*$/ /(.*)/
`),
)('%s is a catch-all', (route) => {
  expect(isCatchAllRoute(plainRoute(route))).toBe(true);
});

test.each([
  '',
  `/${'*/'.repeat(100)}`,
  ...words(String.raw`
  / /users /:id /{id} /[slug] /$id /(shop) /(shop)/[slug] /(shop)/api/[...path] /api/*
  /api/*splat /*/edit /:path(\d+) /^(?!\/api).*/
`),
])('%s is none', (route) => {
  expect(isCatchAllRoute(plainRoute(route))).toBe(false);
});
