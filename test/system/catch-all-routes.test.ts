import type { IncomingMessage, ServerResponse } from 'node:http';
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import express from 'express';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, requestSpan, SERVER } from '../support/otlp-spans.js';
import { AUTO, get, REGISTER, startTracked } from '../support/registered-app.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

const titlesOf = (hits: readonly { params: Record<string, string> }[]) =>
  hits.map(({ params }) => params.action_name);

/** Who makes the hits of a service's requests. */
const MAKERS = ['the processor', 'a gateway that gets the spans'] as const;

/** Requests these paths, and returns the titles of their hits. */
async function titlesBy(
  maker: (typeof MAKERS)[number],
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  paths: readonly string[],
) {
  if (maker === 'the processor') {
    const service = await startTracedService(listener);
    return titlesOf(await service.visit(paths));
  }
  // Requests to the gateway itself have spans too, because it is in the same process.
  const { gateway, inspector } = await startGateway({ ignorePaths: ['/v1/traces'] });
  const exporter = new OTLPTraceExporter({ url: `${gateway.url}/v1/traces` });
  const spans = new BatchSpanProcessor(exporter);
  const service = await startTracedService(
    listener,
    { enabled: false },
    { spanProcessors: [spans] },
  );
  for (const path of paths) await service.fetch(path);
  await eventually(async () => {
    await spans.forceFlush(); // the last span may end after its response
    return gateway.stats().tracked >= paths.length;
  });
  return titlesOf(inspector.hits());
}

test('Express: a catch-all is no route, also behind a router and after an error', async () => {
  const app = express();
  const api = express.Router();
  api.get('/*rest', (_request, response) => void response.send('api'));
  app.use('/api', api);
  app.get('/users/:id', (_request, response) => void response.send('user'));
  app.get(/^\/pages\/.*/, (_request, response) => void response.send('page'));
  app.all('/{*splat}', (request, response) => {
    if (request.path === '/fails/8') throw new Error('no');
    response.status(request.path === '/nowhere' ? 404 : 200).end();
  });
  app.use((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
    response.status(500).end();
  });
  const service = await startTracedService((request, response) => app(request, response));
  const paths = ['/users/7', '/orders/8', '/api/9', '/pages/1', '/fails/8', '/nowhere'];
  const hits = await service.visit(paths);
  // Within a router, `request.url` is only the rest of the path.
  expect(hits.map(({ params }) => new URL(params.url ?? '').pathname)).toEqual(paths);
  expect(titlesOf(hits)).toEqual([
    'GET /users/:id',
    'GET /orders/:id',
    'GET /api/*',
    'GET /pages/:id',
    'GET /fails/:id',
    'GET Not Found',
  ]);
});

test.each(MAKERS)(
  'a catch-all yields to the route of a span below, which no layer of Express names: %s',
  async (maker) => {
    const app = express();
    app.all('/{*splat}', (request, response) => {
      const tracer = trace.getTracer('page');
      for (const type of ['express.type', 'router.type', 'connect.type']) {
        const attributes = { 'http.route': '/layer', [type]: 'middleware' };
        tracer.startSpan('layer', { attributes }).end();
      }
      tracer.startSpan('outer', { attributes: { 'http.route': '/{*splat}' } }).end();
      if (request.path !== '/plain/7') {
        tracer.startSpan('page', { attributes: { 'http.route': '/items/[id]' } }).end();
      }
      response.end();
    });
    const found = await titlesBy(maker, app, ['/items/7', '/plain/7']);
    expect(found).toEqual(['GET /items/[id]', 'GET /plain/:id']);
  },
);

test.each(MAKERS)(
  'SvelteKit: the route is that of the request itself, as far as it has one: %s',
  async (maker) => {
    const tracer = trace.getTracer('sveltekit');
    /** The spans of SvelteKit 3 with its tracing: those of a request that a page makes to its own server end first. */
    const run = (route: string, isSubRequest: boolean, inside = () => {}) => {
      const attributes = { 'http.route': route, 'sveltekit.is_sub_request': isSubRequest };
      tracer.startActiveSpan('sveltekit.handle.root', { attributes }, (root) => {
        tracer.startActiveSpan(
          'sveltekit.resolve',
          { attributes: { 'http.route': route } },
          (span) => {
            inside();
            span.end();
          },
        );
        root.end();
      });
    };
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      const { url } = request;
      if (url === '/users/7') run('/users/[id]', false, () => run('/api/prices', true));
      else if (url === '/about/7') run('/(shop)/[...path]', false);
      else run('unknown', false);
      response.statusCode = url === '/nowhere' ? 404 : 200;
      response.end();
    };
    const paths = ['/users/7', '/about/7', '/favicon/7', '/nowhere'];
    expect(await titlesBy(maker, listener, paths)).toEqual([
      'GET /users/[id]',
      'GET /about/:id',
      'GET /favicon/:id',
      'GET Not Found',
    ]);
  },
);

const CATCH_ALL = `
const express = require('express');
const app = express();
const admin = express.Router();
app.get('/users/:id', (request, response) => response.send('user'));
admin.get('/*rest', (request, response) => response.send('admin'));
app.use('/admin', admin);
const board = express.Router();
board.get(['/', '/queue/:name'], (request, response) => response.send('queue'));
board.get(/^\\/jobs\\/.*$/, (request, response) => response.send('job'));
app.use('/queues/:who', board);
app.all('/{*splat}', (request, response) => response.sendStatus(request.path === '/nowhere' ? 404 : 200));
const server = app.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));`;

test('Express beside its instrumentation, which cuts `/{*splat}` to `/` and `/admin/*rest` to `/admin`, and joins lists by commas', async () => {
  const { inspector, app } = await startTracked([...AUTO, ...REGISTER, '-e', CATCH_ALL], {
    OTEL_TRACES_EXPORTER: 'none',
    MATOMO_SCHEDULE_DELAY: '100',
  });
  const board = ['/queues/bob', '/queues/bob/queue/mail', '/queues/7/jobs/8'];
  const paths = ['/users/7', '/admin/a/b', '/orders/8', ...board, '/nowhere'];
  for (const path of paths) await get(app.url + path);
  await eventually(() => inspector.hits().length === paths.length);
  expect(titlesOf(inspector.hits())).toEqual([
    'GET /users/:id',
    'GET /admin/*',
    'GET /orders/:id',
    'GET /queues/:who',
    'GET /queues/:who/queue/:name',
    'GET /queues/:id/jobs/:id',
    'GET Not Found',
  ]);
});

test('Fastify: a catch-all is no route, and one behind a prefix is', async () => {
  const app = fastify();
  app.get('/users/:id', async () => 'user');
  app.get('/api/*', async () => 'api');
  app.get('/*', async () => 'anything');
  await app.ready();
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    app.routing(request, response);
  const service = await startTracedService(listener);
  expect(titlesOf(await service.visit(['/users/7', '/api/8', '/orders/9']))).toEqual([
    'GET /users/:id',
    'GET /api/*',
    'GET /orders/:id',
  ]);
});

test('the gateway takes `/**`, and `/` of another path, for no route, and reads that of a span below', async () => {
  const { gateway, inspector } = await startGateway();
  const java = (path: string, status = 200) =>
    requestSpan(path, {}, { 'http.route': '/**', 'http.response.status_code': status });
  const cut = (path: string) => requestSpan(path, {}, { 'http.route': '/' });
  const around = java('/items/7');
  const page = below(around, { 'http.route': '/items/{id}' });
  const nested = java('/orders/8');
  const server = { 'http.request.method': 'GET', 'http.route': '/orders/{id}' };
  await sendSpans(
    gateway,
    exportRequest([
      java('/users/7'),
      java('/no/such', 404),
      cut('/carts/9'),
      cut('/'),
      around,
      page,
      nested,
      below(nested, server, { kind: SERVER }),
    ]),
  );
  await eventually(() => gateway.stats().tracked === 6);
  expect(titlesOf(inspector.hits()).sort()).toEqual([
    'GET /',
    'GET /carts/:id',
    'GET /items/{id}',
    'GET /orders/{id}',
    'GET /users/:id',
    'GET Not Found',
  ]);
});

test('the exporter sends the error of a GraphQL operation that is answered with 200', async () => {
  const { inspector, exporter } = await startExporter({}, { customVariables: true });
  const root = finishedSpan({
    attributes: { 'http.request.method': 'POST', 'url.path': '/graphql' },
  });
  const { traceId, spanId } = root.spanContext();
  const parentSpanContext = { traceId, spanId, traceFlags: 1 };
  // Other tests of this process must not have shown that it is a name.
  const operation = finishedSpan({
    name: 'mutation CreateUnseenOrder',
    kind: 0,
    parentSpanContext,
    attributes: { 'graphql.operation.name': 'CreateUnseenOrder' },
  });
  const resolver = finishedSpan({
    name: 'graphql.resolve createUnseenOrder',
    kind: 0,
    parentSpanContext,
    status: { code: 2 },
    events: [{ name: 'exception', attributes: { 'exception.type': 'OutOfStock' } }],
  });
  const status = { 'http.response.status_code': 200 };
  const answered = { ...root, attributes: { ...root.attributes, ...status } };
  exporter.export([resolver, operation, answered], () => undefined);
  await exporter.shutdown();
  expect(inspector.hits()[0]?.params.action_name).toBe('POST /graphql');
  expect(inspector.hits()[0]?.params.cvar).toContain('OutOfStock');
});
