// SDK 2.x on Express, with a server for each request, as its documentation shows.
const { createServer } = require('node:http');
const { createMcpExpressApp } = require('@modelcontextprotocol/express');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { createMcpHandler, McpServer } = require('@modelcontextprotocol/server');
const { serve } = require('../serve.cjs');
const { defineTools } = require('./tools.cjs');

const handle = toNodeHandler(
  createMcpHandler(() => defineTools(new McpServer({ name: 'orders', version: '1.0.0' }))),
);
const app = createMcpExpressApp();
app.all('/mcp', (request, response) => handle(request, response, request.body));
serve(createServer(app));
