// A server of each framework. They share a database connection with callbacks, opened by the first request: `/opens` of `node`.
const { createServer } = require('node:http');
const { connect, createServer: createDatabase } = require('node:net');
const Hapi = require('@hapi/hapi');
const { serve } = require('@hono/node-server');
const express = require('express');
const fastify = require('fastify');
const { Hono } = require('hono');
const Koa = require('koa');
const { forRequest, trackEvent } = require('opentelemetry-matomo');

const HOST = '127.0.0.1';
const callbacks = [];
let connection;

/** Calls back in the async context of the first request. */
function query(callback) {
  callbacks.push(callback);
  connection ??= connect(database.address().port, HOST).on('data', (answers) => {
    for (const _answer of answers) callbacks.shift()();
  });
  connection.write('?');
}

/** Resolves after calls for `request` in the async context of another. */
const handle = (request, path) =>
  new Promise((resolve) => {
    query(() => {
      const { annotate, ignore, measure, trackEvent, trackGoal, trackHit, trackOrder } =
        forRequest(request);
      annotate({ dimension1: path });
      void measure('pf_dm1', () => path);
      trackEvent('Cache', path);
      trackGoal(1, { revenue: 2 });
      trackOrder({ id: path, revenue: 1 });
      trackHit({ search: path });
      if (path.endsWith('/ignored')) ignore();
      resolve('ok');
    });
  });

const database = createDatabase((socket) => socket.pipe(socket)).listen(0, HOST);
const toUrl = (server) => `http://${HOST}:${server.address().port}`;
const listen = (server) =>
  new Promise((resolve) => server.listen(0, HOST, () => resolve(toUrl(server))));

/** Ends with the process: all the time, the connection is in the async context of a request that runs. */
function keepOpen(response) {
  query(() => {
    trackEvent('Opened', 'by /opens'); // so that the test knows whose async context it is
    forRequest({ raw: { req: {} } }).trackEvent('No', 'request');
    forRequest({
      request: null,
      get env() {
        throw new Error('unreadable');
      },
    }).annotate({ dimension1: 'none' });
    response.write('opened');
  });
}

async function start() {
  const node = createServer(async (request, response) => {
    if (request.url === '/opens') keepOpen(response);
    else response.end(await handle(request, request.url));
  });
  const onExpress = express().use(async (request, response) =>
    response.send(await handle(request, request.originalUrl)),
  );
  const onFastify = fastify();
  onFastify.get('/*', (request) => handle(request, request.url));
  const onKoa = new Koa().use(async (context) => {
    context.body = await handle(context, context.path);
  });
  const onHapi = Hapi.server({ port: 0, host: HOST });
  onHapi.route({
    method: 'GET',
    path: '/{any*}',
    handler: (request) => handle(request, request.path),
  });
  await onHapi.start();
  const onHono = new Hono().get('*', async (context) =>
    context.text(await handle(context, context.req.path)),
  );
  const urls = {
    node: await listen(node),
    express: await listen(createServer(onExpress)),
    fastify: await onFastify.listen({ port: 0, host: HOST }),
    koa: await listen(createServer(onKoa.callback())),
    hapi: onHapi.info.uri,
    hono: await new Promise((resolve) => {
      const server = serve({ fetch: onHono.fetch, port: 0, hostname: HOST }, () =>
        resolve(toUrl(server)),
      );
    }),
  };
  process.stdout.write(`${JSON.stringify(urls)}\n`);
}

void start();
