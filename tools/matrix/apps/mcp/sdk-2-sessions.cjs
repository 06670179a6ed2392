// SDK 2.x on node:http, with a transport for each session.
const { randomUUID } = require('node:crypto');
const { createServer } = require('node:http');
const { NodeStreamableHTTPServerTransport } = require('@modelcontextprotocol/node');
const { McpServer } = require('@modelcontextprotocol/server');
const { serve } = require('../serve.cjs');
const { defineTools } = require('./tools.cjs');
const { tracked } = require('./tracked.cjs');

const transports = new Map();

async function transportOf({ headers }) {
  const known = transports.get(headers['mcp-session-id']);
  if (known) return known;
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void transports.set(id, transport),
  });
  await defineTools(new McpServer({ name: 'orders', version: '1.0.0' })).connect(
    tracked(transport),
  );
  return transport;
}

serve(
  createServer(async (request, response) => {
    const transport = await transportOf(request);
    await transport.handleRequest(request, response);
  }),
);
