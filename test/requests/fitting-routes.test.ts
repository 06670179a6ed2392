import { channel } from 'node:diagnostics_channel';
import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { startProcessor } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

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
    const status = { 'http.response.status_code': 200 };
    const attributes = {
      'http.request.method': 'GET',
      'url.path': path,
      'http.route': route,
      ...status,
    };
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
      'http.request.method': 'GET',
      'url.path': path,
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
