import { expect, onTestFinished, test } from 'vitest';
import {
  formatHits,
  type Inspector,
  type InspectorOptions,
  startInspector,
} from '../../src/inspector/index.js';

async function start(options?: InspectorOptions): Promise<Inspector> {
  const inspector = await startInspector(options);
  onTestFinished(() => inspector.close());
  return inspector;
}

function sendBulk(inspector: Inspector, requests: unknown[], token?: string): Promise<Response> {
  return fetch(`${inspector.url}/matomo.php`, {
    method: 'POST',
    headers: { 'User-Agent': 'test/1' },
    body: JSON.stringify({ requests, token_auth: token }),
  });
}

test('stores the page views of a bulk and counts them', async () => {
  const inspector = await start({ clock: () => 1_700_000_000_000 });
  const answer = await sendBulk(inspector, [
    '?idsite=1&rec=1&url=https%3A%2F%2Fa.test%2Fx&action_name=GET%20%2Fx&pf_srv=12&dimension2=200&cvar=%7B%221%22%3A%5B%22http_status_code%22%2C%22200%22%5D%7D',
    '?idsite=1&rec=1&cdt=1699999940&url=https%3A%2F%2Fa.test%2Fy',
  ]);
  expect(await answer.json()).toEqual({ status: 'success', tracked: 2, invalid: 0 });
  expect(inspector.hits()).toMatchObject([
    {
      received: 1_700_000_000_000,
      verdict: 'tracked',
      stored: {
        type: 'page',
        idsite: 1,
        url: 'https://a.test/x',
        title: 'GET /x',
        time_server: 12,
        custom_dimension_2: '200',
        custom_var_k1: 'http_status_code',
        custom_var_v1: '200',
        server_time: 1_700_000_000,
      },
    },
    { stored: { server_time: 1_699_999_940 } },
  ]);
});

test.each([
  ['another site', '?idsite=9&rec=1', 'invalid'],
  ['cip without a token', '?idsite=1&rec=1&cip=192.0.2.1', 'invalid'],
  ['a short cid', '?idsite=1&rec=1&cid=abc', 'invalid'],
  ['a bot', '?idsite=1&rec=1&ua=node', 'dropped'],
  ['no rec', '?idsite=1', 'dropped'],
  ['ca=1', '?idsite=1&rec=1&ca=1', 'refused'],
])('%s is %s', async (_, hit, verdict) => {
  const inspector = await start({ sites: { 1: {} }, tokens: { w: 'write' } });
  await sendBulk(inspector, [hit]);
  expect(inspector.hits()).toMatchObject([{ verdict, stored: null, reason: expect.any(String) }]);
});

test('shows the hits of any client over HTTP and forgets them on request', async () => {
  const inspector = await start();
  await fetch(`${inspector.url}/piwik.php?idsite=1&rec=1&action_name=x&ua=curl`);
  const shown = await fetch(`${inspector.url}/hits`);
  expect(await shown.json()).toEqual(inspector.hits());
  expect(formatHits(inspector.hits())).toContain('tracked  page  x');
  await fetch(`${inspector.url}/hits`, { method: 'DELETE' });
  expect(inspector.hits()).toEqual([]);
});

test('plays an answer instead of its own, so many times', async () => {
  const inspector = await start();
  inspector.play({ status: 503, headers: { 'Retry-After': '1' }, times: 1 });
  const played = await sendBulk(inspector, ['?idsite=1&rec=1']);
  expect([played.status, played.headers.get('retry-after')]).toEqual([503, '1']);
  expect(inspector.hits()).toEqual([]);
  expect((await sendBulk(inspector, ['?idsite=1&rec=1'])).status).toBe(200);
});

test('plays a gateway that gives up while Matomo goes on', async () => {
  const inspector = await start();
  inspector.play({ status: 504, store: true });
  expect((await sendBulk(inspector, ['?idsite=1&rec=1'])).status).toBe(504);
  expect(inspector.hits()).toHaveLength(1);
});

test.each(['before', 'after-request', 'mid-response'] as const)(
  'plays a connection lost %s',
  async (disconnect) => {
    const inspector = await start();
    inspector.play({ disconnect });
    await expect(sendBulk(inspector, ['?idsite=1&rec=1']).then((r) => r.text())).rejects.toThrow();
  },
);
