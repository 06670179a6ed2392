// What a browser may read of an inspector, and what it is told.
import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { hit, sendBulk, sendWire, start } from './inspector-client.js';

const PATHS = ['/', '/page/base.css', '/hits', '/new-hits'];

const ask = ({ url }: Inspector, path: string, headers = {}, method = 'GET') =>
  fetch(url + path, { method, headers });

test('pages and hits are served for the own names of the server, and for no other; the tracker takes hits under any', async () => {
  const inspector = await start({ host: 'localhost' });
  const { port } = new URL(inspector.url);
  const askAs = (host: string, path: string) =>
    sendWire(inspector, { method: 'GET', path, headers: { host }, body: '' });
  for (const path of PATHS) {
    for (const host of ['127.0.0.1:9', `localhost:${port}`]) {
      expect((await askAs(host, path)).status).toBe(200);
    }
    const { status, body } = await askAs('evil.test', path);
    expect([path, status]).toEqual([path, 403]);
    expect(body).not.toContain('<');
  }
  expect((await askAs('localhost', '/page/../guard-page.ts')).status).toBe(404);
  const tracker = await askAs('matomo.example.org', `/matomo.php${hit({ ua: 'curl' })}`);
  expect(tracker.status).toBe(200); // its answer tells nothing
  expect(inspector.hits()).toHaveLength(1);
});

test('other pages neither read nor clear hits, the page itself does; other methods do nothing', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit()]);
  const statusOf = async (path: string, headers: Record<string, string>, method = 'GET') =>
    (await ask(inspector, path, headers, method)).status;
  for (const [name, value] of [
    ['origin', 'null'],
    ['sec-fetch-site', 'same-site'],
  ] as const) {
    const headers = { [name]: value };
    for (const path of ['/hits', '/new-hits']) expect(await statusOf(path, headers)).toBe(403);
    expect(await statusOf('/hits', headers, 'DELETE')).toBe(403);
  }
  expect(await statusOf('/hits', {}, 'POST')).toBe(405);
  expect(inspector.hits()).toHaveLength(1);
  const headers = { origin: inspector.url, 'sec-fetch-site': 'same-origin' };
  expect(await statusOf('/hits', headers, 'DELETE')).toBe(204);
  expect(inspector.hits()).toEqual([]);
});

test.each([...PATHS, '/nothing', '/page/main.ts'])(
  '%s allows nothing from elsewhere and nothing inline',
  async (path) => {
    const { headers, status } = await ask(await start(), path);
    const policy = String(headers.get('content-security-policy'));
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", 'trusted-types-for'])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.has('access-control-allow-origin')).toBe(false);
    expect(status).toBe(PATHS.includes(path) ? 200 : 404);
  },
);

test('shows that there was a token, and not which', async () => {
  const inspector = await start();
  const token_auth = 'c0ffee5ec2e7';
  await sendBulk(inspector, [hit({ token_auth }), { idsite: 1, rec: 1, token_auth }]);
  expect(JSON.stringify(inspector.hits())).not.toContain(token_auth);
  expect(inspector.hits().map(({ params }) => params.token_auth)).toEqual(['…', '…']);
});
