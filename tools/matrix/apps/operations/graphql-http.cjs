const { createServer } = require('node:http');
const express = require('express');
const { buildSchema } = require('graphql');
const { createHandler } = require('graphql-http/lib/use/express');
const { resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

const schema = buildSchema(typeDefs);
const app = express();
app.use(express.json());
app.all(
  '/graphql',
  createHandler({ schema, rootValue: { ...resolvers.Query, ...resolvers.Mutation } }),
);
serve(createServer(app));
