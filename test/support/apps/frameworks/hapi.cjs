// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const Hapi = require('@hapi/hapi');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const named = ({ method, route }, h) => {
  annotate({ action_name: `${method.toUpperCase()} ${route.path}` });
  return h.continue;
};

const server = Hapi.server({ port: process.env.PORT, host: '127.0.0.1' });
server.ext('onPreHandler', named);
server.route({
  path: '/health',
  method: 'GET',
  handler() {
    ignore();
    return 'ok';
  },
});

server.route({
  path: '/orders',
  method: 'POST',
  handler() {
    annotate({ action_name: 'Checkout', dimension5: 'pro' });
    return 'created';
  },
});

server.route({
  path: '/users/{id}',
  method: 'GET',
  handler: ({ params }) => measure('pf_dm1', () => findUser(params.id)),
});

server.start().then(() => process.stdout.write(`${server.info.uri}\n`));
