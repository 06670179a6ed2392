// What a browser may read of an inspector, and what it is told.
import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { createHitLog } from '../../src/inspector/server/hit-log.js';
import { createPage } from '../../src/inspector/server/page.js';
import { eventually } from '../support/child-process.js';
import { listen as serve } from '../support/listen.js';
import { listen } from './events.js';
import { hit, sendBulk, start } from './inspector-client.js';

const PATHS = ['/', '/page/base.css', '/hits', '/ai-requests', '/events'];

function ask(
  { url }: Inspector,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + path, { method, headers }, (response) => {
      const { statusCode = 0 } = response;
      let body = '';
      const done = () => {
        outgoing.destroy();
        resolve({ status: statusCode, headers: response.headers, body });
      };
      if (response.headers['content-type'] === 'text/event-stream') return done();
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', done);
    });
    outgoing.on('error', reject).end();
  });
}

test.each(PATHS)(
  '%s is served for an address and for localhost, and for no other name',
  async (path) => {
    const inspector = await start();
    for (const host of [
      '127.0.0.1:1',
      'localhost',
      'localhost:9',
      '[::1]:80',
      'a.localhost',
      '10.0.0.1',
    ]) {
      expect([host, (await ask(inspector, path, { host })).status]).toEqual([host, 200]);
    }
    for (const host of ['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test', 'a@b', '[::1']) {
      const { status, body } = await ask(inspector, path, { host });
      expect([host, status]).toEqual([host, 403]);
      expect(body).not.toContain('<');
    }
  },
);

test('the name that it was told to listen on is its own', async () => {
  const inspector = await start({ host: 'localhost' });
  const { port } = new URL(inspector.url);
  expect((await ask(inspector, '/', { host: `localhost:${port}` })).status).toBe(200);
});

test('the tracker takes hits under any name, since its answer tells nothing', async () => {
  const inspector = await start();
  const headers = { host: 'matomo.example.org', origin: 'https://a.test' };
  const { status } = await ask(inspector, `/matomo.php${hit({ ua: 'curl' })}`, headers);
  expect(status).toBe(200);
  expect(inspector.hits()).toHaveLength(1);
});

test.each([
  [{ origin: 'https://evil.test' }],
  [{ origin: 'null' }],
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
])('other pages neither read nor clear hits: %j', async (headers) => {
  const inspector = await start();
  await sendBulk(inspector, [hit()]);
  for (const path of ['/hits', '/ai-requests', '/events']) {
    expect((await ask(inspector, path, headers)).status).toBe(403);
  }
  expect((await ask(inspector, '/hits', headers, 'DELETE')).status).toBe(403);
  expect(inspector.hits()).toHaveLength(1);
});

test('the page itself clears hits; other methods do nothing', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit()]);
  for (const method of ['POST', 'PUT', 'OPTIONS']) {
    expect((await ask(inspector, '/hits', {}, method)).status).toBe(405);
  }
  expect(inspector.hits()).toHaveLength(1);
  const headers = { origin: inspector.url, 'sec-fetch-site': 'same-origin' };
  expect((await ask(inspector, '/hits', headers, 'DELETE')).status).toBe(204);
  expect(inspector.hits()).toEqual([]);
});

test.each([...PATHS, '/nothing', '/page/../guard-page.ts', '/page/main.ts'])(
  '%s allows nothing from elsewhere and nothing inline',
  async (path) => {
    const { headers, status } = await ask(await start(), path);
    const policy = String(headers['content-security-policy']);
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(status).toBe(PATHS.includes(path) ? 200 : 404);
  },
);

test('gets hits from the first in the log on, many in one message, and an event for a clear', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ action_name: 'a' }), hit({ action_name: 'b' })]);
  const { events } = await listen(inspector.url);
  await eventually(() => events.length === 1);
  expect(events[0]?.event).toBe('hits');
  expect(events[0]?.data).toEqual({ first: 0, oldest: 0, hits: inspector.hits() });
  for (const action_name of ['c', 'd', 'e']) await sendBulk(inspector, [hit({ action_name })]);
  await eventually(() => events.flatMap(({ data }) => data.hits ?? []).length === 5);
  inspector.clear();
  await sendBulk(inspector, [hit({ action_name: 'f' })]);
  await eventually(() => events.at(-1)?.data.hits?.[0]?.params.action_name === 'f');
  expect(events.at(-2)?.event).toBe('clear');
  expect(events.at(-1)?.data.first).toBe(0);
});

test('who reads too slowly misses hits, and gets those that are still in the log', async () => {
  const log = createHitLog();
  const page = createPage({ log, clear: log.clear, host: '127.0.0.1' });
  onTestFinished(page.close);
  const url = await serve((incoming, response) => void page.answer('/events', incoming, response));
  const slow = await listen(url);
  const text = 'x'.repeat(2000);
  const add = (count: number) => {
    const params = { action_name: text, ua: text };
    const one = { received: 0, params, verdict: 'tracked', stored: null } as const;
    log.add(Array.from({ length: count }, () => one));
    page.announce();
  };
  add(1000);
  await eventually(() => slow.events.length > 0);
  slow.pause();
  add(12_000);
  slow.resume();
  const messages = () => slow.events.map(({ data }) => data);
  await eventually(() => {
    const { first = 0, hits: last = [] } = messages().at(-1) ?? {};
    return first + last.length === 13_000;
  });
  const seen = messages().reduce((sum, data) => sum + (data.hits?.length ?? 0), 0);
  expect(seen).toBeLessThan(13_000);
  expect(seen).toBeGreaterThanOrEqual(log.all().length);
});

test('shows that there was a token, and not which', async () => {
  const inspector = await start();
  const token_auth = 'c0ffee5ec2e7';
  await sendBulk(inspector, [hit({ token_auth }), { idsite: 1, rec: 1, token_auth }]);
  expect(JSON.stringify(inspector.hits())).not.toContain(token_auth);
  expect(inspector.hits().map(({ params }) => params.token_auth)).toEqual(['…', '…']);
});
