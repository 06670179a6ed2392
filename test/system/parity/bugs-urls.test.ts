// Bugs 5 to 8 of README.md: URLs, and requests that make the service fail.
import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { captureOutput } from '../../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../../support/raw-request.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { storedAt } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end('ok');

test('bug 5: the query is the URL’s query: campaigns reach Matomo, and searches where they are wanted', async () => {
  const service = await startVariants(ok, { byDefault: {}, searching: { siteSearch: true } });
  const headers = { host: 'shop.example' };
  for (const target of ['/p?a=1&b=x%20y', '/c?mtm_campaign=spring&x=1', '/find?q=red%20shoes']) {
    await service.fetch(target, { headers });
  }
  const hits = await service.of.byDefault.hitsOf(3);
  const urls = hits.map(({ params, stored }) => [stored?.title, params.url]);
  expect(Object.fromEntries(urls)).toEqual({
    'GET /p': 'https://shop.example/p?a=1&b=x%20y',
    'GET /c': 'https://shop.example/c?mtm_campaign=spring&x=1',
    'GET /find': 'https://shop.example/find',
  });
  expect(storedAt(hits, '/p?a=1&b=x%20y')).toMatchObject({ type: 'page' });
  expect(storedAt(hits, '/c?x=1')).toMatchObject({ type: 'page' });
  const searched = (await service.of.searching.hitsOf(3)).map(({ stored }) => stored);
  expect(searched.filter((stored) => stored?.type === 'search')).toMatchObject([
    { search: 'red shoes' },
  ]);
});

test('bug 6: the URL’s host and scheme are the client’s, or a trusted proxy’s, and never the bind address', async () => {
  const service = await startVariants(ok, {
    direct: {},
    plain: { assumeHttps: false },
    proxied: { trustProxy: 'loopback' },
    strangers: { trustProxy: ['192.0.2.1'] },
  });
  const requests: Record<string, string[]> = {
    '/host': ['Host: shop.example'],
    '/port': ['Host: shop.example:8443'],
    '/forwarded': ['Host: inner.example', 'X-Forwarded-Host: www.test', 'X-Forwarded-Proto: http'],
    '/dense': [
      'Host: inner.example',
      'X-Forwarded-Host: a.test,b.test',
      'X-Forwarded-Proto: https,http',
    ],
    '/spaced': [
      'Host: inner.example',
      'X-Forwarded-Host: a.test, b.test',
      'X-Forwarded-Proto: HTTP',
    ],
    '/odd': ['Host: shop.example', 'X-Forwarded-Host: ,', 'X-Forwarded-Proto: gopher'],
  };
  for (const [path, lines] of Object.entries(requests)) {
    await sendRaw(service, rawRequest(path, lines));
  }
  const inner = (origin: string) => ({
    '/host': `${origin}://shop.example`,
    '/port': `${origin}://shop.example:8443`,
    '/forwarded': `${origin}://inner.example`,
    '/dense': `${origin}://inner.example`,
    '/spaced': `${origin}://inner.example`,
    '/odd': `${origin}://shop.example`,
  });
  const expected = {
    direct: inner('https'),
    plain: inner('http'),
    strangers: inner('https'),
    proxied: {
      ...inner('https'),
      '/forwarded': 'http://www.test',
      '/dense': 'https://a.test',
      '/spaced': 'http://a.test',
    },
  };
  for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
    const hits = await service.of[name].hitsOf(6);
    for (const [path, origin] of Object.entries(expected[name])) {
      expect(storedAt(hits, path)?.url, `${name} ${path}`).toBe(origin + path);
    }
  }
});

test('bug 6, its port: the port of another scheme than the URL’s is not left in it', async () => {
  const service = await startTracedService(ok, { titlePaths: 'raw' });
  await sendRaw(service, rawRequest('/80', ['Host: shop.example:80']));
  await sendRaw(service, rawRequest('/443', ['Host: shop.example:443']));
  await service.requests(2);
  const stored = (await service.hits()).map((hit) => [hit.stored?.title, hit.stored?.url]);
  expect(Object.fromEntries(stored)).toEqual({
    'GET /80': 'https://shop.example/80',
    'GET /443': 'https://shop.example/443',
  });
});

const HEADERS = [
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'Forwarded',
  'User-Agent',
  'Referer',
  'Accept-Language',
  'Cookie',
  'Sec-CH-UA',
  'Sec-CH-UA-Platform',
  'DNT',
  'traceparent',
  'baggage',
];

test('bug 7: no bytes in any header, and no Unix socket, make a request fail', async () => {
  const output = captureOutput();
  const service = await startTracedService(ok, {
    tokenAuth: 'writer',
    trustProxy: true,
    visitorId: 'cookie',
    doNotTrack: true,
    maxQueueSize: 1000,
  });
  const values = [
    '\xff\xfe\xfd',
    '\xc3\x28',
    '\xed\xa0\x80',
    '"'.repeat(400),
    '%',
    ',;=, ,',
    '[',
    '::',
  ];
  const random = seededRandom();
  while (values.length < 40) values.push(randomBytes(random));
  const answers: Promise<string>[] = [];
  for (const [i, value] of values.entries()) {
    const one = [`${HEADERS[i % HEADERS.length]}: ${value}`];
    const all = HEADERS.map((name) => `${name}: ${value}`);
    answers.push(sendRaw(service, rawRequest(`/one/${i}`, one)));
    answers.push(sendRaw(service, rawRequest(`/all/${i}`, [...all, ...all])));
    answers.push(
      sendRaw(service, rawRequest(`/host/${i}`, [`Host: ${value.replace(/\s/g, '')}x`])),
    );
  }
  const statuses = (await Promise.all(answers)).map(statusOf);
  expect(new Set(statuses)).toEqual(new Set([200]));

  const path = await listenOnUnixSocket();
  const unix = await sendRaw(
    { path },
    rawRequest('/unix', ['Host: shop.example', 'X-Forwarded-For: \xff, 203.0.113.5']),
  );
  expect(statusOf(unix)).toBe(200);
  const requests = statuses.length + 1;
  await service.requests(requests);
  const hits = await service.hits();
  expect(hits).toHaveLength(requests);
  expect(new Set(hits.map(({ verdict }) => verdict))).toEqual(new Set(['tracked']));
  expect(storedAt(hits, '/unix')).toMatchObject({ url: 'https://shop.example/unix' });
  expect(hits.find(({ stored }) => stored?.title === 'GET /unix')?.params.cip).toBe('203.0.113.5');
  expect(output).toEqual([]);
});

/** Bytes that a header value may have: all but control characters. */
function randomBytes(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = Array.from({ length: 1 + below(60) }, () => 0x21 + below(0xdf));
  return bytes.map((byte) => String.fromCharCode(byte === 0x7f ? 0x80 : byte)).join('');
}

async function listenOnUnixSocket(): Promise<string> {
  requires('Unix sockets');
  const folder = mkdtempSync(join(tmpdir(), 'unix-'));
  const path = join(folder, 's');
  const http = createRequire(import.meta.url)('node:http') as typeof import('node:http');
  const server = http.createServer(ok);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return path;
}

test('bug 8: where an application is mounted stands once in URL and title', async () => {
  const service = await startTracedService(() => {
    const mounted = express();
    mounted.get('/users/:id', (_request, response) => void response.end());
    mounted.get('/', (_request, response) => void response.end());
    const app = express();
    app.use('/api', mounted);
    app.use('/v1', express.Router().use('/api', mounted));
    return app;
  });
  const paths = ['/api/users/42?x=1', '/api', '/v1/api/users/42', '/api/api/users/1'];
  for (const path of paths) await service.fetch(path, { headers: { host: 'shop.example' } });
  await service.requests(4);
  const stored = (await service.hits()).map((hit) => [hit.stored?.url, hit.stored?.title]);
  expect(Object.fromEntries(stored)).toEqual({
    'https://shop.example/api/users/42?x=1': 'GET /api/users/:id',
    'https://shop.example/api': 'GET /api',
    'https://shop.example/v1/api/users/42': 'GET /v1/api/users/:id',
    'https://shop.example/api/api/users/1': 'GET Not Found',
  });
});
