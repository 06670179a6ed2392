const { createServer } = require('node:http');
const { ApolloServer } = require('@apollo/server');
const { expressMiddleware } = require('@as-integrations/express5');
const express = require('express');
const { resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

async function main() {
  const options = { includeStacktraceInErrorResponses: false, stopOnTerminationSignals: false };
  const apollo = new ApolloServer({ typeDefs, resolvers, ...options });
  await apollo.start();
  const app = express();
  app.use('/graphql', express.json(), expressMiddleware(apollo));
  serve(createServer(app));
}

void main();
