import http, { createServer } from 'node:http';
import net from 'node:net';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { timedOut } from '../../../src/delivery/http/transport.js';
import { setEnvironment, unsetProxies } from '../../support/environment.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { BULK, transportTo, urlOf } from './http-transports.js';

beforeEach(unsetProxies);

const PATIENT_MILLIS = 120_000;

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

test('a request has waited for its timeout, also if a timer was early by a part of a millisecond', () => {
  expect(timedOut(false, 199.2)).toMatchObject({ kind: 'not_sent', waitedMillis: 200 });
});
