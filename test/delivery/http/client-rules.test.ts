import http, { createServer } from 'node:http';
import net, { createServer as createTcpServer, type Socket } from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { setEnvironment, unsetProxies } from '../../support/environment.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { BULK, transportTo, urlOf } from './http-transports.js';

beforeEach(unsetProxies);

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';
const PATIENT_MILLIS = 120_000;

/** A server that answers the nth bulk in its own way, and the bulks that it has got. */
async function startRaw(...ways: readonly ((socket: Socket) => void)[]) {
  let bulks = 0;
  const server = createTcpServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        if (!String(bytes).includes(String(BULK))) return;
        ways[bulks]?.(socket);
        bulks += 1;
      });
  });
  const transport = transportTo(await urlOf(server));
  return { send: () => transport.send(BULK, PATIENT_MILLIS), bulks: () => bulks };
}

const answers = (socket: Socket) => void socket.write(ANSWER);
const closes = (socket: Socket) => void socket.end();
const resets = (socket: Socket) => void socket.resetAndDestroy();

describe('an exchange ends with the connection, and its bulk is sent once', () => {
  test.each<[string, ((socket: Socket) => void)[], string]>([
    ['is closed', [closes, answers], 'no_answer'],
    ['is reset', [resets, answers], 'no_answer'],
    ['was reused and is closed', [answers, closes, answers], 'no_answer'],
    ['was reused and is reset', [answers, resets, answers], 'no_answer'],
    [
      'is upgraded, which nobody asked for',
      [(socket) => void socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'), answers],
      'no_answer',
    ],
    [
      'is upgraded to something',
      [
        (socket) =>
          void socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
          ),
        answers,
      ],
      'no_answer',
    ],
    [
      'has hints before the answer',
      [
        (socket) =>
          void socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n${ANSWER}`),
      ],
      'answer',
    ],
    [
      'brings the answer byte by byte',
      [
        async (socket) => {
          for (const byte of 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n') {
            await new Promise((resolve) => socket.write(byte, resolve));
          }
        },
      ],
      'answer',
    ],
    [
      'is closed by the end of the answer',
      [(socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n{}')],
      'answer',
    ],
  ])('a connection that %s', async (_how, ways, kind) => {
    const server = await startRaw(...ways);
    for (const way of ways) {
      if (way !== answers) break;
      expect(await server.send()).toMatchObject({ kind: 'answer', body: '{}' });
    }
    const before = server.bulks();
    expect(await server.send()).toMatchObject(
      kind === 'answer' ? { kind, status: 200, body: '{}' } : { kind },
    );
    expect(server.bulks()).toBe(before + 1);
  });
});

describe('name lookup, TCP, CONNECT and TLS have one limit, until which nothing was sent', () => {
  test.each([
    ['TLS', undefined, false],
    ['CONNECT', 'http', true],
    ['CONNECT of an https proxy', 'https', true],
    ['TLS in a tunnel', 'http', false],
  ] as const)('%s has no answer', async (_what, scheme, isStalling) => {
    const wire = await startFaultProxy({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    let url = wire.url;
    if (scheme) {
      const proxy = await startHttpProxy(wire.url, scheme);
      if (isStalling) proxy.stall();
      setEnvironment({ https_proxy: proxy.url, NODE_TLS_REJECT_UNAUTHORIZED: '0' });
      url = 'https://matomo.example/matomo.php';
    }
    const sent = transportTo(url, { connectMillis: 300 }).send(BULK, PATIENT_MILLIS);
    expect(await sent).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringMatching(/^no connection within 300 ms/) },
    });
  });
});

describe('what replaces parts of Node.js after the package is loaded', () => {
  /** A Matomo, and the headers that it has got. */
  async function start() {
    const headers: http.IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers);
      request.resume().on('end', () => response.end('{}'));
    });
    const url = await urlOf(server);
    return { headers, url };
  }

  test.each<[string, object, string]>([
    ['http.request', http, 'request'],
    ['http.Agent', http, 'Agent'],
    ['http.ClientRequest', http, 'ClientRequest'],
    ['http.globalAgent', http.globalAgent, 'createConnection'],
    ['net.connect', net, 'connect'],
    ['net.Socket.prototype.connect', net.Socket.prototype, 'connect'],
  ])('a replaced %s sees no bulk', async (_name, object, key) => {
    const { headers, url } = await start();
    const spy = vi.spyOn(object as Record<string, () => void>, key);
    onTestFinished(() => spy.mockRestore());
    expect((await transportTo(url).send(BULK, 5000)).kind).toBe('answer');
    expect(spy).not.toHaveBeenCalled();
    expect(headers).toHaveLength(1);
  });

  test('a property that an application gives to all objects is no header', async () => {
    const { headers, url } = await start();
    const transport = transportTo(url);
    Object.defineProperty(Object.prototype, 'x-of-all', {
      ...{ value: 'objects', enumerable: true, configurable: true, writable: true },
    });
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'x-of-all'));
    expect((await transport.send(BULK, 5000)).kind).toBe('answer');
    expect(headers[0]?.['content-length']).toBe(String(BULK.length));
    expect(Object.keys(headers[0] ?? {})).not.toContain('x-of-all');
  });
});
