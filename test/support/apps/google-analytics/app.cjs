// What an application did with the Measurement Protocol or PostHog, started with `--require opentelemetry-matomo/register`.
const { createServer } = require('node:http');
const { annotate, trackEvent, trackGoal, trackOrder } = require('opentelemetry-matomo');

function signUp(account) {
  annotate({ uid: account.id, dimension5: account.plan }); // identify, with a property
  trackEvent('Account', 'signed up', { name: account.plan }); // capture
  trackGoal(2);
}

function purchase({ id, value, tax, items }) {
  trackOrder({
    id,
    revenue: value,
    tax,
    items: items.map(({ item_id, item_name, item_category, price, quantity }) => {
      return { sku: item_id, name: item_name, categories: item_category, price, quantity };
    }),
  });
}

const mug = { item_id: 'mug', item_name: 'Mug', item_category: 'Kitchen' };

const server = createServer((request, response) => {
  if (request.url === '/sign-up') signUp({ id: 'u-17', plan: 'pro' });
  if (request.url === '/pay') {
    purchase({ id: 'T-1', value: 20, tax: '3.19', items: [{ ...mug, price: '10', quantity: 2 }] });
  }
  response.end('ok');
});

server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
