import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { requires } from '../../support/skips.js';
import { openPoster, type Poster } from '../doors/post.js';

const BULK = '{"requests":["?idsite=1"]}';
const answered = { kind: 'answer', status: 200 };

async function serve(listener: RequestListener): Promise<Poster> {
  return openPoster(`${await listen(createServer(listener))}/matomo.php?a=1`, {
    headers: { 'x-key': 'k' },
  });
}

/** A server that speaks bytes, once for each part of a request. */
async function speak(answer: (socket: Socket, request: number) => void): Promise<Poster> {
  let requests = 0;
  const server = createTcpServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', () => {
        requests += 1;
        answer(socket, requests);
      });
  });
  return openPoster(`${await listen(server)}/matomo.php`);
}

test('a bulk is a POST of JSON, and its answer comes back whole', async () => {
  let seen: unknown;
  const poster = await serve(async (request, response) => {
    const { method, url, headers } = request;
    seen = { method, url, ...headers, body: await text(request) };
    response.writeHead(429, {
      'content-type': 'text/html',
      'retry-after': '7',
      location: '/x',
      date: 'Fri, 20 Nov 2026 10:00:00 GMT',
      'www-authenticate': 'Basic realm="a"',
    });
    response.end('busy');
  });
  expect(await poster.post(BULK)).toEqual({
    kind: 'answer',
    status: 429,
    contentType: 'text/html',
    body: 'busy',
    retryAfter: '7',
    location: '/x',
    authenticate: 'Basic realm="a"',
  });
  expect(seen).toMatchObject({
    method: 'POST',
    url: '/matomo.php?a=1',
    'content-type': 'application/json',
    'content-length': String(BULK.length),
    'accept-encoding': 'identity',
    'user-agent': 'test/1',
    'x-key': 'k',
    body: BULK,
  });
});

test('an answer without an end is cut', async () => {
  const poster = await serve((_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(10_000, 'x')), 1);
    response.on('error', () => undefined).on('close', () => clearInterval(timer));
  });
  expect(await poster.post(BULK, 50_000)).toMatchObject({ ...answered, body: 'x'.repeat(65_536) });
});

describe('what is known of a request that failed', () => {
  test('closing ends a connection that is being made', async () => {
    const { wire } = await matomoOnWire({}, { certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    const https_proxy = (await startHttpProxy(wire.url)).url;
    const poster = openPoster('https://matomo.test', { proxies: { https_proxy } });
    const posted = poster.post(BULK, 60_000);
    await eventually(() => wire.open() === 1);
    await poster.close();
    await eventually(() => wire.open() === 0, { timeoutMillis: 9000 }); // it would end after ten seconds
    expect((await posted).kind).toBe('not sent');
  });

  test('an IPv6 address', async () => {
    requires('IPv6');
    const { wire } = await matomoOnWire({}, { host: '::1' });
    const url = `${wire.url}/matomo.php`;
    expect(await openPoster(url).post(BULK)).toMatchObject(answered);
    await wire.play({ kind: 'refuse' });
    expect(await openPoster(url).post(BULK)).toEqual({
      kind: 'not sent',
      message: expect.stringContaining(`at [::1]:${wire.port};`),
    });
  });

  test.each<[string, (socket: Socket) => unknown]>([
    ['closes the connection', (socket) => socket.destroy()],
    [
      'answers half',
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    ['answers with something else', (socket) => void socket.end('220 mail.test ESMTP\r\n\r\n')],
    [
      'switches protocols',
      (socket) => socket.write('HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
  ])('a server that %s: there is no answer', async (_how, answer) => {
    const poster = await speak((socket) => answer(socket));
    expect(await poster.post(BULK)).toMatchObject({
      kind: 'no answer',
      message: expect.not.stringContaining('within'),
    });
  });

  test.each<[string, (socket: Socket) => void]>([
    ['never answers', () => undefined],
    [
      'never ends its answer',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
  ])('a server that %s: there is no answer', async (_how, answer) => {
    const poster = await speak((socket) => answer(socket));
    // A machine may need this long to connect.
    const { kind } = await eventually(async () => {
      const posted = await poster.post(BULK, 500);
      return posted.kind !== 'not sent' && posted;
    });
    expect(kind).toBe('no answer');
  });

  test.each<[string, number, (socket: Socket) => void]>([
    ['is cut', 30_000, (socket) => socket.end()],
    ['never ends', 2_000, () => undefined],
  ])('a refusal whose body %s is known by its status', async (_how, millis, finish) => {
    const head = 'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\nhalf';
    const poster = await speak((socket) => socket.write(head, () => finish(socket)));
    expect(await poster.post(BULK, millis)).toMatchObject({
      kind: 'answer',
      status: 503,
      retryAfter: '7',
    });
  });

  test('closing ends what is under way, and nothing is sent after it', async () => {
    let requests = 0;
    const poster = await serve(() => {
      requests += 1;
    });
    const posted = poster.post(BULK, 60_000);
    await eventually(() => requests === 1);
    await poster.close();
    expect((await posted).kind).toBe('no answer');
    expect((await poster.post(BULK)).kind).toBe('not sent');
    expect(requests).toBe(1);
  });
});

describe('connections', () => {
  /** Answers, and closes the connection as `end` says. */
  async function count(end: (socket: Socket) => unknown = () => undefined) {
    const sockets = new Set<Socket>();
    const announced: (string | undefined)[] = [];
    const poster = await serve((request, response) => {
      sockets.add(request.socket);
      announced.push(request.headers.connection);
      response.on('finish', () => end(request.socket));
      request.resume().on('end', () => response.end('{}'));
    });
    return { poster, sockets, announced };
  }

  test.each([0, 1, 20])(
    'a server that closes each %i ms after its answer, without notice, answers all',
    async (millis) => {
      const { poster, announced } = await count((socket) => {
        if (millis > 0) setTimeout(() => socket.end(), millis);
        else socket.end();
      });
      for (let i = 0; i < 200; i++) expect(await poster.post(BULK)).toMatchObject(answered);
      expect(announced).toHaveLength(200);
    },
  );

  test('a server that begins to do so loses one bulk at most', async () => {
    let isClosing = false;
    const { poster, sockets } = await count((socket) => isClosing && socket.end());
    await poster.post(BULK);
    await eventually(() => [...sockets].every(({ destroyed }) => destroyed));
    for (let i = 0; i < 12; i++) expect(await poster.post(BULK)).toMatchObject(answered);
    expect(sockets.size).toBe(2);
    isClosing = true;
    let lost = 0;
    for (let i = 0; i < 50; i++) if ((await poster.post(BULK)).kind !== 'answer') lost += 1;
    expect(lost).toBeLessThanOrEqual(1);
  });

  test('a request on a reused one that gets no answer is not sent again', async () => {
    let requests = 0;
    const sockets = new Set<Socket>();
    const poster = await speak((socket, request) => {
      requests = request;
      sockets.add(socket);
      if (request > 2) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    });
    expect(await poster.post(BULK)).toMatchObject(answered);
    await eventually(() => [...sockets].every(({ destroyed }) => destroyed));
    expect(await poster.post(BULK)).toMatchObject(answered);
    expect((await poster.post(BULK)).kind).toBe('no answer');
    expect([requests, sockets.size]).toEqual([3, 2]);
  });
});
