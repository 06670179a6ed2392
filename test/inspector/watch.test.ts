// What a browser may read of an inspector, and what it is told.
import { request } from 'node:http';
import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { createHitLog } from '../../src/inspector/server/hit-log.js';
import { hit, sendBulk, start } from './inspector-client.js';

const PATHS = ['/', '/page/base.css', '/hits', '/ai-requests', '/new-hits'];

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
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: statusCode, headers: response.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

test.each(PATHS)('%s is served for the own names of the server, and for no other', async (path) => {
  const inspector = await start();
  expect((await ask(inspector, path, { host: 'localhost:9' })).status).toBe(200);
  const { status, body } = await ask(inspector, path, { host: 'evil.test' });
  expect(status).toBe(403);
  expect(body).not.toContain('<');
});

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
  for (const path of ['/hits', '/ai-requests', '/new-hits']) {
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

/** What the page gets when it has hits of this run up to this number. */
async function askForNew({ url }: Inspector, run = 0, from = 0) {
  const answer = await fetch(`${url}/new-hits?run=${run}&from=${from}`);
  return (await answer.json()) as ReturnType<ReturnType<typeof createHitLog>['read']>;
}

test('gets new hits, and after a clear all of the next run', async () => {
  const inspector = await start();
  await sendBulk(inspector, [hit({ action_name: 'a' }), hit({ action_name: 'b' })]);
  const all = await askForNew(inspector);
  expect(all).toMatchObject({ first: 0, oldest: 0, hits: inspector.hits() });
  await sendBulk(inspector, [hit({ action_name: 'c' })]);
  const next = await askForNew(inspector, all.run, 2);
  expect(next).toEqual({ ...all, first: 2, hits: inspector.hits().slice(2) });
  expect((await askForNew(inspector, all.run, 3)).hits).toEqual([]);
  inspector.clear();
  await sendBulk(inspector, [hit({ action_name: 'd' })]);
  const cleared = await askForNew(inspector, all.run, 3);
  expect(cleared.run).not.toBe(all.run);
  expect(cleared).toMatchObject({ first: 0, hits: inspector.hits() });
});

test('who asks too late misses hits, and gets those that are still in the log, some at a time', () => {
  const log = createHitLog();
  const one = { received: 0, params: {}, verdict: 'tracked', stored: null } as const;
  log.add(Array.from({ length: 13_000 }, () => one));
  const { run } = log.read(0, 0);
  let seen = 0;
  for (let from = 1000; from < 13_000; ) {
    const { first, oldest, hits, hasMore } = log.read(run, from);
    expect([first >= 3000, oldest, hits.length > 0]).toEqual([true, 3000, true]);
    expect(hasMore).toBe(first + hits.length < 13_000);
    expect(hits.length).toBeLessThan(1000);
    seen += hits.length;
    from = first + hits.length;
  }
  expect(seen).toBe(log.all().length);
});

test('shows that there was a token, and not which', async () => {
  const inspector = await start();
  const token_auth = 'c0ffee5ec2e7';
  await sendBulk(inspector, [hit({ token_auth }), { idsite: 1, rec: 1, token_auth }]);
  expect(JSON.stringify(inspector.hits())).not.toContain(token_auth);
  expect(inspector.hits().map(({ params }) => params.token_auth)).toEqual(['…', '…']);
});
