import { expect, test } from 'vitest';
import { startInspector } from '../../../src/inspector/index.js';
import { freePort } from '../../support/free-port.js';
import { hit, NOW, sendBulk, start } from '../inspector-client.js';

test('keeps each hit with its parameters, its verdict and its row', async () => {
  const inspector = await start();
  const page = { url: 'https://a.test/x', action_name: 'GET /x', pf_srv: '12', dimension2: '200' };
  await sendBulk(inspector, [hit(page)]);
  const { url, action_name: title } = page;
  const stored = {
    type: 'page',
    idsite: 1,
    url,
    title,
    time_server: 12,
    custom_dimension_2: '200',
  };
  expect(inspector.hits()).toEqual([
    {
      received: NOW * 1000,
      params: { idsite: '1', rec: '1', ...page },
      verdict: 'tracked',
      stored: { ...stored, server_time: NOW },
      referrer: { kind: 'direct', referer_type: 1 },
    },
  ]);
});

test('shows the hits of any client over HTTP, and the requests by AI chatbots, and forgets them on request', async () => {
  const inspector = await start();
  const chatbot = { ua: 'ChatGPT-User/1.0', recMode: '1', url: 'https://a.test/a' };
  await fetch(`${inspector.url}/analytics/piwik.php${hit({ ua: 'curl' })}`);
  await sendBulk(inspector, [hit(chatbot)]);
  expect([inspector.hits().length, inspector.aiRequests().length]).toEqual([2, 1]);
  for (const [path, all] of [
    ['/hits', inspector.hits],
    ['/ai-requests', inspector.aiRequests],
  ] as const) {
    const shown = await fetch(inspector.url + path);
    expect(shown.headers.get('content-type')).toBe('application/json');
    expect(await shown.json()).toEqual(all());
  }
  expect((await fetch(`${inspector.url}/hits`, { method: 'DELETE' })).status).toBe(204);
  expect([inspector.hits(), inspector.aiRequests()]).toEqual([[], []]);
});

test.each<[string, () => string]>([
  ['hits', () => JSON.stringify({ requests: Array(100_001).fill({}) })],
  ['bytes', () => JSON.stringify({ requests: [], '': 'x'.repeat(17_000_000) })],
])('closes the connection of a request with too many %s, and goes on', async (_what, body) => {
  const inspector = await start();
  const url = `${inspector.url}/matomo.php`;
  await expect(fetch(url, { method: 'POST', body: body() })).rejects.toThrow();
  expect(inspector.hits()).toEqual([]);
  await sendBulk(inspector, [hit()]);
  expect(inspector.hits()).toHaveLength(1);
});

test('closes at once although a client keeps its connection', async () => {
  const inspector = await startInspector({ port: await freePort() });
  await (await fetch(`${inspector.url}/hits`)).text();
  await inspector.close();
  await inspector.close();
  await expect(fetch(inspector.url)).rejects.toThrow();
});
