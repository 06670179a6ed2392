// SDK 2.x on node:http: it reads the body itself.
const { createServer } = require('node:http');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { createMcpHandler, McpServer } = require('@modelcontextprotocol/server');
const { serve } = require('../serve.cjs');
const { defineTools } = require('./tools.cjs');

const handle = toNodeHandler(
  createMcpHandler(() => defineTools(new McpServer({ name: 'orders', version: '1.0.0' }))),
);
serve(createServer((request, response) => void handle(request, response)));
