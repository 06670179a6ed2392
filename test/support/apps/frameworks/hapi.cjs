// Knows OpenTelemetry by `--require opentelemetry-matomo/register` only.
const { setTimeout: delay } = require('node:timers/promises');
const Hapi = require('@hapi/hapi');
const { annotate, ignore, measure } = require('opentelemetry-matomo');

const findUser = (id) => delay(20, { id });

const ignored = () => {
  ignore();
  return null;
};
const details = (parameters) => () => {
  annotate(parameters);
  return null;
};
const checkout = details({ action_name: 'Checkout', dimension5: 'pro' });
const named = ({ method, route }, h) => {
  annotate({ action_name: `${method.toUpperCase()} ${route.path}` });
  return h.continue;
};
const user = ({ params }) => measure('pf_dm1', () => findUser(params.id));

const server = Hapi.server({ port: process.env.PORT, host: '127.0.0.1' });
server.ext('onPreHandler', named);
server.route([
  { path: '/health', method: 'GET', options: { pre: [ignored] }, handler: () => 'ok' },
  { path: '/orders', method: 'POST', options: { pre: [checkout] }, handler: () => 'created' },
  { path: '/users/{id}', method: 'GET', handler: user },
]);

server.start().then(() => process.stdout.write(`${server.info.uri}\n`));
