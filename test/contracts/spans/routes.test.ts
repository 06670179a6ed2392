import { expect, test } from 'vitest';
import { trackSpans } from '../doors/spans.js';
import { request } from './request-span.js';

type Row = readonly [reported: string, path: string, place: string, status?: number];

/** What spans report, and what titles show of it; `none`: it is a static file. */
const ROUTES: Readonly<Record<string, readonly Row[]>> = {
  'Express 4': [
    ['*', '/.env', '/.env'],
    ['/:owner/:repo/*', '/alice/secret-plans/blob/main/readme', '/:owner/:repo/blob/main/readme'],
    ['/t/:tenant/*', '/t/acme/orders/7', '/t/:tenant/orders/:id'],
    ['/files/*', '/files/2024/report.pdf', '/files/:id/report.pdf'],
    ['/:file.:ext', '/logo.png', '/:file.:ext'],
    ['/flights/:from-:to', '/flights/LAX-SFO', '/flights/:from-:to'],
    ['/a.b+c/:id', '/a.b+c/x', '/a.b+c/:id'],
    ['/a.b+c/:id', '/aXbbc/x', '/aXbbc/x'],
    ['/:path(*)', '/a/b', '/a/b'],
    ['/users/:id?', '/users', '/users'],
    ['/:slug/:options(edit)?/', '/intro', '/:slug'],
  ],
  'Express 5': [
    ['/*splat', '/shop/12', '/shop/:id'],
    ['/{*splat}', '/', '/'],
    ['/users{/:id}', '/users/7', '/users/:id'],
    ['/users{/:id}', '/users', '/users'],
  ],
  Fastify: [
    ['*', '/x/y', 'Not Found', 404],
    ['/example/:file(^\\d+).png', '/example/12.png', '/example/:file.png'],
    ['/near/:lat-:lng/radius/:r', '/near/15-18/radius/20', '/near/:lat-:lng/radius/:r'],
    ['/at/:hour(^\\d{2})h:minute(^\\d{2})m', '/at/10h30m', '/at/:hourh:minutem'],
  ],
  Koa: [['/users/:id(\\d+)', '/users/5', '/users/:id']],
  Hapi: [
    ['/{p*}', '/a', '/a'],
    ['/{p*2}', '/a/b', '/a/b'],
    ['/book/{id?}', '/book', '/book'],
  ],
  Hono: [
    ['/:rest{.+}', '/a/b', '/a/b'],
    ['/posts/:date{[0-9]+}/:slug', '/posts/2024/x', '/posts/:date/:slug'],
  ],
  Nest: [['/api/*path', '/api/unknown', 'Not Found', 404]],
  'Next.js': [
    ['/[...slug]', '/docs/intro', '/docs/intro'],
    ['/[locale]/[[...slug]]', '/de/docs/intro', '/[locale]/docs/intro'],
    ['/[tenant]/orders/[id]', '/acme/orders/5', '/[tenant]/orders/[id]'],
  ],
  'Nuxt/h3': [
    ['/**', '/p/5', '/p/:id'],
    ['/api/users/**:rest', '/api/users/5/x', '/api/users/:id/x'],
  ],
  SvelteKit: [
    ['/(app)/dashboard/[slug]', '/dashboard/bob', '/dashboard/bob'],
    ['/[[lang]]/about', '/about', '/about'],
    ['/[x+2e]well-known/[...rest]', '/.well-known/foo', '/[x+2e]well-known/foo'],
    ['/fruits/[page=fruit]', '/fruits/apple', '/fruits/[page=fruit]'],
  ],
  Remix: [['products/$id', '/products/5', '/products/$id']],
  AWS: [
    ['/{proxy+}', '/users/5', '/users/:id'],
    ['/{tenant}/{proxy+}', '/acme/users/5', '/{tenant}/users/:id'],
    ['ANY /{proxy+}', '/.git/config', '/.git/config'],
  ],
  Spring: [
    ['/**', '/favicon', '/favicon'],
    ['/owners/{ownerId:\\d+}', '/owners/5', '/owners/{ownerId}'],
    ['/files/{*path}', '/files/a/b', '/files/a/b'],
    ['/{id}', '/shop/orders/5', '/shop/orders/:id'],
    ['/owners/{ownerId}', '/owners;jsessionid=1A2B/7', '/owners/{ownerId}'],
    ['/users/{id : \\d+}', '/users/7', '/users/{id}'],
  ],
  'ASP.NET': [
    ['{controller=Home}/{action=Index}/{id?}', '/orders/details/5', '/orders/details/:id'],
    ['{controller=Home}/{action=Index}/{id?}', '/admin/users', '/admin/users'],
    ['{area:exists}/{controller=Home}/{action=Index}', '/admin/users/list', '/admin/users/list'],
    ['api/[controller]/{id}', '/api/orders/5', '/api/orders/:id'],
    ['api/orders/{id:int}', '/api/orders/5', '/api/orders/{id}'],
    ['users/{id:regex(^\\d{{1,3}}$)}', '/users/7', '/users/{id}'],
    ['users/{id:int?}', '/users', '/users'],
  ],
  Rails: [
    ['/posts/:id(.:format)', '/posts/5', '/posts/:id'],
    ['/posts/:id(.:format)', '/posts/5.json', '/posts/:id'],
    ['(/:locale)/posts(.:format)', '/en/posts', '/:locale/posts'],
  ],
  Laravel: [
    ['{any}', '/login', '/login'],
    ['/users[/{id}]', '/users/7', '/users/{id}'],
  ],
  Django: [
    ['orders/<int:pk>/', '/orders/5/', '/orders/<int:pk>'],
    ['^orders/(?P<pk>[0-9]+)/$', '/orders/5/', '/orders/:id/'],
    ['<slug:slug>/', '/hello-world/', '/<slug:slug>'],
    ['/files/{p:path}', '/files/a/b', '/files/a/b'],
  ],
  Go: [['/files/{path...}', '/files/a/b', '/files/a/b']],
  actix: [
    ['/{tail:.*}', '/static/a/b', '/static/a/b'],
    ['/{name}/{id}/index.html', '/a/5/index.html', '/{name}/{id}/index.html'],
    ['/files/<path..>', '/files/a/b', '/files/a/b'],
  ],
  'Below a context path': [
    ['/{id}', '/users/bob/orders/5', '/users/bob/orders/:id'],
    ['/items/{id}', '/api/v1/items/5', '/api/v1/items/{id}'],
    ['/owners/{ownerId}', '/t/7/owners/8', '/t/:id/owners/{ownerId}'],
    ['/', '/app/', '/app/'],
    ['/{a}/{b}', '/users/7/9', '/users/:id/:id'],
  ],
  Static: [
    ['/index.html', '/index.html', '/index.html'],
    ['/feed.xml', '/feed.xml', '/feed.xml'],
    ['/login.php', '/login.php', '/login.php'],
    ['/app.js', '/app.js', 'none'],
  ],
  any: [
    ['/orders/', '/orders', '/orders'],
    ['/orders/:id', '/ORDERS/7', '/orders/:id'],
    ['/a b/{id}', '/a%20b/7', '/a b/{id}'],
    ['/users/:id', '/users/a%2Fb', '/users/:id'],
    ['/keys/{id}:rotate', '/keys/7:rotate', '/keys/{id}:rotate'],
    ['/users/:id/posts', '/users/7', '/users/:id'],
    ['/a/:x?/:y?/:z?', '/a/1', '/a/:x'],
    ['/:a?/b/:c?', '/x/b', '/:a/b'],
    ['/[[lang]]/users/[[...rest]]', '/users', '/users'],
    ['/[[lang]]/users/[id]/[[...rest]]', '/users/7/x/8', '/users/[id]/x/:id'],
    ['/pre-*', '/pre-x/7', '/pre-x/:id'],
    ['https://example.com/users/{id}', '/users/7', '/users/{id}'],
    ['GET|HEAD /users/{id}', '/users/7', '/users/{id}'],
    ['/users/{id}?v=1', '/users/7', '/users/{id}'],
  ],
  'the path itself': [
    ['/users/7/posts/:postId', '/users/7/posts/8', '/users/:id/posts/:postId'],
    ['/users/7', '/users/7', '/users/:id'],
    ['/users/7', '/users/7', 'Not Found', 404],
  ],
  'names, rules and expressions': [
    ['user_show', '/users/7', '/users/:id'],
    ['api.users.show', '/users/7', '/users/:id'],
    ['Host(`shop.example`)', '/products', '/products'],
    ['~* \\.php$', '/x.php', '/x.php'],
    ['api/^users/(?P<pk>[^/.]+)/$', '/api/users/7/', '/api/users/:id/'],
    ['/(admin)/[...all]', '/admin/b', '/admin/b'],
    ['/_error', '/x/7', 'Not Found', 404],
    ['/queues/:who/,/queue/:name', '/queues/bob', '/queues/bob'],
    ['/^\\/jobs\\/.*$/,/queue/:name', '/jobs/7', '/jobs/:id'],
  ],
  'wildcards of a failure': [
    ['/:owner/:repo/*', '/alice/plans/7', '/:owner/:repo/:id', 500],
    ['/:owner/:repo/*', '/alice/plans/7', 'Unauthorized', 401],
    ['/api/*', '/api/x', 'Method Not Allowed', 405],
    ['/files/*', '/files/app.css', 'none'],
  ],
};

const NUMBER = 'matomo.dimension9';
const nameOf = ([route, path, , status]: Row, i: number) => `${i}: ${route} of ${path} ${status}`;

/** The titles of requests that report these routes, by row. */
async function titlesOf(rows: readonly Row[], isBelow: boolean) {
  const spans = rows.flatMap(([route, path, , status = 200], i) => {
    const reported = { 'http.route': route };
    const own = { 'url.path': path, 'http.response.status_code': status, [NUMBER]: String(i) };
    const trace = `trace-${i}`;
    const attributes = { ...own, ...(!isBelow && reported) };
    const server = request(`server-${i}`, { trace, attributes });
    const below = { id: `below-${i}`, trace, parent: server.id, attributes: reported };
    return isBelow ? [below, server] : [server];
  });
  const { hits } = await trackSpans('exporter', [spans]);
  return Object.fromEntries(
    hits.map(({ params }) => {
      const i = Number(params.dimension9);
      return [nameOf(rows[i] as Row, i), params.action_name];
    }),
  );
}

const ALL = Object.values(ROUTES).flat();
/** Each part fits into one bulk, so that a busy machine has sent it in time. */
const PARTS = [ALL.slice(0, 80), ALL.slice(80)];

test.each(PARTS.flatMap((rows) => [false, true].map((isBelow) => [isBelow, rows] as const)))(
  'titles show a route that a span reports, if it fits the path (of a span below: %s)',
  async (isBelow, rows) => {
    const shown = rows.map((row, i) => [nameOf(row, i), `GET ${row[2]}`] as const);
    const expected = shown.filter(([, title]) => title !== 'GET none');
    expect(await titlesOf(rows, isBelow)).toEqual(Object.fromEntries(expected));
  },
);
