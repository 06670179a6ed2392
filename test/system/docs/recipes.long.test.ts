import { expect, test } from 'vitest';
import { startTracked } from '../../support/registered-app.js';

const APP = 'test/support/apps/recipes/accounts.cjs';
const ADA = { headers: { 'X-Api-Key': 'key-of-ada' } };

const TIMED = expect.stringMatching(/^\d+$/);

const ROWS: readonly (readonly [path: string, request: RequestInit, expected: object])[] = [
  ['/users/7', {}, { stored: { title: 'API / GET /users/:id' } }],
  ['/about', {}, { stored: { title: 'About us' } }],
  [
    '/orders',
    { ...ADA, method: 'POST' },
    { params: { uid: 'u-17', cvar: expect.stringContaining('"3":["area","shop"]') } },
  ],
  [
    '/invoices/8',
    ADA,
    { params: { uid: 'u-17', dimension5: 'pro', pf_dm2: TIMED, pf_dm1: TIMED } },
  ],
  ['/invoices/8/pdf', {}, { stored: { type: 'event', title: 'Invoices / Download / 8' } }],
  ['/prices/8', {}, { params: { cvar: expect.stringContaining('"hit"'), pf_dm2: TIMED } }],
  ['/reports', {}, { params: { action_name: 'Report', pf_dm1: TIMED } }],
];

test('each request is tracked as the page says', async () => {
  const { inspector, app } = await startTracked([APP]);
  for (const [path, request] of ROWS) {
    const headers = { connection: 'close', ...request.headers };
    await (await fetch(app.url + path, { ...request, headers })).text();
  }
  expect(await app.stop()).toEqual({ code: 0, signal: null });
  expect(app.stderr()).toBe('');
  const hits = inspector.hits();
  expect(hits).toHaveLength(ROWS.length);
  for (const [path, , expected] of ROWS) {
    const hit = hits.find(({ params }) => new URL(params.url ?? '').pathname === path);
    expect(hit, path).toMatchObject({ verdict: 'tracked', ...expected });
  }
});

test('requests with a header can be ignored', async () => {
  const { inspector, app } = await startTracked(['test/support/apps/recipes/monitored.cjs']);
  await fetch(`${app.url}/a`, { headers: { connection: 'close', 'x-monitoring': 'yes' } });
  await fetch(`${app.url}/stop`, { headers: { connection: 'close' } });
  await app.exit();
  expect(inspector.hits().map(({ stored }) => stored?.title)).toEqual(['GET /stop']);
});
