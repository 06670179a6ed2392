import { expect, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { startServer } from '../../support/child-process.js';
import { startMatomo } from '../../support/matomo.js';
import { startTracked } from '../../support/registered-app.js';

const APP = 'test/support/apps/recipes/accounts.cjs';
const ADA = { headers: { 'X-Api-Key': 'key-of-ada' } };

const ROWS: readonly (readonly [path: string, request: RequestInit, expected: object])[] = [
  ['/users/7', {}, { stored: { title: 'API / GET /users/:id' } }],
  ['/about', {}, { stored: { title: 'About us' } }],
  [
    '/orders',
    { ...ADA, method: 'POST' },
    {
      params: { uid: 'u-17', cvar: expect.stringContaining('"3":["area","shop"]') },
      stored: { title: 'Checkout' },
    },
  ],
  [
    '/invoices/8',
    ADA,
    {
      params: {
        ...{ uid: 'u-17', dimension5: 'pro', pf_dm2: expect.stringMatching(/^\d+$/) },
        pf_dm1: expect.stringMatching(/^(?:19|[2-9]\d|\d{3,})$/),
      },
    },
  ],
  ['/invoices/8/pdf', {}, { stored: { type: 'event', title: 'Invoices / Download / 8' } }],
  [
    '/prices/8',
    {},
    { params: { cvar: expect.stringContaining('"hit"'), pf_dm2: expect.any(String) } },
  ],
  ['/reports', {}, { params: { action_name: 'Report', pf_dm1: expect.any(String) } }],
];

test('each request is tracked as the page says', async () => {
  const hits = await hitsOf(ROWS);
  expect(hits).toHaveLength(ROWS.length);
  for (const [path, , expected] of ROWS) {
    const hit = hits.find(({ params }) => new URL(params.url ?? '').pathname === path);
    expect(hit, path).toMatchObject({ verdict: 'tracked', ...expected });
  }
});

test('a client that nobody knows has no user ID', async () => {
  const [hit] = await hitsOf([['/orders', { method: 'POST' }]]);
  expect(hit?.params).not.toHaveProperty('uid');
});

async function hitsOf(
  requests: readonly (readonly [path: string, request: RequestInit, ...others: unknown[]])[],
): Promise<readonly InspectedHit[]> {
  const inspector = await startMatomo({
    customVariables: true,
    sites: { 1: { dimensions: [5] } },
  });
  const app = await startServer([APP], {
    env: { MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' },
  });
  for (const [path, request] of requests) {
    const headers = { connection: 'close', ...request.headers };
    await (await fetch(app.url + path, { ...request, headers })).text();
  }
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
