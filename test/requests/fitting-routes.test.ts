import { channel } from 'node:diagnostics_channel';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';
import { startExporter, startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

type Row = readonly [path: string, reported: string, place: string];

/** What spans report, and what titles show of it. */
const ROWS: readonly Row[] = [
  // Routes that are right.
  ['/', '/', '/'],
  ['/orders', '/orders', '/orders'],
  ['/orders/', '/orders', '/orders'],
  ['/orders', '/orders/', '/orders/'],
  ['/ORDERS/7', '/orders/:id', '/orders/:id'],
  ['/%C3%BCber/uns', '/über/uns', '/über/uns'],
  ['/a%20b/7', '/a b/{id}', '/a b/{id}'],
  ['/caf%C3%A9/7', '/caf%C3%A9/:id', '/café/:id'],
  ['//orders//7', '/orders/:id', '/orders/:id'],
  ['/owners;jsessionid=1A2B/7', '/owners/{ownerId}', '/owners/{ownerId}'],
  ['/my-post', '/:slug', '/:slug'],
  ['/acme/site', '/:owner/:repo', '/:owner/:repo'],
  ['/users', '/users/:id?', '/users/:id'],
  ['/users', '/:lang?/users', '/:lang/users'],
  ['/de/users', '/:lang?/users', '/:lang/users'],
  ['/from-ann/to-bob', '/from-:a/to-:b', '/from-:a/to-:b'],
  ['/v1/shelves/7/books', '/v1/{parent=shelves/*}/books', '/v1/{parent}/books'],
  ['/keys/7:rotate', '/keys/{id}:rotate', '/keys/{id}:rotate'],
  ['/files/a/b.pdf', '/files/*', '/files/*'],
  ['/files/a/b/edit', '/files/*/edit', '/files/*/edit'],
  ['/users/9.data', '/users/:id', '/users/:id'],
  ['/posts.data', '/posts', '/posts'],
  // Routes without their mount path, mount paths alone, and what has nothing to do with the path.
  ['/api/leaf', '/leaf', '/api/leaf'],
  ['/users/7/books/9', '/:userId/books/:bookId', '/users/:id/books/:id'],
  ['/users/7', '/:id', '/users/:id'],
  ['/v1/items/7', '/v1', '/v1/items/:id'],
  ['/v1/items/7', '/v1/', '/v1/items/:id'],
  ['/v1/items/7', '/', '/v1/items/:id'],
  ['/users/7', '/users/:id/posts', '/users/:id'],
  ['/users/7', '/orders/:id', '/users/:id'],
  ['/carts/7', 'carts', '/carts/:id'],
  // The path itself.
  ['/users/7', '/users/7', '/users/:id'],
  ['/users/7', '/Users/7/', '/users/:id'],
  ['/users/7/posts/8', '/users/7/posts/:postId', '/users/:id/posts/:postId'],
  [
    '/users/6f1c2a9e-8d3b-4c5e-9f7a-1b2c3d4e5f60',
    '/users/6f1c2a9e-8d3b-4c5e-9f7a-1b2c3d4e5f60',
    '/users/:uuid',
  ],
  // Rules of proxies, names, expressions.
  ['/products/7', 'Host(`shop.example`)', '/products/:id'],
  ['/', 'Host(`shop.example`)', '/'],
  ['/products', 'Host(`shop.example`)', '/products'],
  ['/x/7', 'PathPrefix(`/x`)', '/x/:id'],
  ['/x', 'Path(`/x`)', '/x'],
  ['/x/7', 'Host(`a.example`) && PathPrefix(`/x`)', '/x/:id'],
  ['/x/7', 'Host:shop.example;PathPrefix:/x', '/x/:id'],
  ['/x/7', '~ ^/x', '/x/:id'],
  ['/x/7.php', '~* \\.php$', '/x/7.php'],
  ['/x/7', '^~ /x/', '/x/:id'],
  ['/x', '= /x', '/x'],
  ['/x/7', '@backend', '/x/:id'],
  ['/x/7', '/x(/|$)(.*)', '/x/:id'],
  ['/x/7', 'shop@docker', '/x/:id'],
  ['/x/7', 'outbound|80||shop.default.svc.cluster.local', '/x/:id'],
  ['/some/7', 'shop.example.com', '/some/:id'],
  ['/some/7', 'default', '/some/:id'],
  ['/some/7', '$default', '/some/:id'],
  ['/some/page', '{fallbackPlaceholder}', '/some/page'],
  ['/page', '{fallbackPlaceholder}', '/page'],
  ['/users/7', '^users/(?P<pk>[^/.]+)/$', '/users/:id'],
  ['/api/users/7/', 'api/^users/(?P<pk>[^/.]+)/$', '/api/users/:id/'],
  ['/users/7', '/users/(\\d+)', '/users/:id'],
  ['/users/7', '^/users/\\d+$', '/users/:id'],
  ['/users/7', '/users/[0-9]+', '/users/:id'],
  // ASP.NET.
  ['/Products/Details/7', '{controller=Home}/{action=Index}/{id?}', '/Products/Details/:id'],
  ['/', '{controller=Home}/{action=Index}/{id?}', '/'],
  [
    '/Admin/Products/Edit/7',
    '{area:exists}/{controller=Home}/{action=Index}/{id?}',
    '/Admin/Products/Edit/:id',
  ],
  ['/api/products/7', 'api/{controller}/{id}', '/api/products/:id'],
  ['/Products/7', '[Controller]/{id}', '/Products/:id'],
  ['/users/7', 'users/{id:int}', 'users/{id}'],
  ['/users/7', 'users/{id:int:min(1)}', 'users/{id}'],
  ['/users', 'users/{id:int?}', 'users/{id}'],
  ['/users/7', 'users/{id:regex(^\\d{{1,3}}$)}', 'users/{id}'],
  ['/blog/a/b', 'blog/{**slug}', 'blog/*'],
  ['/blog/a/b', 'blog/{*path:nonfile}', 'blog/*'],
  ['/a/b', '{*path:nonfile}', '/a/b'],
  // Laravel, Go, JAX-RS, Actix, Rocket, Rails, Ktor, Spring, Python, Phoenix, Slim.
  ['/users', 'users/{user?}', 'users/{user}'],
  ['/users/7', 'GET /users/{id}', '/users/{id}'],
  ['/users/7', 'GET example.com/users/{id}', '/users/{id}'],
  ['/users/7', 'example.com/users/{id}', '/users/{id}'],
  ['/users/7', 'localhost:8080/users/{id}', '/users/{id}'],
  ['/users/7', 'https://example.com/users/{id}', '/users/{id}'],
  ['/users/7', 'GET|HEAD /users/{id}', '/users/{id}'],
  ['/users/7', 'ANY /users/{proxy+}', '/users/*'],
  ['/users/7', 'HTTP: GET /users/{id}', '/users/{id}'],
  ['/robots.html/7', 'robots.html/{id}', 'robots.html/{id}'],
  ['/posts/', '/posts/{$}', '/posts/'],
  ['/', 'GET /{$}', '/'],
  ['/static/a/b', 'GET /static/{path...}', '/static/*'],
  ['/users/7', '/users/{id : \\d+}', '/users/{id}'],
  ['/users/7', '/users/{id: [0-9]{1,3}}', '/users/{id}'],
  ['/users/a/b', '/users/{rest: .*}', '/users/*'],
  ['/files/a/b', '/files/{tail:.*}', '/files/*'],
  ['/a/b', '/{tail:.*}', '/a/b'],
  ['/users/7', '/users/<id>', '/users/<id>'],
  ['/files/a/b', '/files/<path..>', '/files/<path..>'],
  ['/search', '/search?<q>&<page>', '/search'],
  ['/users/7', '/users/:id(.:format)', '/users/:id'],
  ['/users/7.json', '/users/:id(.:format)', '/users/:id'],
  ['/users.json', '/users(.:format)', '/users'],
  ['/users/7', '(/:locale)/users/:id(.:format)', '/:locale/users/:id'],
  ['/de/users/7', '(/:locale)/users/:id(.:format)', '/:locale/users/:id'],
  ['/pages/a/b', '/pages/*path(.:format)', '/pages/*'],
  ['/users/7', '/:controller(/:action(/:id))(.:format)', '/users/:id'],
  ['/users/7', '/users/{id}/(method:GET)', '/users/{id}'],
  ['/api/users/7', '/api/(authenticate "jwt")/users/{id}/(method:GET)', '/api/users/{id}'],
  ['/owners/7', '/owners/{ownerId:\\d+}', '/owners/{ownerId}'],
  ['/owners/7', '/**', '/owners/:id'],
  ['/files/a/b', '/files/**', '/files/*'],
  ['/files/a/b', '/files/{*path}', '/files/*'],
  ['/users/7/', 'users/<int:pk>/', 'users/<int:pk>/'],
  ['/files/a/b', '/files/<path:p>', '/files/<path:p>'],
  ['/a/b', '/<path:p>', '/a/b'],
  ['/files/a/b', '/files/{p:path}', '/files/*'],
  ['/archive/2026-11', '/archive/:year-:month', '/archive/:year-:month'],
  ['/users', '/users[/{id}]', '/users/{id}'],
  // Node.js.
  ['/at/10h30m', '/at/:hour(^\\d{2})h:minute(^\\d{2})m', '/at/{hour}h{minute}m'],
  ['/message:send', '/message::send', '/message:send'],
  ['/message:send', '/message\\:send', '/message:send'],
  ['/a.b+c/7', '/a\\.b\\+c/:id', '/a.b+c/:id'],
  ['/files/a/b', '/files/{p*}', '/files/*'],
  ['/files/a/b', '/files/{p*2}', '/files/*'],
  ['/files/a/b', '/files/*splat', '/files/*'],
  ['/files', '/files{/:opt}', '/files/:opt'],
  ['/files/a', '/files{/:opt}', '/files/:opt'],
  ['/files/a', '/files/:"the-name"', '/files/:the-name'],
  ['/users/', '/users/?', '/users'],
  ['/users/ann', '/(shop)/users/[id]', '/(shop)/users/[id]'],
  ['/docs', '/docs/[[...slug]]', '/docs/[[...slug]]'],
  ['/users/ann', '/users/$id', '/users/$id'],
];

const LANGUAGES: readonly (readonly [language: string, ...Row])[] = [
  ['java', '/petclinic/owners/7', '/owners/{ownerId}', '/owners/{ownerId}'],
  ['dotnet', '/shop/users/ann', 'users/{id}', 'users/{id}'],
  ['nodejs', '/api/users/7', '/users/:userId', '/api/users/:id'],
  ['java', '/users/7/9', '/{a}/{b}', '/users/:id/:id'],
  ['php', '/users/7', 'user_show', 'user_show'],
  ['php', '/users/7', 'users', 'users'],
  ['php', '/about', '{fallbackPlaceholder}', '/about'],
  ['php', '/x/7', 'Host(`shop.example`)', '/x/:id'],
  ['python', '/users/7', 'user_show', '/users/:id'],
];

const NAMES = ROWS.map(([path, reported], row) => `${row}: ${reported} of ${path}`);
const EXPECTED = Object.fromEntries(ROWS.map(([, , place], row) => [NAMES[row], `GET ${place}`]));
const NUMBER = 'matomo.dimension9';

function attributesOf(path: string, row: number) {
  return {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': path,
    [NUMBER]: row,
  };
}

/** Titles by rows. */
function titlesOf(hits: readonly { params: Record<string, string> }[]) {
  const titles = hits.map(({ params }) => [NAMES[Number(params.dimension9)], params.action_name]);
  return Object.fromEntries(titles);
}

test.each(['its SERVER span', 'a span below'])(
  'a processor shows the route of a request that %s reports, if it can have matched the path',
  async (reporter) => {
    const { tracer, hits } = await startProcessor();
    for (const [i, row] of ROWS.entries()) {
      const [path, route] = row;
      const reported = { 'http.route': route };
      const isOwn = reporter === 'its SERVER span';
      const attributes = { ...attributesOf(path, i), ...(isOwn && reported) };
      const kind = SpanKind.SERVER;
      const server = tracer.startSpan('GET', { kind, attributes }, ROOT_CONTEXT);
      const inside = trace.setSpan(ROOT_CONTEXT, server);
      if (!isOwn) tracer.startSpan('below', { attributes: reported }, inside).end();
      server.end();
    }
    await eventually(async () => (await hits()).length === ROWS.length);
    expect(titlesOf(await hits())).toEqual(EXPECTED);
  },
);

test('an exporter shows it', async () => {
  const { inspector, exporter } = await startExporter();
  const spans = ROWS.map(([path, route], i) =>
    finishedSpan({ attributes: { ...attributesOf(path, i), 'http.route': route } }),
  );
  exporter.export(spans, () => undefined);
  await exporter.forceFlush();
  expect(titlesOf(inspector.hits())).toEqual(EXPECTED);
});

test.each(['its SERVER span', 'a span below'])(
  'a gateway shows the route that %s reports, if it can have matched the path',
  async (reporter) => {
    const { gateway, inspector } = await startGateway();
    const isOwn = reporter === 'its SERVER span';
    const spans = ROWS.flatMap(([path, route], i) => {
      const reported = { 'http.route': route };
      const server = requestSpan(path, {}, { [NUMBER]: i, ...(isOwn && reported) });
      return isOwn ? [server] : [below(server, reported), server];
    });
    await sendSpans(gateway, exportRequest(spans));
    await eventually(() => gateway.stats().tracked === ROWS.length);
    expect(titlesOf(inspector.hits())).toEqual(EXPECTED);
  },
);

test.each(LANGUAGES)(
  '%s: of the path %s, %s is shown as %s',
  async (language, path, route, place) => {
    const { gateway, inspector } = await startGateway();
    const resource = { 'service.name': 'shop', 'telemetry.sdk.language': language };
    const spans = [requestSpan(path, {}, { 'http.route': route })];
    await sendSpans(gateway, exportRequest(spans, resource));
    await eventually(() => gateway.stats().tracked === 1);
    expect(inspector.hits()[0]?.params.action_name).toBe(`GET ${place}`);
  },
);

test('URLs, dimensions, ignored paths and deprecated endpoints have the same route', async () => {
  const { tracer, hits, processor } = await startProcessor({
    urlPaths: 'template',
    dimensions: { 1: 'http.route', 2: 'matomo.deprecated_endpoint' },
    deprecated: ['^/v1$', '^/old/'],
    ignorePaths: ['/leaf', '/health/{name}'],
  });
  for (const [path, route] of [
    ['/v1/items/7', '/v1'],
    ['/api/leaf', '/leaf'],
    ['/old/7', 'GET /old/{id:int}'],
    ['/health/db', 'GET /health/{name}'],
    ['/message:send', '/message\\:send'],
  ] as const) {
    const attributes = { ...attributesOf(path, 0), 'http.route': route };
    tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes }, ROOT_CONTEXT).end();
  }
  await eventually(async () => (await hits()).length === 4);
  const seen = (await hits()).map(({ params }) => {
    const { pathname } = new URL(params.url ?? '');
    return [pathname, params.dimension1, params.dimension2];
  });
  expect(new Set(seen)).toEqual(
    new Set([
      ['/v1/items/:id', undefined, undefined],
      ['/api/leaf', undefined, undefined],
      ['/old/%7Bid%7D', '/old/{id}', 'GET /old/{id}'],
      ['/message:send', '/message:send', undefined],
    ]),
  );
  expect(processor.stats().ignored).toMatchObject({ path: 1 });
});

const STATUSES: readonly (readonly [
  status: number,
  path: string,
  reported: string,
  place: string,
])[] = [
  [404, '/wp-login.php', 'default', 'Not Found'],
  [404, '/wp/7', '/wp/7', 'Not Found'],
  [404, '/v1/nope', '/v1', 'Not Found'],
  [403, '/admin/x', 'Host(`shop.example`)', 'Forbidden'],
  [404, '/users/7', 'GET /users/{id}', '/users/{id}'],
];

test.each(STATUSES)(
  'a %i of %s with the route %s is titled %s',
  async (status, path, route, place) => {
    const { tracer, hits } = await startProcessor();
    const attributes = {
      ...attributesOf(path, 0),
      'http.route': route,
      'http.response.status_code': status,
    };
    tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes }, ROOT_CONTEXT).end();
    await eventually(async () => (await hits()).length === 1);
    expect((await hits())[0]?.params.action_name).toBe(`GET ${place}`);
  },
);

/** What a framework announces wins over what does not fit: it also knows a URL that was rewritten. */
const FRAMEWORKS: readonly (readonly [
  path: string,
  reported: string,
  own: string,
  place: string,
])[] = [
  ['/api/leaf', '/leaf', '/api/leaf', '/api/leaf'],
  ['/blog/7', '/posts/:id', '/posts/:id', '/posts/:id'],
  ['/blog/7', 'Host(`shop.example`)', '/posts/:id', '/posts/:id'],
  ['/errors/404', '/errors/404', '/errors/404', '/errors/404'],
  ['/a/7', '/:x/:y', '/a/:id', '/a/:id'],
  ['/v1/items/7', '/v1', '/v1/items/:item', '/v1/items/:item'],
  ['/v1/items/7', '/v1', '/*', '/v1/items/:id'],
];

test.each(FRAMEWORKS)(
  'of the path %s, %s is reported, and %s announced: %s',
  async (path, route, own, place) => {
    const service = await startTracedService((request, response) => {
      trace.getActiveSpan()?.setAttribute('http.route', route);
      const event = {
        context: { matchedRoute: { route: own } },
        runtime: { node: { req: request } },
      };
      channel('tracing:h3.request:start').publish({ type: 'route', event });
      response.end();
    });
    const [hit] = await service.visit(path);
    expect(hit?.params.action_name).toBe(`GET ${place}`);
  },
);

test.each([
  ['/blog/7', '/posts/7', '/posts/:id', '/posts/:id'],
  ['/blog/7', '/posts/7?draft=1', '/posts/:id', '/posts/:id'],
  ['/blog/7', '/posts/7', '/orders/:id', '/blog/:id'],
  ['/api/posts/7', '/posts/7', '/posts/:id', '/api/posts/:id'],
])(
  'of the path %s, which an application rewrites to %s, %s is shown as %s',
  async (path, url, route, place) => {
    const service = await startTracedService((request, response) => {
      request.url = url;
      trace.getActiveSpan()?.setAttribute('http.route', route);
      response.end();
    });
    const [hit] = await service.visit(path);
    expect(hit?.params.action_name).toBe(`GET ${place}`);
  },
);
