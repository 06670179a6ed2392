const { randomUUID } = require('node:crypto');
const express = require('express');
const { annotate, ignore, trackEvent, trackOrder } = require('opentelemetry-matomo');
const { createReport } = require('./report.js');

const ITEMS = [
  { id: 1, name: 'Lamp', price: 40 },
  { id: 2, name: 'Chair', price: 120 },
  { id: 3, name: 'Desk', price: 350 },
];
const STOCK_MILLIS = Number(process.env.STOCK_MILLIS ?? 150);

const app = express();
app.use(express.json());

app.get('/items', (_request, response) => {
  response.json(ITEMS);
});

app.get('/items/:id', (request, response) => {
  const item = ITEMS.find(({ id }) => id === Number(request.params.id));
  if (item) {
    response.json(item);
    return;
  }
  trackEvent('Shop', 'item not found', { name: request.params.id });
  response.status(404).json({ error: 'no such item' });
});

app.post('/orders', (request, response) => {
  const { item, plan } = request.body;
  annotate({ action_name: 'Checkout', dimension5: plan });
  recordOrder(ITEMS.find(({ id }) => id === item));
  response.status(201).json({ item, plan });
});

/** `trackOrder` works at any depth of a request. Matomo stores the order in the visit of the caller. */
function recordOrder({ id, name, price }) {
  trackOrder({
    id: randomUUID(),
    revenue: price,
    items: [{ sku: `item-${id}`, name, price, quantity: 1 }],
  });
}

app.get('/reports/:month', async (request, response) => {
  response.json(await createReport(request.params.month));
});

// The warehouse is slow. The client gets the headers at once and may leave before the body.
app.get('/stock/:id', (request, response) => {
  response.type('json').flushHeaders();
  const body = JSON.stringify({ id: request.params.id, pieces: 7 });
  const timer = setTimeout(() => response.end(body), STOCK_MILLIS);
  response.once('close', () => clearTimeout(timer));
});

app.get('/recommendations', () => {
  throw new Error('the recommender is down');
});

// The shop for AI clients, as an SDK of the Model Context Protocol would respond.
app.post('/mcp', (request, response) => {
  const { id, method } = request.body;
  const content = [{ type: 'text', text: JSON.stringify(ITEMS) }];
  const tools = [{ name: 'find_items', inputSchema: { type: 'object' } }];
  response.json({ jsonrpc: '2.0', id, result: method === 'tools/list' ? { tools } : { content } });
});

app.get('/health', (_request, response) => {
  ignore();
  response.send('ok');
});

// Express recognizes an error handler by its four parameters.
app.use((error, _request, response, _next) => {
  response.status(error.status ?? 500).json({ error: error.message });
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on http://localhost:${server.address().port}/items`);
});

process.once('SIGTERM', () => server.close());
