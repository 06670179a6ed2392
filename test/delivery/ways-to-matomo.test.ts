import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent } from 'undici';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Exchange, HttpDispatcher } from '../../src/delivery/http/transport.js';
import { createUndiciTransport } from '../../src/delivery/http/undici-transport.js';
import { type Inspector, startInspector } from '../../src/inspector/index.js';
import { eventually, startServer } from '../support/child-process.js';
import {
  type FaultProxy,
  type FaultProxyOptions,
  startFaultProxy,
  tlsFile,
} from '../support/fault-proxy.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { APPS, REGISTER } from '../support/registered-app.js';
import { requires } from '../support/skips.js';
import { until } from '../support/traced-service.js';

const CA = fileURLToPath(new URL('../fixtures/tls/ca.pem', import.meta.url));

beforeEach(() => {
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy']) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toUpperCase(), undefined);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
});

async function startMatomo(): Promise<Inspector> {
  const matomo = await startInspector();
  onTestFinished(() => matomo.close());
  return matomo;
}

/** Matomo behind a wire of that kind. */
async function startMatomoBehind(
  options: FaultProxyOptions,
): Promise<{ matomo: Inspector; wire: FaultProxy }> {
  const [matomo, wire] = await Promise.all([startMatomo(), startFaultProxy(options)]);
  wire.forwardTo(matomo.url);
  return { matomo, wire };
}

function transportTo(url: string, dispatcher?: Agent) {
  const transport = createUndiciTransport({
    url: new URL('/matomo.php', url),
    userAgent: 'opentelemetry-matomo/test',
    dispatcher: dispatcher as HttpDispatcher | undefined,
  });
  onTestFinished(() => transport.close());
  return transport;
}

function agent(connect: Agent.Options['connect'] & object): Agent {
  const made = new Agent({ connect });
  onTestFinished(() => made.destroy());
  return made;
}

const HIT = Buffer.from('{"requests":["?idsite=1&rec=1&url=http%3A%2F%2Fshop.test%2F"]}');
const TRACKED = '{"status":"success","tracked":1,"invalid":0}';

function send(url: string, dispatcher?: Agent, timeoutMillis = 30_000): Promise<Exchange> {
  return transportTo(url, dispatcher).send(HIT, timeoutMillis);
}

describe('certificates', () => {
  test('a CA of your own is trusted through a dispatcher', async () => {
    const { wire } = await startMatomoBehind({ certificate: 'server' });
    const exchange = await send(wire.url, agent({ ca: tlsFile('ca.pem') }));
    expect(exchange).toMatchObject({ kind: 'answer', body: TRACKED });
  });

  test.for<[NonNullable<FaultProxyOptions['certificate']>, boolean, RegExp]>([
    ['self-signed', false, /^DEPTH_ZERO_SELF_SIGNED_CERT: .*NODE_EXTRA_CA_CERTS=/],
    ['server', false, /^UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*NODE_EXTRA_CA_CERTS=.*intermediate/],
    ['expired', true, /^CERT_HAS_EXPIRED: /],
    ['elsewhere', true, /^ERR_TLS_CERT_ALTNAME_INVALID: /],
  ])('%s, with its CA trusted: %s: nothing is sent, and why is logged', async (given) => {
    const [certificate, isTrusted, message] = given;
    const { wire } = await startMatomoBehind({ certificate });
    const dispatcher = isTrusted ? agent({ ca: tlsFile('ca.pem') }) : undefined;
    const exchange = await send(wire.url, dispatcher);
    expect(exchange).toMatchObject({ kind: 'not_sent' });
    expect((exchange as { error: Error }).error.message).toMatch(message);
    expect(wire.requests()).toEqual([]);
  });

  test('a client certificate is given through a dispatcher', async () => {
    const { wire } = await startMatomoBehind({ certificate: 'server', wantsCertificate: true });
    const ca = tlsFile('ca.pem');
    const client = { ca, cert: tlsFile('client.pem'), key: tlsFile('client.key') };
    expect(await send(wire.url, agent(client))).toMatchObject({ body: TRACKED });
  });

  const STRANGER = { cert: tlsFile('self-signed.pem'), key: tlsFile('server.key') };

  test.each([
    ['none', {}],
    ['one of a stranger', STRANGER],
  ])(
    'where a client certificate is wanted and %s is given, nothing gets through',
    async (_what, client) => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const { wire } = await startMatomoBehind({ certificate: 'server', wantsCertificate: true });
        const exchange = await send(
          wire.url,
          agent({ ...client, ca: tlsFile('ca.pem'), maxVersion }),
        );
        // With TLS 1.3 the client is done before the server looks at the certificate.
        expect(exchange.kind).toBe(maxVersion === 'TLSv1.2' ? 'not_sent' : 'no_answer');
        expect((exchange as { error: Error }).error.message).toMatch(
          /client certificate, .*\bdispatcher$|^ECONNRESET: |^UND_ERR_SOCKET: /,
        );
        expect(wire.requests()).toEqual([]);
      }
    },
  );

  test('https where http is spoken', async () => {
    const matomo = await startMatomo();
    expect(await send(matomo.url.replace('http:', 'https:'))).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringMatching(/^ERR_SSL_\w+: .*TLS.*url/) },
    });
  });

  test.for<[string, string, Exchange['kind'], RegExp]>([
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46', 'not_sent', /TLS.*https:/],
    ['another protocol', '220 mail\r\n', 'no_answer', /does not speak HTTP$/],
  ])('%s where http is spoken', async ([, bytes, kind, message]) => {
    const server = createServer((socket) =>
      socket.once('data', () => socket.end(Buffer.from(bytes, 'latin1'))),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await send(`http://127.0.0.1:${port}`)).toMatchObject({
      kind,
      error: { message: expect.stringMatching(message) },
    });
  });
});

describe('forward proxies', () => {
  const MATOMO = 'http://matomo.test';

  test('HTTP_PROXY is used as browsers use it, over one connection that closes after a second', async () => {
    const proxy = await startHttpProxy((await startMatomo()).url);
    vi.stubEnv('HTTP_PROXY', `http://user:pass%20word@127.0.0.1:${proxy.port}`);
    const transport = transportTo(MATOMO);
    for (let i = 0; i < 3; i++) {
      expect(await transport.send(HIT, 1000)).toMatchObject({ body: TRACKED });
    }
    const [request] = proxy.requests();
    expect(request).toMatchObject({
      method: 'POST',
      target: 'http://matomo.test/matomo.php',
      headers: {
        host: 'matomo.test',
        'proxy-authorization': `Basic ${Buffer.from('user:pass word').toString('base64')}`,
        'user-agent': 'opentelemetry-matomo/test',
      },
    });
    expect([proxy.connections(), proxy.open()]).toEqual([1, 1]);
    await until(() => proxy.open() === 0);
    expect(await transport.send(HIT, 1000)).toMatchObject({ body: TRACKED });
    expect(proxy.connections()).toBe(2);
  });

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

  test.each(['matomo.test', 'other.test,.TEST', '*'])(
    'what NO_PROXY=%s excepts is asked for directly',
    async (names) => {
      const proxy = await startHttpProxy((await startMatomo()).url);
      vi.stubEnv('HTTP_PROXY', proxy.url);
      vi.stubEnv('NO_PROXY', names);
      expect((await send(MATOMO)).kind).toBe('not_sent');
      expect(proxy.requests()).toEqual([]);
    },
  );

  test('loopback needs no proxy', async () => {
    const matomo = await startMatomo();
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    expect(await send(matomo.url)).toMatchObject({ body: TRACKED });
    expect(await send(matomo.url.replace('127.0.0.1', 'localhost'))).toMatchObject({
      body: TRACKED,
    });
  });

  test('HTTPS_PROXY is asked for a tunnel', async () => {
    const { wire } = await startMatomoBehind({ certificate: 'server' });
    const proxy = await startHttpProxy(wire.url);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const exchange = await send('https://matomo.test');
    expect(exchange).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringContaining('UNABLE_TO_VERIFY_LEAF_SIGNATURE') },
    });
    expect(proxy.requests()).toMatchObject([{ method: 'CONNECT', target: 'matomo.test:443' }]);
  });

  test.each(['http', 'https'] as const)(
    'with NODE_EXTRA_CA_CERTS hits arrive through the tunnel of an %s proxy',
    async (scheme) => {
      const { matomo, wire } = await startMatomoBehind({ certificate: 'server' });
      const proxy = await startHttpProxy(wire.url, scheme);
      const app = await startServer([...REGISTER, `${APPS}/plain-http.cjs`], {
        env: {
          MATOMO_URL: 'https://matomo.test',
          MATOMO_SITE_ID: '1',
          HTTPS_PROXY: proxy.url,
          NO_PROXY: '',
          NODE_EXTRA_CA_CERTS: CA,
        },
      });
      await (await fetch(`${app.url}/a`, { headers: { connection: 'close' } })).text();
      await app.stop();
      expect(app.stderr()).toBe('');
      expect(matomo.hits().map(({ stored }) => stored?.title)).toEqual(['GET /a']);
      expect(proxy.requests()).toMatchObject([{ method: 'CONNECT', target: 'matomo.test:443' }]);
    },
  );

  test.each([
    [407, /proxy answered 407/],
    [502, /proxy answered 502 to CONNECT/],
  ])('a proxy that answers %i to CONNECT is named', async (status, message) => {
    const proxy = await startHttpProxy('http://127.0.0.1:1');
    proxy.refuse(status);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const exchange = await send('https://matomo.test');
    expect(exchange).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringMatching(message) },
    });
  });

  test('a proxy that answers 407 to a request passed nothing on', async () => {
    const proxy = await startHttpProxy('http://127.0.0.1:1');
    proxy.refuse(407);
    vi.stubEnv('HTTP_PROXY', proxy.url);
    expect(await send(MATOMO)).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringContaining('407') },
    });
  });

  test('a proxy that is down, and one that is silent: nothing was sent', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
    expect(await send('https://matomo.test')).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringMatching(/^ECONNREFUSED: .*127\.0\.0\.1:1$/) },
    });
    const proxy = await startHttpProxy('http://127.0.0.1:1');
    proxy.stall();
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    expect(await send('https://matomo.test', undefined, 200)).toMatchObject({
      kind: 'not_sent',
      error: { message: 'no connection within 200 ms' },
    });
  });

  test.each(['proxy.example.org:3128', 'socks5://proxy.example.org', 'http://user:hunter2@'])(
    'HTTP_PROXY=%s is named, and not shown',
    async (value) => {
      vi.stubEnv('HTTP_PROXY', value);
      const exchange = await send(MATOMO);
      expect(exchange).toMatchObject({
        kind: 'not_sent',
        error: {
          message: expect.stringMatching(/^HTTP_PROXY /),
        },
      });
    },
  );
});

test.each(['directly', 'through a proxy'])(
  'close ends a connection that is being made %s: it would keep the process for ten seconds',
  async (way) => {
    const { wire } = await startMatomoBehind({ certificate: 'server' });
    await wire.play({ kind: 'stall-handshake' });
    if (way === 'through a proxy') vi.stubEnv('HTTPS_PROXY', (await startHttpProxy(wire.url)).url);
    const url = way === 'directly' ? wire.url : 'https://matomo.test';
    const transport = transportTo(url);
    const sent = transport.send(HIT, 60_000);
    await until(() => wire.open() === 1);
    await transport.close();
    expect((await sent).kind).toBe('not_sent');
    await eventually(() => wire.open() === 0, { timeoutMillis: 9000 });
  },
);

describe('addresses', () => {
  test('an IPv6 address', async () => {
    requires('IPv6');
    const { wire } = await startMatomoBehind({ host: '::1' });
    expect(wire.url).toMatch(/^http:\/\/\[::1\]:/);
    expect(await send(wire.url)).toMatchObject({ body: TRACKED });
    await wire.play({ kind: 'refuse' });
    expect(await send(wire.url)).toMatchObject({
      kind: 'not_sent',
      error: { message: expect.stringContaining(`[::1]:${wire.port}`) },
    });
  });

  test('a Unix socket, through a dispatcher', async () => {
    requires('Unix sockets');
    const folder = mkdtempSync(join(tmpdir(), 'matomo-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, 's');
    await startMatomoBehind({ host: socketPath });
    expect(await send('http://matomo.test', agent({ socketPath }))).toMatchObject({
      body: TRACKED,
    });
  });

  test('a redirect is not followed', async () => {
    const [matomo, elsewhere] = await Promise.all([startMatomo(), startMatomo()]);
    matomo.play({ status: 307, headers: { location: `${elsewhere.url}/matomo.php` } });
    expect(await send(matomo.url)).toMatchObject({
      kind: 'answer',
      status: 307,
      location: `${elsewhere.url}/matomo.php`,
    });
    expect(elsewhere.hits()).toEqual([]);
  });
});
