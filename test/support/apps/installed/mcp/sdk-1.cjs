// SDK 1.x on Express, with a transport for each session, as its documentation shows.
const { randomUUID } = require('node:crypto');
const { createServer } = require('node:http');
const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js');
const {
  StreamableHTTPServerTransport,
} = require('@modelcontextprotocol/sdk/server/streamableHttp.js');
const express = require('express');
const { serve } = require('../serve.cjs');
const { defineTools } = require('./tools.cjs');

const transports = new Map();

async function transportOf({ headers }) {
  const known = transports.get(headers['mcp-session-id']);
  if (known) return known;
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void transports.set(id, transport),
  });
  await defineTools(new McpServer({ name: 'orders', version: '1.0.0' })).connect(transport);
  return transport;
}

const app = express();
app.use(express.json());
app.all('/mcp', async (request, response) => {
  const transport = await transportOf(request);
  await transport.handleRequest(request, response, request.body);
});
serve(createServer(app));
