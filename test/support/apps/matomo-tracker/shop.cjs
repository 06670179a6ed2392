// A shop that is tracked only where it calls, started with MATOMO_PAGE_VIEWS=false and MATOMO_AI_CHATBOTS=off.
const { createServer } = require('node:http');
const { trackHit } = require('opentelemetry-matomo');

function showProduct({ sku, name, category, price }) {
  trackHit({ action_name: name, _pks: sku, _pkn: name, _pkc: category, _pkp: price });
}

function changeCart(total, items) {
  const ec_items = items.map(({ sku, name, category, price, pieces }) => {
    return [sku, name, category, price, pieces];
  });
  trackHit({ idgoal: 0, revenue: total, ec_items });
}

const mug = { sku: 'mug', name: 'Mug', category: 'Kitchen', price: '9.50', pieces: 2 };

const server = createServer((request, response) => {
  if (request.url === '/mug') showProduct(mug);
  if (request.url === '/cart') changeCart('19.00', [mug]);
  response.end('ok');
});

server.listen(process.env.PORT, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
