// How each framework mounts routes. Each makes a server that does not listen yet.
const { createServer } = require('node:http');
const { Exchange } = require('./exchange.cjs');

const { PROTOCOL } = process.env;
const create = (listener) =>
  PROTOCOL === '2' ? require('node:http2').createServer(listener) : createServer(listener);

/** What the framework is to send: what the handler returns, with defaults. Nothing if the handler has taken the response. */
async function run({ before, handle }, exchange) {
  process.stdout.write(`begun ${exchange.url}\n`);
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
  const patterns = routes.map((route) => [toPattern(route.route), route]);
  return (path) => patterns.find(([pattern]) => pattern.test(path))?.[1];
}

const notFound = { handle: () => ({ status: 404, body: 'not found' }) };

module.exports = {
  async node(routes) {
    const find = findRoute(routes);
    return create((request, response) => {
      const route = find(pathOf(request.url)) ?? notFound;
      const respond = ({ status, headers, body }) => {
        response.writeHead(status, headers);
        if (body?.pipe) body.pipe(response);
        else response.end(body);
      };
      void answer(route, new Exchange(request, response), respond);
    });
  },
};
