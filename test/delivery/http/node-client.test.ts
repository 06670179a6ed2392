import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpTransport } from '../../../src/delivery/http/http-transport.js';
import { clientOptionsOf, createNodeClient } from '../../../src/delivery/http/node-client.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { until } from '../../support/traced-service.js';

const BULK = Buffer.from('{"requests":[]}');

async function urlOf(server: Server): Promise<string> {
  return `${await listen(server)}/matomo.php?a=1`;
}

function transportTo(url: string) {
  const headers = { 'x-key': 'k' };
  const transport = createHttpTransport(async (onClose) =>
    createNodeClient(clientOptionsOf({ url: new URL(url), userAgent: 'test/1', headers }), onClose),
  );
  onTestFinished(() => transport.close());
  return transport;
}

async function serve(listener: RequestListener) {
  return transportTo(await urlOf(createServer(listener)));
}

test('a bulk is a POST of JSON by our own user agent, and its answer comes back whole', async () => {
  let seen: unknown;
  const transport = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const { 'content-type': type, 'user-agent': agent, 'x-key': key } = headers;
    seen = [method, url, type, agent, key, Buffer.concat(chunks).toString()];
    response.writeHead(429, {
      'content-type': 'text/html',
      'content-encoding': 'gzip',
      'retry-after': '7',
      location: '/x',
      date: 'Fri, 20 Nov 2026 10:00:00 GMT',
    });
    response.end(gzipSync('busy'));
  });
  expect(await transport.send(BULK, 5000)).toEqual({
    kind: 'answer',
    status: 429,
    contentType: 'text/html',
    body: 'busy',
    retryAfter: '7',
    location: '/x',
    date: 'Fri, 20 Nov 2026 10:00:00 GMT',
    authenticate: undefined,
  });
  expect(seen).toEqual(['POST', '/matomo.php?a=1', 'application/json', 'test/1', 'k', `${BULK}`]);
});

test('one connection serves all requests, and is closed when it has been idle', async () => {
  const sockets = new Set<Socket>();
  const transport = await serve((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => response.end());
  });
  for (let i = 0; i < 3; i++) expect((await transport.send(BULK, 5000)).kind).toBe('answer');
  expect(sockets.size).toBe(1);
  await until(() => [...sockets].every(({ destroyed }) => destroyed));
  expect((await transport.send(BULK, 5000)).kind).toBe('answer');
  expect(sockets.size).toBe(2);
});

test('only an error before the connection proves that nothing was sent', async () => {
  const refused = await transportTo('http://127.0.0.1:1/matomo.php').send(BULK, 5000);
  expect(refused).toMatchObject({ kind: 'not_sent' });
  expect(refused.kind === 'not_sent' && refused.error.message).toContain('ECONNREFUSED');
  const unknown = await transportTo('http://no.such.invalid/matomo.php').send(BULK, 5000);
  expect(unknown.kind).toBe('not_sent');
});

test('a connection that is not established in time: nothing was sent', async () => {
  const wire = await startFaultProxy({ certificate: 'server' });
  await wire.play({ kind: 'stall-handshake' });
  expect(await transportTo(wire.url).send(BULK, 200)).toMatchObject({
    kind: 'not_sent',
    error: { message: 'no connection within 200 ms' },
  });
});

test.each<[string, (socket: Socket) => void]>([
  ['closes the connection', (socket) => socket.destroy()],
  ['answers half', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
  ['never answers', () => undefined],
])('a server that %s leaves open what became of the request', async (_how, answer) => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('data', () => answer(socket));
  });
  const transport = transportTo(await urlOf(server));
  expect(transport.isSending?.()).toBe(false);
  const sent = transport.send(BULK, 500);
  await until(() => sockets.size === 1);
  expect((await sent).kind).toBe('no_answer');
  expect(transport.isSending?.()).toBe(false);
});

test('what answers may speak no HTTP', async () => {
  const server = createTcpServer((socket) => void socket.end('220 mail.example.org ESMTP\r\n'));
  const exchange = await transportTo(await urlOf(server)).send(BULK, 5000);
  expect(exchange).toMatchObject({ kind: 'no_answer', isHttp: false });
});

test('an answer that is too long is cut, and its connection closed', async () => {
  const transport = await serve((_request, response) => {
    response.write('x'.repeat(70_000));
    response.on('error', () => undefined);
  });
  const exchange = await transport.send(BULK, 5000);
  expect(exchange).toMatchObject({ kind: 'answer', body: 'x'.repeat(65_536) });
});

test('closing ends what is under way, and nothing is sent after it', async () => {
  let asked = false;
  const transport = await serve(() => {
    asked = true;
  });
  const sent = transport.send(BULK, 30_000);
  await until(() => asked);
  await transport.close();
  expect(await sent).toMatchObject({ kind: 'no_answer' });
  expect(await transport.send(BULK, 1000)).toMatchObject({ kind: 'not_sent' });
});

test('the proxy of the environment gets requests by http, and opens tunnels for https', async () => {
  let seen: string | undefined;
  const proxy = createServer((request, response) => {
    seen = `${request.url} ${request.headers.host}`;
    response.end();
  });
  proxy.on('connect', ({ url }, socket) => {
    seen = url;
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const origin = await listen(proxy);
  for (const name of ['http_proxy', 'https_proxy']) vi.stubEnv(name, origin);
  for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
  onTestFinished(() => void vi.unstubAllEnvs());
  const plain = await transportTo('http://matomo.example/matomo.php').send(BULK, 5000);
  expect([plain.kind, seen]).toEqual(['answer', 'http://matomo.example/matomo.php matomo.example']);
  const secure = await transportTo('https://matomo.example/matomo.php').send(BULK, 5000);
  expect([secure.kind, seen]).toEqual(['not_sent', 'matomo.example:443']);
  expect(secure.kind === 'not_sent' && secure.error.message).toContain('403');
});

test.each(['CONNECT', 'TLS handshake'])(
  'a tunnel whose %s has no answer is closed before the next one is opened, and at the end',
  async (what) => {
    const wire = await startFaultProxy({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    const proxy = await startHttpProxy(wire.url);
    if (what === 'CONNECT') proxy.stall();
    vi.stubEnv('https_proxy', proxy.url);
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    onTestFinished(() => void vi.unstubAllEnvs());
    const transport = transportTo('https://matomo.example/matomo.php');
    for (let i = 1; i <= 3; i++) {
      expect((await transport.send(BULK, 200)).kind).toBe('not_sent');
      await until(() => proxy.connections() === i && proxy.open() === 1);
    }
    await transport.close();
    await until(() => proxy.open() === 0);
  },
);
