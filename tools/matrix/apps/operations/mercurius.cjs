const fastify = require('fastify');
const mercurius = require('mercurius');
const { annotate } = require('opentelemetry-matomo');
const { isNamed, resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

async function main() {
  const app = fastify();
  app.register(mercurius, { schema: typeDefs, resolvers });
  await app.ready();
  if (isNamed) {
    app.graphql.addHook('preExecution', async (_schema, { definitions }) =>
      annotate({ action_name: `POST /graphql ${definitions[0].name?.value ?? ''}` }),
    );
  }
  await app.listen({ port: 0, host: '127.0.0.1' });
  serve(app.server);
}

void main();
