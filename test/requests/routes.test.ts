import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { startTracedService } from '../support/traced-service.js';

const H3 = 'tracing:h3.request:start';
const toH3 = (req: IncomingMessage, route: unknown) => ({
  type: 'route',
  event: { context: { matchedRoute: { route } }, runtime: { node: { req } } },
});
const toAdonis = (request: IncomingMessage, pattern: unknown) => ({
  ctx: { request: { request }, route: { pattern } },
});

// What each framework publishes. The matrix runs the frameworks themselves.
test.each([
  ['h3 2', H3, toH3],
  ['AdonisJS 7', 'tracing:adonisjs.http.request:asyncEnd', toAdonis],
])('%s announces its route', async (_framework, name, toMessage) => {
  const service = await startTracedService((request, response) => {
    const route = request.url === '/any/7' ? '/*' : '/users/:name';
    channel(name).publish(request.url === '/none/7' ? {} : toMessage(request, route));
    channel(name).publish(toMessage({} as IncomingMessage, '/of/another/request'));
    response.end();
  });
  const hits = await service.visit(['/users/ann', '/any/7', '/none/7']);
  const titles = hits.map(({ params }) => params.action_name);
  expect(titles).toEqual(['GET /users/:name', 'GET /any/:id', 'GET /none/:id']);
  expect(channel(name).hasSubscribers).toBe(true);
  await service.processor.shutdown();
  expect(channel(name).hasSubscribers).toBe(false);
});

// What a framework announces wins over what does not fit, or says less.
test.each([
  ['/api/leaf', '/leaf', '/api/leaf', '/api/leaf'],
  ['/api/readers/ann', '/readers/:id', '/:any', '/api/readers/:id'],
  ['/blog/7', '/posts/:id', '/posts/:id', '/blog/:id'],
  ['/a/7', '/:x/:y', '/a/:name', '/a/:name'],
  ['/a/7', '/a/*', '/a/:name', '/a/:name'],
  ['/v1/items/7', '/v1', '/*', '/v1/items/:id'],
])('of the path %s, %s is reported, and %s announced: %s', async (path, route, own, place) => {
  const service = await startTracedService((request, response) => {
    trace.getActiveSpan()?.setAttribute('http.route', route);
    channel(H3).publish(toH3(request, own));
    response.end();
  });
  expect((await service.visit(path))[0]?.params.action_name).toBe(`GET ${place}`);
});

const NEXT = Symbol.for('NextInternalRequestMeta');
const express = (baseUrl: string, path: unknown) => ({ baseUrl, route: { path } });
const next = (invokeOutput: string) => ({ [NEXT]: { invokeOutput } });

// What frameworks store on Node's request. Contracts and the matrix run the frameworks themselves.
test.each([
  ['Express 4', '/admin/x/7', express('/admin', '*'), 200, '/admin/x/:id'],
  ['an error handler', '/api/login', express('/api', '/api/login'), 500, '/api/login'],
  ['an error handler', '/api/users/7', express('', '/users/:id'), 500, '/api/users/:id'],
  ['a fallback', '/api/users/7', express('/api', '/api/users/:id'), 404, '/api/users/:id'],
  ['Express', '/b/7', express('', ['/a/:x', '/b/:y', /c/]), 200, '/b/:y'],
  ['Next.js', '/docs/a/7', next('/docs/[...slug]'), 200, '/docs/a/:id'],
  ['Next.js', '/de/a/7', next('/[locale]/[[...slug]]'), 200, '/[locale]/a/:id'],
  ['Next.js', '/posts/7', next('/posts/[id]'), 200, '/posts/[id]'],
])('%s: the place of %s by %j and status %i is %s', async (_name, path, stored, status, place) => {
  const service = await startTracedService((request, response) => {
    Object.assign(request, stored);
    response.writeHead(status).end();
  });
  expect((await service.visit(path))[0]?.params.action_name).toBe(`GET ${place}`);
});
