// SDK 2.x on Express, with a server for each request, as its documentation shows.
const { createServer } = require('node:http');
const { createMcpExpressApp } = require('@modelcontextprotocol/express');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { createMcpHandler, McpServer } = require('@modelcontextprotocol/server');
const { serve } = require('../serve.cjs');
const { defineTools } = require('./tools.cjs');
const { tracked } = require('./tracked.cjs');

/** The SDK makes the transports. */
class OrdersServer extends McpServer {
  connect(transport) {
    return super.connect(tracked(transport));
  }
}

const handle = toNodeHandler(
  createMcpHandler(() => defineTools(new OrdersServer({ name: 'orders', version: '1.0.0' }))),
);
const app = createMcpExpressApp();
app.all('/mcp', (request, response) => handle(request, response, request.body));
serve(createServer(app));
