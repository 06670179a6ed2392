import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { startTracked } from '../../support/registered-app.js';

const APP = 'test/support/apps/recipes/accounts.cjs';
const ADA = { headers: { 'X-Api-Key': 'key-of-ada' } };

test.each([
  ['/users/7', {}, { stored: { title: 'API / GET /users/:id' } }],
  ['/about', {}, { stored: { title: 'About us' } }],
  [
    '/orders',
    { ...ADA, method: 'POST' },
    {
      params: { uid: 'u-17' },
      stored: { title: 'Checkout', custom_var_k3: 'area', custom_var_v3: 'shop' },
    },
  ],
  [
    '/invoices/8',
    ADA,
    {
      params: { uid: 'u-17', pf_dm1: expect.stringMatching(/^(?:19|[2-9]\d|\d{3,})$/) },
      stored: { custom_dimension_5: 'pro', time_dom_completion: expect.any(Number) },
    },
  ],
  [
    '/invoices/8/pdf',
    {},
    {
      stored: {
        type: 'event',
        event_category: 'Invoices',
        event_action: 'Download',
        event_name: '8',
      },
    },
  ],
  ['/prices/8', {}, { stored: { custom_var_v3: 'hit', time_dom_completion: expect.any(Number) } }],
  ['/reports', {}, { stored: { title: 'Report', time_dom_processing: expect.any(Number) } }],
])('%s is tracked as the page says', async (path, request, expected) => {
  const hits = await hitsOf(path, request);
  expect(hits).toEqual([expect.objectContaining({ verdict: 'tracked' })]);
  expect(hits[0]).toMatchObject(expected);
});

test('a client that nobody knows has no user ID', async () => {
  const [hit] = await hitsOf('/orders', { method: 'POST' });
  expect(hit?.params).not.toHaveProperty('uid');
});

async function hitsOf(path: string, request: RequestInit): Promise<InspectedHit[]> {
  const inspector = await startMatomo({
    customVariables: true,
    sites: { 1: { dimensions: [5] } },
  });
  const app = await startServer([APP], {
    env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' },
  });
  await (
    await fetch(app.url + path, {
      ...request,
      headers: { connection: 'close', ...request.headers },
    })
  ).text();
  expect(await app.stop()).toEqual({ code: 0, signal: null });
  expect(app.stderr()).toBe('');
  return inspector.hits();
}

test('requests with a header can be ignored', async () => {
  const { inspector, app } = await startTracked(['test/support/apps/recipes/monitored.cjs']);
  await fetch(`${app.url}/a`, { headers: { connection: 'close', 'x-monitoring': 'yes' } });
  await fetch(`${app.url}/stop`, { headers: { connection: 'close' } });
  await app.exit();
  expect(inspector.hits().map(({ stored }) => stored?.title)).toEqual(['GET /stop']);
});
