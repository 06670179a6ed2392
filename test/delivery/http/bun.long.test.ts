import { expect, test } from 'vitest';
import { eventually, startServer } from '../../support/child-process.js';
import { matomoOnWire, tlsPath } from '../../support/fault-proxy.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { packBeforeTests } from '../../support/matrix.js';
import { get, titles } from '../../support/registered-app.js';
import { prepareRuntime } from '../../support/runtimes.js';

const ARGS = ['--preload', 'opentelemetry-matomo/register', 'runtimes/node-http.mjs'];

const npmPackage = packBeforeTests();

/** A Matomo behind TLS, and how to start an application on Bun that sends its hits there. */
async function start() {
  const place = await prepareRuntime('bun', npmPackage());
  const { inspector, wire, env } = await matomoOnWire({}, { certificate: 'server' });
  const startApp = (more: Record<string, string>) =>
    startServer(ARGS, {
      cwd: place.folder,
      node: place.node,
      env: { ...env, MATOMO_SCHEDULE_DELAY: '50', NODE_EXTRA_CA_CERTS: tlsPath('ca.pem'), ...more },
    });
  return { inspector, wire, startApp };
}

test('a connection that is not established in time keeps the hits', async () => {
  const { inspector, wire, startApp } = await start();
  await wire.play({ kind: 'stall-handshake' });
  const app = await startApp({ MATOMO_EXPORT_TIMEOUT: '2000' });
  await get(`${app.url}/a`);
  await eventually(() => app.stderr().includes('no connection within 2000 ms'));
  await wire.play();
  await eventually(() => inspector.hits().length === 1);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET Not Found']);
  expect(app.stderr()).not.toMatch(/unconfirmed/);
});

test('https through the tunnel of a proxy', async () => {
  const { inspector, wire, startApp } = await start();
  const proxy = await startHttpProxy(wire.url);
  const app = await startApp({
    MATOMO_URL: 'https://matomo.test',
    HTTPS_PROXY: proxy.url,
    NO_PROXY: '',
  });
  await get(`${app.url}/a`);
  await eventually(() => inspector.hits().length === 1);
  await app.stop();
  expect(app.stderr()).toBe('');
  expect(proxy.requests()).toMatchObject([{ method: 'CONNECT', target: 'matomo.test:443' }]);
});
