import http, { createServer } from 'node:http';
import net from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createHttpTransport } from '../../../src/delivery/http/http-transport.js';
import { clientOptionsOf, createNodeClient } from '../../../src/delivery/http/node-client.js';
import { timedOut } from '../../../src/delivery/http/transport.js';
import { openPoster } from '../../contracts/doors/post.js';
import { setEnvironment, unsetProxies } from '../../support/environment.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';

beforeEach(unsetProxies);

const PATIENT_MILLIS = 120_000;
const BULK = '{"requests":[]}';

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
    const given = clientOptionsOf({ url: new URL(url), userAgent: 'test/1', headers: {} });
    const options = { ...given, connectMillis: 300 };
    const transport = createHttpTransport((onClose) => createNodeClient(options, onClose));
    onTestFinished(() => transport.close());
    expect(await transport.send(Buffer.from(BULK), PATIENT_MILLIS)).toMatchObject({
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
    return { headers, poster: openPoster(await listen(server)) };
  }

  test.each<[string, object, string]>([
    ['http.request', http, 'request'],
    ['http.Agent', http, 'Agent'],
    ['http.ClientRequest', http, 'ClientRequest'],
    ['http.globalAgent', http.globalAgent, 'createConnection'],
    ['net.connect', net, 'connect'],
    ['net.Socket.prototype.connect', net.Socket.prototype, 'connect'],
  ])('a replaced %s sees no bulk', async (_name, object, key) => {
    const { headers, poster } = await start();
    const spy = vi.spyOn(object as Record<string, () => void>, key);
    onTestFinished(() => spy.mockRestore());
    expect((await poster.post(BULK)).kind).toBe('answer');
    expect(spy).not.toHaveBeenCalled();
    expect(headers).toHaveLength(1);
  });

  test('a property that an application gives to all objects is no header', async () => {
    const { headers, poster } = await start();
    Object.defineProperty(Object.prototype, 'x-of-all', {
      ...{ value: 'objects', enumerable: true, configurable: true, writable: true },
    });
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'x-of-all'));
    expect((await poster.post(BULK)).kind).toBe('answer');
    expect(headers[0]?.['content-length']).toBe(String(BULK.length));
    expect(Object.keys(headers[0] ?? {})).not.toContain('x-of-all');
  });
});

test('a request has waited for its timeout, also if a timer was early by a part of a millisecond', () => {
  expect(timedOut(false, 199.2)).toMatchObject({ kind: 'not_sent', waitedMillis: 200 });
});
