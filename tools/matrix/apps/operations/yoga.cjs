const { createServer } = require('node:http');
const { useEngine } = require('@envelop/core');
const graphql = require('graphql');
const { createSchema, createYoga } = require('graphql-yoga');
const { resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

const schema = createSchema({ typeDefs, resolvers });
const plugins = [useEngine(graphql)];
serve(createServer(createYoga({ schema, plugins, logging: false, maskedErrors: false })));
