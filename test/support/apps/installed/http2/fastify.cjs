const fastify = require('fastify');
const { serve } = require('../serve.cjs');

async function start() {
  const app = fastify({ http2: true });
  app.get('/users/:id', async () => 'ok');
  app.post('/orders', async (_request, reply) => reply.code(201).send('ok'));
  app.get('/fails', async () => {
    throw new TypeError('no such luck');
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  serve(app.server);
}

void start();
