const { fastifyTRPCPlugin } = require('@trpc/server/adapters/fastify');
const fastify = require('fastify');
const { appRouter: router } = require('./trpc-router.cjs');
const { serve } = require('../serve.cjs');

async function main() {
  const app = fastify();
  app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions: { router } });
  await app.listen({ port: 0, host: '127.0.0.1' });
  serve(app.server);
}

void main();
