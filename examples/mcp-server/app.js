const { createMcpExpressApp } = require('@modelcontextprotocol/express');
const { toNodeHandler } = require('@modelcontextprotocol/node');
const { createMcpHandler } = require('@modelcontextprotocol/server');
const { createOrderServer } = require('./orders.js');

const handle = toNodeHandler(createMcpHandler(() => createOrderServer()));
const app = createMcpExpressApp();
app.all('/mcp', (request, response) => handle(request, response, request.body));

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`Listening on http://127.0.0.1:${server.address().port}/mcp`);
});

process.once('SIGTERM', () => server.close());
