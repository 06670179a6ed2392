import { expect, test } from 'vitest';
import { trackSpans } from '../doors/spans.js';
import { request } from './request-span.js';

type Row = readonly [path: string, reported: string, place: string];

/** What spans report, and what titles show of it. */
const ROWS: readonly Row[] = [
  // Routes that are right.
  ['/orders/', '/orders', '/orders'],
  ['/orders', '/orders/', '/orders/'],
  ['/ORDERS/7', '/orders/:id', '/orders/:id'],
  ['/%C3%9Cber/uns', '/über/uns', '/über/uns'],
  ['/a%20b/7', '/a b/{id}', '/a b/{id}'],
  ['/owners;jsessionid=1A2B/7', '/owners/{ownerId}', '/owners/{ownerId}'],
  ['/acme/site', '/:owner/:repo', '/:owner/:repo'],
  ['/users', '/:lang?/users', '/:lang/users'],
  ['/from-ann/to-bob', '/from-:a/to-:b', '/from-:a/to-:b'],
  ['/v1/shelves/7/books', '/v1/{parent=shelves/*}/books', '/v1/{parent}/books'],
  ['/keys/7:rotate', '/keys/{id}:rotate', '/keys/{id}:rotate'],
  ['/users/9.data', '/users/:id', '/users/:id'],
  // Routes without their mount path, mount paths alone, and what has nothing to do with the path.
  ['/api/leaf', '/leaf', '/api/leaf'],
  ['/users/7/books/9', '/:userId/books/:bookId', '/users/:id/books/:id'],
  ['/v1/items/7', '/v1', '/v1/items/:id'],
  ['/users/7', '/users/:id/posts', '/users/:id'],
  // The path itself.
  ['/users/7/posts/8', '/users/7/posts/:postId', '/users/:id/posts/:postId'],
  // Rules of proxies, names, expressions.
  ['/products/7', 'Host(`shop.example`)', '/products/:id'],
  ['/x/7.php', '~* \\.php$', '/x/7.php'],
  ['/page', '{fallbackPlaceholder}', '/page'],
  ['/api/users/7/', 'api/^users/(?P<pk>[^/.]+)/$', '/api/users/:id/'],
  ['/users/7', '/users/(\\d+)', '/users/:id'],
  // ASP.NET.
  ['/Products/Details/7', '{controller=Home}/{action=Index}/{id?}', '/Products/Details/:id'],
  ['/Products/7', '[Controller]/{id}', '/Products/:id'],
  ['/users', 'users/{id:int?}', 'users/{id}'],
  ['/users/7', 'users/{id:regex(^\\d{{1,3}}$)}', 'users/{id}'],
  ['/blog/a/b', 'blog/{**slug}', 'blog/*'],
  // Laravel, Go, JAX-RS, Actix, Rocket, Rails, Ktor, Spring, Python, Phoenix, Slim.
  ['/users', 'users/{user?}', 'users/{user}'],
  ['/users/7', 'GET example.com/users/{id}', '/users/:id'],
  ['/users/7', 'localhost:8080/users/{id}', '/users/:id'],
  ['/users/7', 'https://example.com/users/{id}', '/users/{id}'],
  ['/users/7', 'GET|HEAD /users/{id}', '/users/{id}'],
  ['/users/7', 'ANY /users/{proxy+}', '/users/*'],
  ['/robots.html/7', 'robots.html/{id}', 'robots.html/{id}'],
  ['/posts/', '/posts/{$}', '/posts/'],
  ['/static/a/b', 'GET /static/{path...}', '/static/*'],
  ['/users/7', '/users/{id : \\d+}', '/users/{id}'],
  ['/files/a/b', '/files/{tail:.*}', '/files/*'],
  ['/users/7', '/users/<id>', '/users/<id>'],
  ['/files/a/b', '/files/<path..>', '/files/<path..>'],
  ['/files/a/b', '/files/.*', '/files/*'],
  ['/files/a/b', '/files/(.+)$', '/files/*'],
  ['/admin/b', '/(admin)/*', '/admin/b'],
  ['/admin/b', '/(admin)/[...all]', '/admin/b'],
  ['/users.json', '/users(.:format)', '/users.json'],
  ['/users/7', '(/:locale)/users/:id(.:format)', '/:locale/users/:id'],
  ['/de/users/7', '(/:locale)/users/:id(.:format)', '/:locale/users/:id'],
  ['/pages/a/b', '/pages/*path(.:format)', '/pages/*'],
  ['/users/7', '/:controller(/:action(/:id))(.:format)', '/users/:id'],
  ['/users/7', '/users/{id}/(method:GET)', '/users/:id'],
  ['/api/users/7', '/api/(authenticate "jwt")/users/{id}/(method:GET)', '/api/users/:id'],
  ['/users/7/', 'users/<int:pk>/', 'users/<int:pk>/'],
  ['/files/a/b', '/files/<path:p>', '/files/<path:p>'],
  ['/files/a/b', '/files/{p:path}', '/files/*'],
  ['/archive/2026-11', '/archive/:year-:month', '/archive/:year-:month'],
  ['/users', '/users[/{id}]', '/users/{id}'],
  // Node.js.
  ['/at/10h30m', '/at/:hour(^\\d{2})h:minute(^\\d{2})m', '/at/:hourh:minutem'],
  ['/message:send', '/message::send', '/message:send'],
  ['/files/a/b', '/files/*splat', '/files/*'],
  ['/files', '/files{/:opt}', '/files/:opt'],
  ['/files/a', '/files/:"the-name"', '/files/:"the-name"'],
  ['/users/', '/users/?', '/users/'],
  ['/users/ann', '/users/$id', '/users/$id'],
  // Wildcards and optional parts.
  ['/docs', '/docs/[...slug]', '/docs/[...slug]'],
  ['/a/x/y/b', '/a/**/b', '/a/*/b'],
  ['/pre-x/7', '/pre-*', '/pre-x/:id'],
  ['/a/b/d/c', '/:a?/:b?/c', '/:a/:b/c'],
  ['/users', '/[[lang]]/users/[[...rest]]', '/[[lang]]/users/[[...rest]]'],
  ['/users/edit', '/users{/:id}{/edit}', '/users/:id/edit'],
  ['/users/x', '/users{/edit}/x', '/users/x'],
  ['/a/1', `/a${'/:x?'.repeat(20)}`, `/a${'/:x'.repeat(20)}`],
  [
    '/a/1',
    `/a${'/:x?'.repeat(21)}`,
    '/a/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x/:x',
  ],
  // Text around parameters.
  ['/xfrom-ann/to-bob', '/from-:a/to-:b', '/from-:a/to-:b'],
  ['/from-ann/to', '/from-:a/to-:b', '/from-:a/to-:b'],
  ['/archive/2026', '/archive/:year-:month', '/archive/:year-:month'],
  ['/at/10m30h', '/at/:hour(^\\d{2})h:minute(^\\d{2})m', '/at/:hourh:minutem'],
  ['/report-2026.txt', '/report-{year}.pdf', '/report-{year}.pdf'],
  ['/ownersx;jsessionid=1A2B', '/owners', '/ownersx;jsessionid=redacted'],
  // Groups and patterns of parameters.
  ['/users/7/edit', '/users/:id(\\d+)/edit', '/users/:id/edit'],
  ['/files/a/b', '/files/:path(.*)', '/files/*'],
  ['/files/a/b', '/files/:path+', '/files/*'],
  ['/users', '/users(/:id)?', '/users/:id'],
  ['/users/a/b', '/users/$', '/users/$'],
  ['/search', '/search?', '/search'],
  ['/a/c', '/a/(b)/c', '/a/c'],
];

/** Which an instrumentation of Express has joined: only the first route has the mount path. */
const LISTS: readonly Row[] = [
  ['/queues/bob', '/queues/:who/,/queue/:name', '/queues/bob'],
  ['/queues/bob/queue/mail', '/queues/:who/,/queue/:name', '/queues/bob/queue/mail'],
  ['/jobs/7', '/^\\/jobs\\/.*$/,/queue/:name', '/jobs/:id'],
];

const LANGUAGES: readonly (readonly [language: string, ...Row])[] = [
  ['java', '/petclinic/owners/7', '/owners/{ownerId}', '/petclinic/owners/:id'],
  ['nodejs', '/api/users/7', '/users/:userId', '/api/users/:id'],
  ['java', '/users/7/9', '/{a}/{b}', '/users/:id/:id'],
  ['php', '/users/7', 'user_show', '/users/:id'],
  ['php', '/x/7', 'Host(`shop.example`)', '/x/:id'],
  ['python', '/users/7', 'user_show', '/users/:id'],
  ['webjs', '/api/users/7', '/users/:userId', '/api/users/:id'],
  ['python', '/a/b/c/d/e/f/g/h/i/j/users/ann', '/users/{id}', '/a/b/c/d/e/f/g/h/i/j/users/ann'],
  ['python', '/a/b/c/d/e/f/g/h/i/j/k/users/ann', '/users/{id}', '/a/b/c/d/e/f/g/h/i/j/k/users/ann'],
  ['java', '/app/', '/', '/app/'],
  ['php', '/users/7', '2 users', '/users/:id'],
  ['php', '/users/7', 'api.users.show', '/users/:id'],
];

const NUMBER = 'matomo.dimension9';
const nameOf = ([path, route]: Row, i: number) => `${i}: ${route} of ${path}`;

/** The titles of requests that report these routes, by row. */
async function titlesOf(rows: readonly Row[], language: string, isBelow = false) {
  const spans = rows.flatMap(([path, route], i) => {
    const reported = { 'http.route': route };
    const attributes = { 'url.path': path, [NUMBER]: String(i), ...(!isBelow && reported) };
    const trace = `trace-${i}`;
    const server = request(`server-${i}`, { trace, attributes });
    const below = { id: `below-${i}`, trace, parent: server.id, attributes: reported };
    return isBelow ? [below, server] : [server];
  });
  const resource = { 'service.name': 'shop', 'telemetry.sdk.language': language };
  const { hits } = await trackSpans('exporter', [spans], {}, resource);
  expect(hits).toHaveLength(rows.length);
  return Object.fromEntries(
    hits.map(({ params }) => {
      const i = Number(params.dimension9);
      return [nameOf(rows[i] as Row, i), params.action_name];
    }),
  );
}

const expected = (rows: readonly Row[]) =>
  Object.fromEntries(rows.map((row, i) => [nameOf(row, i), `GET ${row[2]}`]));

test.each([false, true])(
  'a title shows the route that a span reports, if it can have matched the path (of a span below: %s)',
  async (isBelow) => {
    const rows = isBelow ? ROWS : [...ROWS, ...LISTS];
    expect(await titlesOf(rows, 'nodejs', isBelow)).toEqual(expected(rows));
  },
);

test.each(LANGUAGES)(
  '%s: of the path %s, %s is shown as %s',
  async (language, path, route, place) => {
    const row: Row = [path, route, place];
    expect(await titlesOf([row], language)).toEqual(expected([row]));
  },
);
