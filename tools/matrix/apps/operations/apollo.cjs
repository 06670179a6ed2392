const { createServer } = require('node:http');
const { ApolloServer } = require('@apollo/server');
const { expressMiddleware } = require('@as-integrations/express5');
const express = require('express');
const { annotate } = require('opentelemetry-matomo');
const { isNamed, resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

const naming = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ operationName }) =>
      annotate({ action_name: `POST /graphql ${operationName ?? ''}` }),
  }),
};

async function main() {
  const plugins = isNamed ? [naming] : [];
  const options = { includeStacktraceInErrorResponses: false, stopOnTerminationSignals: false };
  const apollo = new ApolloServer({ typeDefs, resolvers, plugins, ...options });
  await apollo.start();
  const app = express();
  app.use('/graphql', express.json(), expressMiddleware(apollo));
  serve(createServer(app));
}

void main();
