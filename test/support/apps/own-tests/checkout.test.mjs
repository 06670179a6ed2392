import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { annotate, start } from 'opentelemetry-matomo';
import { startInspector } from 'opentelemetry-matomo/testing';
import { afterAll, beforeAll, beforeEach, test } from 'vitest';

let inspector;
let tracking;
let server;
let url;

beforeAll(async () => {
  inspector = await startInspector({ sites: { 1: { dimensions: [5] } } });
  tracking = start({
    enabled: true, // also where MATOMO_ENABLED is false
    url: inspector.url,
    siteId: 1,
    scheduledDelayMillis: 0,
    ignore: isInternal,
  });
  server = createServer(checkout);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
beforeEach(() => inspector.clear());
afterAll(async () => {
  server.close();
  await tracking.shutdown();
  await inspector.close();
});

// In your test, import the handler and the callback from your code.
function checkout(_request, response) {
  annotate({ action_name: 'Checkout', dimension5: 'pro' });
  response.end('created');
}
function isInternal({ path }) {
  return path.startsWith('/internal/');
}

test('an order has a title and its plan', async () => {
  await fetch(`${url}/orders`);

  const [hit] = await inspector.waitForHits(1);
  assert.equal(hit.verdict, 'tracked');
  assert.equal(hit.stored.title, 'Checkout');
  assert.equal(hit.params.dimension5, 'pro');
});

test('an order survives an outage of Matomo', async () => {
  inspector.play({ status: 503, times: 1 });
  await fetch(`${url}/orders`);

  const [hit] = await inspector.waitForHits(1); // sent again within a second
  assert.equal(hit.stored.title, 'Checkout');
});

test('internal requests are ignored', async () => {
  await fetch(`${url}/internal/jobs`);
  await fetch(`${url}/orders`);

  const [hit] = await inspector.waitForHits(1);
  assert.match(hit.stored.url, /\/orders$/);
});
