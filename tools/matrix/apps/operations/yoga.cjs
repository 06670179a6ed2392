const { createServer } = require('node:http');
const { useEngine } = require('@envelop/core');
const graphql = require('graphql');
const { createSchema, createYoga } = require('graphql-yoga');
const { annotate } = require('opentelemetry-matomo');
const { isNamed, resolvers, typeDefs } = require('./schema.cjs');
const { serve } = require('../serve.cjs');

const naming = {
  onExecute: ({ args }) =>
    annotate({ action_name: `POST /graphql ${args.document.definitions[0].name?.value ?? ''}` }),
};

const schema = createSchema({ typeDefs, resolvers });
const plugins = [isNamed ? naming : useEngine(graphql)];
serve(createServer(createYoga({ schema, plugins, logging: false, maskedErrors: false })));
