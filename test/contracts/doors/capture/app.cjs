// An application of a column: PROTOCOL, TRACING and FRAMEWORK say which one, ROUTES what its handlers do.
const { FRAMEWORK, TRACING, ROUTES } = process.env;
const { AT_FIRST_REQUEST, setUp, start } = require('./tracing.cjs');
if (TRACING === 'start') start();
else if (TRACING !== 'none' && !TRACING.startsWith('late')) setUp();

const handlers = require('./handlers.cjs');
const mount = require('./frameworks.cjs')[FRAMEWORK];

/** `{ mount?, route, handler, before? }`: for all methods. */
const routes = JSON.parse(ROUTES).map(({ mount, route, handler, before }) => ({
  mount,
  route,
  handle: handlers[handler] ?? fail(`There is no handler "${handler}".`),
  before: before && (handlers[before] ?? fail(`There is no handler "${before}".`)),
}));

function fail(message) {
  throw new Error(message);
}

mount(routes).then((server) => {
  const change = AT_FIRST_REQUEST[TRACING];
  if (change) server.once('request', () => void change());
  server.keepAliveTimeout = 60_000;
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  server.on('session', (session) => session.on('error', () => undefined));
  server.listen(process.env.PORT, '127.0.0.1', () => {
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
});
// A framework rethrows what a handler throws to it after the response; the process lives on, as those of many services do.
process.on('unhandledRejection', (error) => process.stderr.write(`${error?.stack}\n`));
