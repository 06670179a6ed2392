import { createServer as createTcpServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { eventually, startServer } from '../../support/child-process.js';
import { matomoOnWire } from '../../support/fault-proxy.js';
import { startFullBacklog } from '../../support/full-backlog.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { listen } from '../../support/listen.js';
import { get, REGISTER } from '../../support/registered-app.js';
import { skipTest } from '../../support/skips.js';

// A process whose handler of SIGTERM only closes the server ends, whatever the connection to Matomo waits for.

const APP = [...REGISTER, 'test/contracts/doors/end/app.cjs'];
/** Nothing but the end of the process ends an attempt to send. */
const PATIENT = {
  END: 'drains',
  MATOMO_SITE_ID: '1',
  MATOMO_SCHEDULE_DELAY: '60000',
  MATOMO_EXPORT_TIMEOUT: '3600000',
  MATOMO_SHUTDOWN_TIMEOUT: '300',
};
const ENDED = { code: 0, signal: null };

/** A server that accepts connections and reads nothing. */
function startDeaf(): Promise<string> {
  return listen(
    createTcpServer((socket) => {
      socket.pause().on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
    }),
  );
}

const proxied = (scheme: 'http' | 'https', proxyUrl: string) => ({
  MATOMO_URL: `${scheme}://matomo.test`,
  HTTP_PROXY: proxyUrl,
  NO_PROXY: '',
});

test.for<[string, (url: string) => Record<string, string>]>([
  ['a connection', (url) => ({ MATOMO_URL: url })],
  ['a connection to a proxy', (url) => proxied('http', url)],
  ['a connection for a tunnel', (url) => proxied('https', url)],
])('%s that is never completed', async ([, toEnv]) => {
  skipTest(process.platform === 'linux' ? undefined : 'Only Linux drops these.', '/proc');
  const url = `http://127.0.0.1:${await startFullBacklog()}`;
  const app = await startServer(APP, { env: { ...PATIENT, ...toEnv(url) } });
  await get(`${app.url}/first`);
  expect(await app.stop()).toEqual(ENDED);
  expect(app.stderr()).toMatch(/\[(?:unconfirmed|lost-at-shutdown)\]/);
});

test.for<[string, (url: string) => Record<string, string>]>([
  ['TLS handshake', (url) => ({ MATOMO_URL: url.replace('http:', 'https:') })],
  ['CONNECT', (url) => proxied('https', url)],
])('a %s without an answer', async ([, toEnv]) => {
  const app = await startServer(APP, { env: { ...PATIENT, ...toEnv(await startDeaf()) } });
  await get(`${app.url}/first`);
  expect(await app.stop()).toEqual(ENDED);
  expect(app.stderr()).toMatch(/\[(?:unconfirmed|lost-at-shutdown)\]/);
});

test('a bulk that Matomo does not read to its end', async () => {
  const env = { ...PATIENT, MATOMO_URL: await startDeaf(), MATOMO_MAX_EXPORT_BATCH_SIZE: '10000' };
  const app = await startServer(APP, { env });
  const long = 'x'.repeat(12_000);
  for (let i = 0; i < 500; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, j) => get(`${app.url}/${i + j}?${long}`)));
  }
  expect(await app.stop()).toEqual(ENDED);
  expect(app.stderr()).toMatch(/500 hits.*\[/);
});

test('a second bulk over the tunnel of a proxy', async () => {
  const { inspector, wire } = await matomoOnWire({}, { certificate: 'server' });
  const proxy = await startHttpProxy(wire.url);
  const app = await startServer(APP, {
    env: {
      ...PATIENT,
      ...proxied('https', proxy.url),
      MATOMO_SCHEDULE_DELAY: '0',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    },
  });
  // The second one follows at once: a connection is idle for a second at most.
  inspector.play({ delayMillis: 3_000 });
  await get(`${app.url}/first`);
  await eventually(() => inspector.hits().length === 1);
  inspector.play({ delayMillis: 3_600_000 });
  await get(`${app.url}/second`);
  await eventually(() => inspector.hits().length === 2);
  expect(await app.stop()).toEqual(ENDED);
  expect(proxy.requests()).toHaveLength(1);
});
