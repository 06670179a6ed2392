// How each framework mounts routes. Each makes a server that does not listen yet.
const { createServer } = require('node:http');
const { pipeline, Readable } = require('node:stream');
const { Exchange, StreamExchange } = require('./exchange.cjs');

const { PROTOCOL } = process.env;
const create = (listener) =>
  PROTOCOL === '2' ? require('node:http2').createServer(listener) : createServer(listener);

/** What the framework is to send: what the handler returns, with defaults. Nothing if the handler has taken the response. */
async function run({ before, handle }, exchange) {
  const { url } = exchange;
  process.stdout.write(`begun ${url}\n`);
  exchange.onClose(() => process.stdout.write(`closed ${url}\n`));
  if (before) await before(exchange);
  if (exchange.isTaken) return;
  const reply = (await handle(exchange)) ?? {};
  return exchange.isTaken ? undefined : { status: 200, headers: {}, body: 'ok', ...reply };
}

const pathOf = (url) => url.split('?')[0];

/** Of `/a/:b`, `/a/*`. */
function toPattern(route) {
  const source = route.replace(/\/\*$/, '/.*').replaceAll(/:\w+/g, '[^/]+');
  return new RegExp(`^${source}$`);
}

/** Sends by node's own means. */
async function answer(route, exchange, respond) {
  try {
    const reply = await run(route, exchange);
    if (reply) respond(reply);
  } catch (error) {
    respond({ status: error.status ?? 500, headers: {}, body: 'failed' });
  }
}

function findRoute(routes) {
  const patterns = routes.map((route) => [toPattern(`${route.mount ?? ''}${route.route}`), route]);
  return (path) => patterns.find(([pattern]) => pattern.test(path))?.[1];
}

const notFound = { handle: () => ({ status: 404, body: 'not found' }) };

const asStream = (body) => (body?.pipe ? Readable.toWeb(body) : body);

const FRAMEWORKS = {
  async node(routes) {
    const find = findRoute(routes);
    return create((request, response) => {
      const route = find(pathOf(request.url)) ?? notFound;
      const respond = ({ status, headers, body }) => {
        response.writeHead(status, headers);
        if (body?.pipe) pipeline(body, response, () => undefined);
        else response.end(body);
      };
      void answer(route, new Exchange(request, response), respond);
    });
  },

  /** The `stream` event of HTTP/2. */
  async stream(routes) {
    const find = findRoute(routes);
    const server = create();
    server.on('stream', (stream, requestHeaders) => {
      stream.on('error', () => undefined);
      const route = find(pathOf(requestHeaders[':path'])) ?? notFound;
      const respond = ({ status, headers, body }) => {
        const isWithout = body === undefined || stream.headRequest;
        stream.respond({ ...headers, ':status': status }, { endStream: isWithout });
        if (isWithout) return;
        if (body?.pipe) pipeline(body, stream, () => undefined);
        else stream.end(body);
      };
      void answer(route, new StreamExchange(stream, requestHeaders), respond);
    });
    return server;
  },

  async express(routes) {
    const express = require('express');
    const app = express();
    const reply = ({ status, headers, body }, response) => {
      response.status(status).set(headers);
      if (body?.pipe) pipeline(body, response, () => undefined);
      else response.send(body);
    };
    for (const { mount, route, before, handle } of routes) {
      const router = mount === undefined ? app : express.Router({ mergeParams: true });
      const handlers = [
        async (request, response) => {
          const exchange = new Exchange(request, response);
          const answered = await run({ handle }, exchange);
          if (answered) reply(answered, response);
        },
      ];
      if (before) {
        handlers.unshift(async (request, response, next) => {
          const passes = await before(new Exchange(request, response));
          next(passes);
        });
      }
      router.all(route.replace(/\/\*$/, '/*rest'), ...handlers);
      if (mount !== undefined) app.use(mount, router);
    }
    return createServer(app);
  },

  async fastify(routes) {
    const app = require('fastify')({ exposeHeadRoutes: false, http2: PROTOCOL === '2' });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null)); // handlers read bodies themselves
    const add = (scope, route) =>
      scope.all(route.route, async (request, reply) => {
        const exchange = new Exchange(request.raw, reply.raw, request);
        exchange.onTake = () => reply.hijack();
        const answered = await run(route, exchange);
        if (answered === undefined) return reply;
        return reply.code(answered.status).headers(answered.headers).send(answered.body);
      });
    for (const route of routes) {
      if (route.mount === undefined) add(app, route);
      else app.register(async (scope) => void add(scope, route), { prefix: route.mount });
    }
    await app.ready();
    return app.server;
  },

  async koa(routes) {
    const Router = require('@koa/router');
    const Koa = require('koa');
    const app = new Koa();
    app.silent = true;
    const outer = new Router();
    for (const route of routes) {
      const router = new Router();
      router.all(route.route.replace(/\/\*$/, '/{*rest}'), async (context) => {
        const exchange = new Exchange(context.req, context.res, context);
        exchange.onTake = () => {
          context.respond = false;
        };
        const answered = await run(route, exchange);
        if (!answered) return;
        context.set(answered.headers);
        context.body = answered.body ?? null;
        context.status = answered.status;
      });
      outer.use(...(route.mount === undefined ? [] : [route.mount]), router.routes());
    }
    app.use(outer.routes());
    return create(app.callback());
  },

  async hono(routes) {
    const { createAdaptorServer } = require('@hono/node-server');
    const { RESPONSE_ALREADY_SENT } = require('@hono/node-server/utils/response');
    const { Hono } = require('hono');
    const app = new Hono();
    app.onError((_error, context) => context.text('failed', 500));
    const add = (scope, route) =>
      scope.all(route.route, async (context) => {
        const { incoming, outgoing } = context.env;
        const answered = await run(route, new Exchange(incoming, outgoing, context));
        if (!answered) return RESPONSE_ALREADY_SENT;
        return context.body(asStream(answered.body) ?? null, answered.status, answered.headers);
      });
    for (const route of routes) {
      if (route.mount === undefined) add(app, route);
      else {
        const scope = new Hono();
        add(scope, route);
        app.route(route.mount, scope);
      }
    }
    return createAdaptorServer({
      fetch: app.fetch,
      createServer: (_options, listener) => create(listener),
    });
  },
};

module.exports = { ...FRAMEWORKS, 'instrumented koa': FRAMEWORKS.koa };
