// The same service with opentelemetry-matomo, started with `--require opentelemetry-matomo/register`.
const { createServer } = require('node:http');
const { annotate, trackEvent, trackGoal, trackHit, trackOrder } = require('opentelemetry-matomo');

const server = createServer((_request, response) => {
  annotate({ action_name: 'Checkout', uid: 'customer-17' });
  trackEvent('Shop', 'paid', { name: 'card', value: 20 });
  trackGoal(2, { revenue: 5 });
  const items = [{ sku: 'mug', name: 'Mug', categories: 'Kitchen', price: 10, quantity: 2 }];
  trackOrder({ id: 'A-1', revenue: 20, items });
  trackHit({ download: 'http://shop.example/invoice.pdf' });
  response.end('ok');
});

server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
