// Every annotation of a request, in the framework that FRAMEWORK names.
const { setTimeout: delay } = require('node:timers/promises');
const { annotate, ignore, measure } = require('opentelemetry-matomo');
const { serve } = require('./serve.cjs');

/** By the first segment of a path; each gets the response of Node.js. */
const HANDLERS = {
  plain: (response) => response.end('ok'),
  tracked(response) {
    annotate({ action_name: 'Checkout', dimension1: 'web' });
    response.end('ok');
  },
  async measured(response) {
    await measure('pf_dm1', () => delay(20));
    response.end('ok');
  },
  ignored(response) {
    ignore();
    response.end('ok');
  },
  sized: (response) => response.setHeader('content-length', 1234).end('x'.repeat(1234)),
  waits: (response) => response.write('half'),
};

const SERVERS = {
  express() {
    const app = require('express')();
    for (const [name, handle] of Object.entries(HANDLERS)) {
      app.get(`/${name}/:id`, (_request, response) => handle(response));
    }
    return require('node:http').createServer(app);
  },
  async fastify() {
    const app = require('fastify')();
    for (const [name, handle] of Object.entries(HANDLERS)) {
      app.get(`/${name}/:id`, (_request, reply) => {
        reply.hijack();
        handle(reply.raw);
      });
    }
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
  restify() {
    const app = require('restify').createServer();
    for (const [name, handle] of Object.entries(HANDLERS)) {
      app.get(`/${name}/:id`, async (_request, response) => void (await handle(response)));
    }
    return app.server;
  },
};

void Promise.resolve(SERVERS[process.env.FRAMEWORK]()).then((server) => serve(server));
