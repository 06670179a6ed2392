import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InspectedHit, Inspector } from '../../../src/inspector/index.js';
import { eventually } from '../../support/child-process.js';
import { ONLY_TRACES } from '../../support/registered-app.js';
import { sorted } from '../../support/sorted.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { sentTo, startExample, titlesAndStatuses } from './examples.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

test('in an SDK setup, a request is tracked under the route that the application sets', async () => {
  const { server, inspector } = await startExample('sdk-registration');
  await fetch(`${server.url}/hello/you`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(sentTo(inspector)).toEqual([
    expect.objectContaining({
      action_name: 'GET /hello/:name',
      url: expect.stringMatching(/\/hello\/you$/),
      cvar: '{"1":["http_status_code","200"],"2":["http_method","GET"]}',
    }),
  ]);
});

test('with strict privacy, no hit names the patient', async () => {
  const { server, inspector } = await startExample('strict-privacy', {
    MATOMO_TOKEN_AUTH: 'a-token',
  });
  const url = `${server.url}/patients/max-mustermann/letters/4711?from=mail`;
  await fetch(url);
  await fetch(url, { headers: { cookie: 'consent=yes' } });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const [page, event, ...others] = inspector.hits().map(({ params }) => params);
  expect(others).toEqual([]);
  expect(page).toMatchObject({
    cip: '0.0.0.0',
    url: expect.stringMatching(/:\d+\/patients\/:name\/letters\/:id$/),
  });
  expect(event).toMatchObject({ cip: '0.0.0.0', e_c: 'letter', cid: page?.cid });
  expect(JSON.stringify(inspector.hits())).not.toMatch(/mustermann|4711|from=mail/);
});

test('beside tracing, a span of the application becomes a timing of the page view', async () => {
  const { server, inspector } = await startExample('alongside-tracing', {
    OTEL_TRACES_EXPORTER: 'console',
    ...ONLY_TRACES,
  });
  await fetch(`${server.url}/users/7`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([['GET /users/:id', '200']]);
  const [action] = sentTo(inspector);
  expect(Number(action?.pf_dm1)).toBeGreaterThanOrEqual(19);
  expect(String(inspector.hits()[0]?.millis)).toBe(action?.gt_ms);
});

test('in ES modules, a request is tracked with what its handler says and measures', async () => {
  const { server, inspector } = await startExample('esm');
  await fetch(`${server.url}/parcels/7`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(titlesAndStatuses(inspector)).toEqual([['Parcel', '200']]);
  const [action] = sentTo(inspector);
  expect(action?.cvar).toContain('"3":["country","NZ"]');
  expect(Number(action?.pf_dm1)).toBeGreaterThanOrEqual(19);
});

test('beside the JavaScript tracker, pages and documents are tracked that AI chatbots read', async () => {
  const { server, inspector } = await startExample('ai-chatbots', { MATOMO_PAGE_VIEWS: 'false' });
  const sizes: number[] = [];
  const chatbot = { 'user-agent': 'ChatGPT-User/1.0' };
  for (const path of ['/', '/guide.pdf', '/missing', '/catalog']) {
    const asked = await fetch(`${server.url}${path}`, { headers: chatbot, redirect: 'manual' });
    if (asked.status !== 301) sizes.push((await asked.arrayBuffer()).byteLength);
    await fetch(`${server.url}${path}`, { redirect: 'manual' });
  }
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const rows = inspector
    .hits()
    .map(({ params, stored, status }) => [stored?.type, status, Number(params.bw_bytes)]);
  expect(rows).toEqual([
    ['page', 200, sizes[0]],
    ['download', 200, sizes[1]],
    ['page', 404, sizes[2]],
  ]);
});

test('a report of the shop is tracked with the times of its steps, a client that left with 499', async () => {
  const { server, inspector } = await startExample('shop', { STOCK_MILLIS: '3600000' });
  // Not by fetch, which connects once more after an abort and keeps the shop from ending until that is closed.
  const [answer] = (await once(get(`${server.url}/stock/1`), 'response')) as [IncomingMessage];
  answer.destroy();
  await fetch(`${server.url}/reports/2026-05`);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const hits = new Map(inspector.hits().map((hit) => [hit.stored?.title, hit]));
  expect(inspector.hits()).toHaveLength(2);
  expect(hits.get('GET /stock/:id')?.status).toBe(499);
  const { status, params } = hits.get('GET /reports/:month') as InspectedHit;
  expect(status).toBe(200);
  expect(Number(params.pf_dm1)).toBeGreaterThanOrEqual(14);
  expect(Number(params.pf_dm2)).toBeGreaterThanOrEqual(0);
  expect(Number(params.pf_onl)).toBeGreaterThanOrEqual(4);
});

test('the workers of a cluster share a spool, and send all of their hits', async () => {
  const { server, inspector } = await startExample('cluster-with-spool', {
    MATOMO_SPOOL: join(temporaryFolder(), 'spool'),
  });
  const workers = new Set<number>();
  let sent = 0;
  await eventually(async () => {
    const headers = { connection: 'close' };
    const response = await fetch(`${server.url}/users/${sent}`, { headers });
    workers.add(((await response.json()) as { worker: number }).worker);
    sent += 1;
    return workers.size === 2;
  });
  await eventually(() => inspector.hits().length === sent);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

test('custom dimensions have method, status, an attribute and what a function gives', async () => {
  const { server, inspector } = await startExample('custom-dimensions');
  await request(`${server.url}/customers/grace`, { 'User-Agent': FIREFOX });
  await request(`${server.url}/customers/nobody`, { 'User-Agent': 'curl/8.5.0' });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(customValues(inspector, '/customers/grace')).toEqual({
    dimension2: '200',
    dimension3: 'GET',
    dimension4: '/customers/:name',
    dimension5: 'pro',
  });
  expect(customValues(inspector, '/customers/nobody')).toEqual({
    dimension2: '404',
    dimension3: 'GET',
    dimension4: '/customers/:name',
  });
});

test('each host is a site of its own, and others are not tracked', async () => {
  const { server, inspector } = await startExample('several-sites', { MATOMO_SITE_ID: '' });
  await request(`${server.url}/?page=1`, { Host: 'shop.example' });
  await request(`${server.url}/?page=2`, { Host: 'blog.example' });
  await request(`${server.url}/?page=3`, { Host: 'elsewhere.example' });
  await request(`${server.url}/?page=4`, { Host: 'blog.example' });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const tracked = sentTo(inspector).map(({ idsite, url }) => `${idsite} ${url}`);
  expect(sorted(tracked)).toEqual([
    '1 https://shop.example/?page=1',
    '2 https://blog.example/?page=2',
    '2 https://blog.example/?page=4',
  ]);
});

/** Not by fetch, which sets the Host header itself. */
async function request(url: string, headers: Record<string, string>): Promise<void> {
  const [response] = await once(get(url, { headers, agent: false }), 'response');
  response.resume();
  await once(response, 'end');
}

/** Custom variables and dimensions of the hit for this path. */
function customValues(inspector: Inspector, path: string): Record<string, unknown> {
  const row = sentTo(inspector).find(({ url }) => url?.endsWith(path)) ?? {};
  return Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith('dimension')));
}
