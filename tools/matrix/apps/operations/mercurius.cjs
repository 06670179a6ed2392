const fastify = require('fastify');
const mercurius = require('mercurius');
const { resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

async function main() {
  const app = fastify();
  app.register(mercurius, { schema: typeDefs, resolvers });
  await app.listen({ port: 0, host: '127.0.0.1' });
  serve(app.server);
}

void main();
