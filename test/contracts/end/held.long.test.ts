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

const proxied = (proxyUrl: string) => ({
  MATOMO_URL: 'https://matomo.test',
  HTTP_PROXY: proxyUrl,
  NO_PROXY: '',
});

/** A connection that is never completed: only Linux drops these. */
async function startFull(): Promise<string> {
  skipTest(process.platform === 'linux' ? undefined : 'Only Linux drops these.', '/proc');
  return `http://127.0.0.1:${await startFullBacklog()}`;
}

test.for<[string, () => Promise<string>, (url: string) => Record<string, string>]>([
  ['connection', startFull, (url) => ({ MATOMO_URL: url })],
  ['TLS handshake', startDeaf, (url) => ({ MATOMO_URL: url.replace('http:', 'https:') })],
  ['CONNECT', startDeaf, proxied],
  ['request', startDeaf, (url) => ({ MATOMO_URL: url })],
])('a %s without an answer', async ([, startServerOf, toEnv]) => {
  const app = await startServer(APP, { env: { ...PATIENT, ...toEnv(await startServerOf()) } });
  await get(`${app.url}/first`);
  expect(await app.stop()).toEqual(ENDED);
  expect(app.stderr()).toMatch(/\[(?:unconfirmed|lost-at-shutdown)\]/);
});

test('a second bulk over the tunnel of a proxy', async () => {
  const { inspector, wire } = await matomoOnWire({}, { certificate: 'server' });
  const proxy = await startHttpProxy(wire.url);
  const app = await startServer(APP, {
    env: {
      ...PATIENT,
      ...proxied(proxy.url),
      MATOMO_SCHEDULE_DELAY: '0',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    },
  });
  // A connection that was idle for a second shows that others may be used again.
  await get(`${app.url}/idle`);
  await eventually(() => inspector.hits().length === 1 && proxy.open() === 0);
  // The second one follows at once: a connection is idle for a second at most.
  inspector.play({ delayMillis: 3_000 });
  await get(`${app.url}/first`);
  await eventually(() => inspector.hits().length === 2);
  inspector.play({ delayMillis: 3_600_000 });
  await get(`${app.url}/second`);
  await eventually(() => inspector.hits().length === 3);
  expect(await app.stop()).toEqual(ENDED);
  expect(proxy.requests()).toHaveLength(2);
});
