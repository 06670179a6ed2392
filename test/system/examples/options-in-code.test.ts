import { once } from 'node:events';
import { get } from 'node:http';
import { expect, test } from 'vitest';
import type { Inspector } from '../../../src/inspector/index.js';
import { startExample, storedBy } from '../../support/examples.js';
import { sorted } from '../../support/sorted.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

test('custom dimensions have method, status, an attribute and what a function gives', async () => {
  const { server, inspector } = await startExample('custom-dimensions');
  await request(`${server.url}/customers/grace`, { 'User-Agent': FIREFOX });
  await request(`${server.url}/customers/nobody`, { 'User-Agent': 'curl/8.5.0' });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(customValues(inspector, '/customers/grace')).toEqual({
    custom_dimension_2: '200',
    custom_dimension_3: 'GET',
    custom_dimension_4: '/customers/:name',
    custom_dimension_5: 'pro',
  });
  expect(customValues(inspector, '/customers/nobody')).toEqual({
    custom_dimension_2: '404',
    custom_dimension_3: 'GET',
    custom_dimension_4: '/customers/:name',
  });
});

test('each host is a site of its own, and others are not tracked', async () => {
  const { server, inspector } = await startExample('several-sites', { MATOMO_SITE_ID: '' });
  await request(`${server.url}/?page=1`, { Host: 'shop.example' });
  await request(`${server.url}/?page=2`, { Host: 'blog.example' });
  await request(`${server.url}/?page=3`, { Host: 'elsewhere.example' });
  await request(`${server.url}/?page=4`, { Host: 'blog.example' });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  const tracked = storedBy(inspector).map((action) => `${action?.idsite} ${action?.url}`);
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
  const row = storedBy(inspector).find((action) => action?.url?.endsWith(path)) ?? {};
  return Object.fromEntries(Object.entries(row).filter(([name]) => name.startsWith('custom_')));
}
