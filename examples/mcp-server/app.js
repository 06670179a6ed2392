const { createMcpExpressApp } = require('@modelcontextprotocol/express');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { createMcpHandler, McpServer } = require('@modelcontextprotocol/server');
const { trackMcp } = require('opentelemetry-matomo');
const { z } = require('zod');

const ORDERS = { 7: 'shipped', 8: 'packed' };

/** The SDK creates a server and a transport for each request. Without `trackMcp`, nobody would know which calls fail. */
class OrderServer extends McpServer {
  connect(transport) {
    return super.connect(trackMcp(transport));
  }
}

const text = (value) => ({ content: [{ type: 'text', text: value }] });

function createOrderServer() {
  const server = new OrderServer({ name: 'orders', version: '1.0.0' });
  const inputSchema = z.object({ id: z.string() });
  server.registerTool('find_order', { description: 'State of an order', inputSchema }, ({ id }) =>
    id in ORDERS ? text(ORDERS[id]) : { ...text('no such order'), isError: true },
  );
  server.registerTool('cancel_order', { description: 'Cancels an order', inputSchema }, () => {
    throw new Error('the warehouse does not answer');
  });
  server.registerPrompt('summary', { description: 'Summarizes all orders' }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'Summarize all orders.' } }],
  }));
  return server;
}

const handle = toNodeHandler(createMcpHandler(createOrderServer));
const app = createMcpExpressApp();
app.all('/mcp', (request, response) => handle(request, response, request.body));

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`Listening on http://127.0.0.1:${server.address().port}/mcp`);
});

process.once('SIGTERM', () => server.close());
