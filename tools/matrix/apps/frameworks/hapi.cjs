const Hapi = require('@hapi/hapi');
const { serve } = require('../serve.cjs');

async function start() {
  const server = Hapi.server({ host: '127.0.0.1', port: 0, debug: false });
  server.route([
    { method: 'GET', path: '/users/{id}', handler: () => 'ok' },
    { method: 'POST', path: '/orders', handler: (_request, h) => h.response('ok').code(201) },
    {
      method: 'GET',
      path: '/fails',
      handler() {
        throw new TypeError('no such luck');
      },
    },
  ]);
  await server.start();
  serve(server.listener);
}

void start();
