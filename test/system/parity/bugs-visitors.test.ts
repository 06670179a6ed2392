// Bugs 22 and 23 of README.md: who is counted, and what became of the request.
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { InspectedHit } from '../../../src/inspector/index.js';
import { captureOutput } from '../../support/output.js';
import { rawRequest, sendRaw, statusOf } from '../../support/raw-request.js';
import { sorted } from '../../support/sorted.js';
import { storedAt, storedTitles } from '../../support/stored.js';
import { startTracedService, until } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end();
const byTitle = (hits: readonly InspectedHit[]) =>
  new Map(hits.map(({ stored, params }) => [stored?.title, params]));

test('bug 22: without a token too, each client is a visitor of its own, and the same one again next time', async () => {
  const service = await startVariants(
    (request, response) => {
      const { 'x-user': user } = request.headers;
      if (user !== undefined) trace.getActiveSpan()?.setAttribute('enduser.id', String(user));
      response.end();
    },
    {
      auto: {},
      none: { visitorId: 'none' },
      cookie: { visitorId: 'cookie' },
      keyed: { visitorKey: 'k' },
      keyedToo: { visitorKey: 'k' },
      user: { userId: 'enduser.id' },
    },
  );
  const clients: Record<string, [address: string, ...lines: string[]]> = {
    '/one': ['127.0.0.2', 'User-Agent: curl/8'],
    '/one/again': ['127.0.0.2', 'User-Agent: curl/8'],
    '/address': ['127.0.0.3', 'User-Agent: curl/8'],
    '/agent': ['127.0.0.2', 'User-Agent: curl/9'],
    '/user': ['127.0.0.2', 'User-Agent: curl/8', 'X-User: ann'],
    '/nobody': ['127.0.0.2', 'User-Agent: curl/8', 'X-User: null'],
    '/cookie': [
      '127.0.0.2',
      'User-Agent: curl/8',
      'Cookie: a=b; _pk_id.1.1fff=0123456789abcdef.17',
    ],
    '/other-site': ['127.0.0.2', 'User-Agent: curl/8', 'Cookie: _pk_id.2.1fff=fedcba9876543210.17'],
  };
  for (const [path, [localAddress, ...lines]] of Object.entries(clients)) {
    await sendRaw({ port: service.port, localAddress }, rawRequest(path, lines));
  }
  const count = Object.keys(clients).length;
  const cids = async (name: keyof typeof service.of) => {
    const hits = await service.of[name].hitsOf(count);
    expect(hits.map(({ verdict }) => verdict)).toEqual(Array(count).fill('tracked'));
    return (path: string) => byTitle(hits).get(`GET ${path}`)?.cid;
  };
  const auto = await cids('auto');
  expect(auto('/one')).toMatch(/^[\da-f]{16}$/);
  expect(auto('/one/again')).toBe(auto('/one'));
  expect(new Set(['/one', '/address', '/agent'].map(auto)).size).toBe(3);
  expect(auto('/cookie')).toBe(auto('/one'));
  const cookie = await cids('cookie');
  expect(cookie('/cookie')).toBe('0123456789abcdef');
  expect(cookie('/other-site')).toBe(cookie('/one'));
  const none = await cids('none');
  expect(Object.keys(clients).map(none)).toEqual(Array(count).fill(undefined));
  const [keyed, keyedToo] = [await cids('keyed'), await cids('keyedToo')];
  expect(keyed('/one')).toBe(keyedToo('/one'));
  expect(keyed('/one')).not.toBe(auto('/one'));
  const users = byTitle(await service.of.user.hitsOf(count));
  const uids = ['/one', '/user', '/nobody'].map((path) => users.get(`GET ${path}`)?.uid);
  expect(uids).toEqual([undefined, 'ann', undefined]);
});

test('bug 22, noise: health checks and static files make no page views by default, and neither does an upgrade', async () => {
  const service = await startVariants(ok, {
    byDefault: {},
    asked: { staticFiles: 'track', ignoreUserAgents: [] },
  });
  await sendRaw(service, rawRequest('/probed', ['User-Agent: kube-probe/1.29']));
  await sendRaw(service, rawRequest('/app.js?v=1', ['User-Agent: x']));
  await sendRaw(service, rawRequest('/app.json'));
  expect(storedTitles(await service.of.byDefault.hitsOf(3))).toEqual(['GET /app.json']);
  expect(storedTitles(await service.of.asked.hitsOf(3))).toEqual([
    'GET /app.js',
    'GET /app.json',
    'GET /probed',
  ]);
  const missing = byTitle(await service.of.byDefault.hitsOf(3)).get('GET /app.json');
  expect(missing?.ua).toBe('-'); // an empty one would be replaced by that of our own client

  const http = createRequire(import.meta.url)('node:http') as typeof import('node:http');
  const server = http.createServer(ok);
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nhello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const upgrade =
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  expect(statusOf(await sendRaw({ port }, upgrade))).toBe(101);
  expect(service.of.byDefault.processor.stats()).toMatchObject({ hits: 1, pending: 0 });
});

test('bug 22, privacy: who wants no tracking is left out where asked, addresses are masked, secrets redacted', async () => {
  const tokenAuth = 'writer';
  const service = await startVariants(ok, {
    byDefault: { tokenAuth, trustProxy: true },
    careful: {
      tokenAuth,
      trustProxy: true,
      doNotTrack: true,
      anonymizeIp: 2,
      redactPathPatterns: [/\d+/],
    },
    strict: { query: 'strip', actionName: 'x' },
  });
  const requests: [path: string, address: string, ...lines: string[]][] = [
    ['/dnt', '198.51.100.1', 'DNT: 1'],
    ['/gpc', '198.51.100.1', 'Sec-GPC: 1'],
    ['/dnt-off', '198.51.100.1', 'DNT: 0'],
    ['/a/123?access_token=abc&x=1&m=ann@example.org', '198.51.100.77'],
    ['/b', '198.51.200.78'],
    ['/c', '2001:db8:1:2:3:4:5:6'],
  ];
  for (const [path, address, ...lines] of requests) {
    await sendRaw(service, rawRequest(path, [`X-Forwarded-For: ${address}`, ...lines]));
  }
  const byDefault = await service.of.byDefault.hitsOf(6);
  expect(byDefault).toHaveLength(6);
  expect(storedAt(byDefault, '/a/123?access_token=redacted&x=1&m=redacted')).toBeDefined();
  expect(byTitle(byDefault).get('GET /b')?.cip).toBe('198.51.200.78');
  const hits = await service.of.careful.hitsOf(6);
  const careful = byTitle(hits);
  expect(sorted(careful.keys())).toEqual(['GET /a/redacted', 'GET /b', 'GET /c', 'GET /dnt-off']);
  expect(service.of.careful.processor.stats().ignored.do_not_track).toBe(2);
  expect(careful.get('GET /a/redacted')?.cip).toBe('198.51.0.0');
  expect(careful.get('GET /b')?.cip).toBe('198.51.0.0');
  expect(careful.get('GET /b')?.cid).toBe(careful.get('GET /a/redacted')?.cid);
  expect(careful.get('GET /c')?.cip).toBe('2001:db8:1::');
  for (const { params } of hits) {
    expect(`${params.url} ${params.action_name}`).not.toMatch(/123|abc|ann/);
  }
  const strict = (await service.of.strict.hitsOf(6)).map(({ stored }) => stored?.url);
  expect(strict).toContain('https://shop.example/a/123');
});

test('bug 23: a client that goes away waits for nothing, and its request is known as aborted', async () => {
  captureOutput();
  const entered: string[] = [];
  const gone: string[] = [];
  const abortedSeen: Record<string, boolean> = {};
  const service = await startTracedService(
    (request, response) => {
      const { url = '' } = request;
      entered.push(url);
      response.on('close', () => gone.push(url));
      if (url === '/half') response.writeHead(200).write('half of it');
      if (url === '/fails') response.writeHead(500).end();
      if (url === '/whole') response.end('whole');
    },
    {
      dimensions: { 1: 'http.response.status_code' },
      scheduledDelayMillis: 0,
      shutdownTimeoutMillis: 100,
      ignore: ({ path, aborted }) => {
        abortedSeen[path] = aborted;
        return false;
      },
    },
  );
  service.inspector.play({ delayMillis: 600_000, times: 1 });
  await service.fetch('/whole');
  await until(() => service.inspector.hits().length === 1); // Matomo is at work, and takes its time
  for (const path of ['/waits', '/half']) {
    const socket = connect(service.port, '127.0.0.1');
    socket.on('error', () => undefined).write(rawRequest(path));
    await until(() => entered.includes(path));
    socket.destroy();
    await until(() => gone.includes(path));
  }
  expect((await service.fetch('/fails')).status).toBe(500);
  await service.requests(4);
  expect(abortedSeen).toEqual({ '/whole': false, '/waits': true, '/half': true, '/fails': false });
  expect(service.processor.stats()).toMatchObject({ hits: 4, tracked: 0 });
});

test('bug 23, the status: an aborted request is stored as 499 and not as 200 or 500', async () => {
  const entered: string[] = [];
  const service = await startTracedService(
    (request, response) => {
      const { url = '' } = request;
      if (url === '/half') response.writeHead(200).write('half of it');
      if (url === '/fails') response.writeHead(500).end();
      if (url === '/whole') response.end('whole');
      entered.push(url);
    },
    { dimensions: { 1: 'http.response.status_code' } },
  );
  for (const path of ['/waits', '/half']) {
    const socket = connect(service.port, '127.0.0.1');
    socket.on('error', () => undefined).write(rawRequest(path));
    await until(() => entered.includes(path));
    socket.destroy();
  }
  for (const path of ['/fails', '/whole']) await service.fetch(path);
  await service.requests(4);
  const hits = await service.hits();
  for (const [path, status] of [
    ['/waits', '499'],
    ['/half', '499'],
    ['/fails', '500'],
    ['/whole', '200'],
  ] as const) {
    expect(storedAt(hits, path)).toMatchObject({
      type: 'page',
      custom_var_v1: status,
      custom_dimension_1: status,
    });
  }
});
