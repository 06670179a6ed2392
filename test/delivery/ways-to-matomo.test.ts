import { createServer } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createTransport } from '../../src/delivery/http/create-transport.js';
import { type Exchange, timedOut } from '../../src/delivery/http/transport.js';
import { eventually, startServer } from '../support/child-process.js';
import { unsetProxies } from '../support/environment.js';
import { type FaultProxyOptions, matomoOnWire, tlsPath } from '../support/fault-proxy.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { listen } from '../support/listen.js';
import { startMatomo } from '../support/matomo.js';
import { APPS, get, REGISTER, titles } from '../support/registered-app.js';
import { requires } from '../support/skips.js';

beforeEach(unsetProxies);

function transportTo(url: string) {
  const transport = createTransport({
    url: new URL('/matomo.php', url),
    userAgent: 'opentelemetry-matomo/test',
  });
  onTestFinished(() => transport.close());
  return transport;
}

const HIT = Buffer.from('{"requests":["?idsite=1&rec=1&url=http%3A%2F%2Fshop.test%2F"]}');
const TRACKED = '{"status":"success","tracked":1,"invalid":0}';

function send(url: string, timeoutMillis = 30_000): Promise<Exchange> {
  return transportTo(url).send(HIT, timeoutMillis);
}

/** Expects that nothing was sent, for a reason. */
async function expectNotSent(sent: Promise<Exchange>, reason: RegExp): Promise<void> {
  const error = { message: expect.stringMatching(reason) };
  expect(await sent).toMatchObject({ kind: 'not_sent', error });
}

/** What a process logs that trusts the authority from its start and sends one hit. */
async function logOf(url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
    env: { MATOMO_URL: url, MATOMO_SITE_ID: '1', NODE_EXTRA_CA_CERTS: tlsPath('ca.pem'), ...env },
  });
  await get(`${app.url}/a`);
  await app.stop();
  return app.stderr();
}

type Certificate = NonNullable<FaultProxyOptions['certificate']>;

describe('certificates', () => {
  test('NODE_EXTRA_CA_CERTS names a CA of your own', async () => {
    const { inspector: matomo, wire } = await matomoOnWire({}, { certificate: 'server' });
    expect(await logOf(wire.url)).toBe('');
    expect(titles(matomo)).toEqual(['GET /a']);
  });

  test.for<[Certificate, RegExp]>([
    ['self-signed', /^DEPTH_ZERO_SELF_SIGNED_CERT: .*NODE_EXTRA_CA_CERTS=/],
    ['server', /^UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*NODE_EXTRA_CA_CERTS=.*intermediate/],
  ])(
    '%s, whose CA is not trusted: nothing is sent, and why is logged',
    async ([certificate, message]) => {
      const { wire } = await matomoOnWire({}, { certificate });
      await expectNotSent(send(wire.url), message);
      expect(wire.requests()).toEqual([]);
    },
  );

  test.for<[Certificate, string]>([
    ['expired', 'CERT_HAS_EXPIRED: '],
    ['elsewhere', 'ERR_TLS_CERT_ALTNAME_INVALID: '],
  ])(
    '%s, whose CA is trusted: nothing is sent, and why is logged',
    async ([certificate, message]) => {
      const { wire } = await matomoOnWire({}, { certificate });
      expect(await logOf(wire.url)).toContain(message);
      expect(wire.requests()).toEqual([]);
    },
  );

  test.each<[SecureVersion, RegExp]>([
    ['TLSv1.2', /send through a local proxy .*nginx/],
    ['TLSv1.3', /client certificate; send through a local proxy|ECONNRESET: /],
  ])(
    'with %s, a server that wants a client certificate gets nothing',
    async (tlsVersion, message) => {
      const wants = { certificate: 'server', wantsCertificate: true, tlsVersion } as const;
      const { wire } = await matomoOnWire({}, wants);
      expect(await logOf(wire.url)).toMatch(message);
      expect(wire.requests()).toEqual([]);
    },
  );
});

describe('forward proxies', () => {
  const MATOMO = 'http://matomo.test';

  test('lower case wins over upper case, and an empty variable is none', async () => {
    const proxy = await startHttpProxy((await startMatomo()).url);
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    vi.stubEnv('http_proxy', proxy.url);
    expect(await send(MATOMO)).toMatchObject({ body: TRACKED });
    vi.stubEnv('http_proxy', '');
    vi.stubEnv('HTTP_PROXY', '');
    expect(await send('http://matomo.invalid')).toMatchObject({ kind: 'not_sent' });
    expect(proxy.requests()).toHaveLength(1);
  });

  test.for(['http', 'https'] as const)(
    'with NODE_EXTRA_CA_CERTS hits arrive through the tunnel of an %s proxy, also at the end',
    async (scheme) => {
      const { inspector: matomo, wire } = await matomoOnWire({}, { certificate: 'server' });
      const proxy = await startHttpProxy(wire.url, scheme);
      const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
        env: {
          MATOMO_URL: 'https://matomo.test',
          MATOMO_SITE_ID: '1',
          MATOMO_SCHEDULE_DELAY: '0',
          HTTPS_PROXY: proxy.url,
          NO_PROXY: '',
          NODE_EXTRA_CA_CERTS: tlsPath('ca.pem'),
        },
      });
      await get(`${app.url}/a`);
      await eventually(() => matomo.hits().length === 1);
      await get(`${app.url}/b`);
      await app.stop();
      expect(app.stderr()).toBe('');
      expect(titles(matomo)).toEqual(['GET /a', 'GET /b']);
      const { method, target } = proxy.requests()[0] ?? {};
      expect([method, target]).toEqual(['CONNECT', 'matomo.test:443']);
    },
  );

  test('a proxy that closes the connection is asked once', async () => {
    let connections = 0;
    const proxy = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined).once('data', () => socket.end());
    });
    vi.stubEnv('HTTPS_PROXY', await listen(proxy));
    const sent = send('https://matomo.test');
    await expectNotSent(sent, /closed the connection|ECONNRESET/);
    expect(connections).toBe(1);
  });
});

test('close ends a connection that is being made: it would keep the process for ten seconds', async () => {
  const { wire } = await matomoOnWire({}, { certificate: 'server' });
  await wire.play({ kind: 'stall-handshake' });
  vi.stubEnv('HTTPS_PROXY', (await startHttpProxy(wire.url)).url);
  const transport = transportTo('https://matomo.test');
  const sent = transport.send(HIT, 60_000);
  await eventually(() => wire.open() === 1);
  await transport.close();
  await eventually(() => wire.open() === 0, { timeoutMillis: 9000 });
  expect((await sent).kind).toBe('not_sent');
});

test('an IPv6 address', async () => {
  requires('IPv6');
  const { wire } = await matomoOnWire({}, { host: '::1' });
  expect(wire.url).toMatch(/^http:\/\/\[::1\]:/);
  expect(await send(wire.url)).toMatchObject({ body: TRACKED });
  await wire.play({ kind: 'refuse' });
  await expectNotSent(send(wire.url), new RegExp(`\\[::1\\]:${wire.port}\\b`));
});

test('a request that timed out has waited for its timeout, also if the timer was early by a part of a millisecond', () => {
  expect(timedOut(false, 199.2)).toMatchObject({ kind: 'not_sent', waitedMillis: 200 });
});
