import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { setEnvironment, unsetProxies } from '../../support/environment.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { BULK, serve, transportTo, urlOf } from './http-transports.js';

beforeEach(unsetProxies);

test('a bulk is a POST of JSON by our own user agent, and its answer comes back whole', async () => {
  let seen: unknown;
  const transport = await serve(async (request, response) => {
    const { method, url, headers } = request;
    const { 'content-type': type, 'user-agent': agent, 'x-key': key } = headers;
    seen = [method, url, type, agent, key, await text(request)];
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
  for (let i = 0; i < 10; i++) expect((await transport.send(BULK, 5000)).kind).toBe('answer');
  expect(sockets.size).toBe(1);
  await eventually(() => [...sockets].every(({ destroyed }) => destroyed));
  expect((await transport.send(BULK, 5000)).kind).toBe('answer');
  expect(sockets.size).toBe(2);
});

test('only an error before the connection proves that nothing was sent', async () => {
  expect(await transportTo('http://127.0.0.1:1/matomo.php').send(BULK, 5000)).toMatchObject({
    kind: 'not_sent',
    error: { message: expect.stringMatching(/^ECONNREFUSED: .*127.0.0.1:\d+$/) },
  });
  const plain = new URL(await urlOf(createTcpServer((socket) => void socket.end('no TLS'))));
  for (const url of ['http://matomo.invalid/matomo.php', `https://${plain.host}/matomo.php`])
    expect((await transportTo(url).send(BULK, 5000)).kind).toBe('not_sent');
});

test.each<[string, (socket: Socket) => void]>([
  ['closes the connection', (socket) => socket.destroy()],
  ['answers half', (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
  ['answers with something that is no HTTP', (socket) => void socket.end('nonsense\r\n\r\n')],
  ['never answers', () => undefined],
  [
    'is too slow',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    },
  ],
])('a server that %s leaves open what became of the request', async (_how, answer) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).once('data', () => answer(socket));
  });
  const transport = transportTo(await urlOf(server));
  const { kind } = await eventually(async () => {
    const exchange = await transport.send(Buffer.alloc(500_000, 'a'), 500);
    return exchange.kind !== 'not_sent' && exchange; // a machine may need 500 ms to connect
  });
  expect(kind).toBe('no_answer');
  expect(transport.mayHaveArrived?.()).toBe(true);
});

test.each<[string, number, (socket: Socket) => void]>([
  ['is cut', 30_000, (socket) => socket.end()],
  ['is reset', 30_000, (socket) => setImmediate(() => socket.resetAndDestroy())],
  ['never ends', 2_000, () => undefined],
])('a refusal whose body %s is known by its status', async (_how, millis, finish) => {
  const head = 'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\nhalf';
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(head, () => finish(socket)));
  });
  expect(await transportTo(await urlOf(server)).send(BULK, millis)).toMatchObject({
    kind: 'answer',
    status: 503,
    retryAfter: '7',
  });
});

test.each([
  ['SMTP', '220 mail.test ESMTP\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['TLS', '\x15\x03\x01\x00\x02\x02\x46'],
  ['HTTP with a header that is none', 'HTTP/1.1 200 OK\r\n\x01\r\n\r\n'],
])('the error names a server that answers in %s', async (_protocol, bytes) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(bytes, 'latin1'));
  });
  expect(await transportTo(await urlOf(server)).send(BULK, 5000)).toMatchObject({
    kind: 'no_answer',
    error: { message: expect.stringMatching(/does not speak HTTP/) },
  });
});

test('an endless answer is cut off', async () => {
  const transport = await serve((_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(10_000, 'x')), 1);
    response.on('error', () => undefined).on('close', () => clearInterval(timer));
  });
  const exchange = await transport.send(BULK, 50_000);
  expect(exchange).toMatchObject({ kind: 'answer', body: 'x'.repeat(65_536) });
});

test('closing ends what is under way, and nothing is sent after it', async () => {
  let hasArrived = false;
  const transport = await serve(() => {
    hasArrived = true;
  });
  const sent = transport.send(BULK, 60_000);
  await eventually(() => hasArrived);
  await transport.close();
  expect((await sent).kind).toBe('no_answer');
  expect((await transport.send(BULK, 1000)).kind).toBe('not_sent');
});

test('a connection that is not established in time: nothing was sent', async () => {
  const wire = await startFaultProxy({ certificate: 'server' });
  await wire.play({ kind: 'stall-handshake' });
  expect(await transportTo(wire.url).send(BULK, 200)).toMatchObject({
    kind: 'not_sent',
    error: { message: 'no connection within 200 ms' },
  });
});

test.each(['CONNECT', 'TLS handshake'])(
  'a tunnel whose %s has no answer is closed before the next one is opened, and at the end',
  async (what) => {
    const wire = await startFaultProxy({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    const proxy = await startHttpProxy(wire.url);
    if (what === 'CONNECT') proxy.stall();
    setEnvironment({ https_proxy: proxy.url, no_proxy: '', NO_PROXY: '' });
    const transport = transportTo('https://matomo.example/matomo.php');
    for (let i = 1; i <= 3; i++) {
      expect((await transport.send(BULK, 200)).kind).toBe('not_sent');
      await eventually(() => proxy.connections() === i && proxy.open() === 1);
    }
    await transport.close();
    await eventually(() => proxy.open() === 0);
  },
);
