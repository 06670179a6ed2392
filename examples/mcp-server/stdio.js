// The same tools for a client that starts this process. There is no request, so the installation is the visitor.
const { StdioServerTransport } = require('@modelcontextprotocol/server/stdio');
const { createOrderServer } = require('./orders.js');

const visitor = { uid: process.env.INSTALLATION_ID ?? 'desk-1' };
void createOrderServer(visitor).connect(new StdioServerTransport());
