// A server over stdio. SDK 2.x makes it for each connection; with SERVE, by `serveStdio`.
const { SDK, SERVE } = process.env;
const isNewest = SDK === '2';
const { McpServer } = require(
  isNewest ? '@modelcontextprotocol/server' : '@modelcontextprotocol/sdk/server/mcp.js',
);
const { serveStdio, StdioServerTransport } = require(
  isNewest ? '@modelcontextprotocol/server/stdio' : '@modelcontextprotocol/sdk/server/stdio.js',
);
const { defineTools } = require('./tools.cjs');
const { tracked } = require('./tracked.cjs');

const createServer = () => defineTools(new McpServer({ name: 'orders', version: '1.0.0' }));
const transport = tracked(new StdioServerTransport(), JSON.parse(process.env.VISITOR));
if (SERVE) serveStdio(createServer, { transport });
else void createServer().connect(transport);
