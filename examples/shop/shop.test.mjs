import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { startInspector } from 'opentelemetry-matomo/testing';

let inspector;
let shop;
let url;

before(async () => {
  inspector = await startInspector();
  shop = spawn('node', ['--require', 'opentelemetry-matomo/register', 'app.js'], {
    cwd: import.meta.dirname,
    env: {
      ...process.env,
      ...{ PORT: '0', MATOMO_ENABLED: 'true' },
      ...{ MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(shop.stdout.setEncoding('utf8'), 'data');
  [url] = /http:\/\/[^/\s]+/.exec(line);
});
after(async () => {
  shop.kill('SIGKILL');
  await inspector.close();
});

test('an order is tracked as a checkout with its plan, and a health check is ignored', async () => {
  await fetch(`${url}/health`);
  await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ item: 1, plan: 'pro' }),
  });
  shop.kill('SIGTERM'); // it sends pending hits, then ends
  await once(shop, 'exit');

  const [hit, order, ...others] = inspector.hits();
  assert.equal(hit.verdict, 'tracked');
  assert.equal(hit.stored.title, 'Checkout');
  assert.equal(hit.params.dimension5, 'pro');
  assert.equal(order.params.revenue, '40');
  assert.equal(order.params.cid, hit.params.cid); // the same visit
  assert.deepEqual(others, []);
});
