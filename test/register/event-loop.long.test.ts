import { createServer as createTcpServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually, startServer } from '../support/child-process.js';
import { matomoOnWire } from '../support/fault-proxy.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { listen } from '../support/listen.js';
import { APPS, get, matomo, REGISTER, startTracked, titles } from '../support/registered-app.js';
import { skipTest } from '../support/skips.js';
import { startFullBacklog } from './full-backlog.js';

const APP = `${APPS}/ends.cjs`;
const DRAINS = { HANDLER: 'drains', MATOMO_SITE_ID: '1', MATOMO_SCHEDULE_DELAY: '60000' };
/** Nothing but the end of the process ends an attempt to send. */
const PATIENT = { ...DRAINS, MATOMO_EXPORT_TIMEOUT: '3600000', MATOMO_SHUTDOWN_TIMEOUT: '300' };

/** Enough for a thread that sends to start on a busy machine. */
const ENOUGH = { MATOMO_SHUTDOWN_TIMEOUT: '3000' };

/** A Matomo that gets bulks and answers none. */
async function startSilent(): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const url = await listen(() => {
    requests += 1;
  });
  return { url, requests: () => requests };
}

/** A server that accepts connections and reads nothing. */
async function startDeaf(): Promise<string> {
  return listen(
    createTcpServer((socket) => {
      socket.pause().on('error', () => undefined);
      onTestFinished(() => void socket.destroy());
    }),
  );
}

/** Has the application handle a request, and waits for its end after SIGTERM, whose handler only closes the server. */
async function drain(args: readonly string[], env: Record<string, string>) {
  const app = await startServer(args, { env });
  await get(`${app.url}/first`);
  const exit = await app.stop();
  return { ...exit, stderr: app.stderr() };
}

describe('a handler of SIGTERM that only closes the server', () => {
  test.for<[string, 'url' | 'proxy']>([
    ['directly', 'url'],
    ['through a proxy', 'proxy'],
  ])('%s, to a Matomo that never answers: the process ends before', async ([, what]) => {
    const silent = await startSilent();
    const env =
      what === 'url'
        ? { MATOMO_URL: silent.url }
        : { MATOMO_URL: 'http://matomo.test', HTTP_PROXY: silent.url, NO_PROXY: '' };
    const ended = await drain([...REGISTER, APP], { ...PATIENT, ...ENOUGH, ...env });
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toMatch(/\bunconfirmed\b/); // logged when the attempt ends, or the process
    expect(silent.requests()).toBe(1);
  });

  test.for<[string, (port: number) => Record<string, string>]>([
    ['directly', (port) => ({ MATOMO_URL: `http://127.0.0.1:${port}` })],
    ['through a proxy', (port) => proxied('http', `http://127.0.0.1:${port}`)],
    ['through a tunnel', (port) => proxied('https', `http://127.0.0.1:${port}`)],
  ])('%s, if no connection is ever completed: the process ends before', async (given) => {
    const [, toEnv] = given;
    skipTest(process.platform === 'linux' ? undefined : 'Only Linux drops these.', '/proc');
    const port = await startFullBacklog();
    const ended = await drain([...REGISTER, APP], { ...PATIENT, ...toEnv(port) });
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toMatch(/\[(?:unconfirmed|lost-at-shutdown)\]/);
  });

  test.for<[string, (url: string) => Record<string, string>]>([
    ['TLS handshake', (url) => ({ MATOMO_URL: url.replace('http:', 'https:') })],
    ['CONNECT', (url) => proxied('https', url)],
  ])('a %s without an answer: the process ends before', async ([, toEnv]) => {
    const url = await startDeaf();
    const ended = await drain([...REGISTER, APP], { ...PATIENT, ...toEnv(url) });
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toMatch(/\[(?:unconfirmed|lost-at-shutdown)\]/);
  });

  test('a bulk that Matomo does not read to its end: the process ends before', async () => {
    const url = await startDeaf();
    const app = await startServer([...REGISTER, APP], {
      env: { ...PATIENT, MATOMO_URL: url, MATOMO_MAX_EXPORT_BATCH_SIZE: '10000' },
    });
    const long = 'x'.repeat(12_000);
    for (let i = 0; i < 500; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => get(`${app.url}/${i + j}?${long}`)));
    }
    expect(await app.stop()).toEqual({ code: 0, signal: null });
    expect(app.stderr()).toMatch(/500 hits.*\[/);
  });

  test.for<[string, boolean]>([
    ['directly', false],
    ['through a proxy', true],
  ])('%s: what is being sent arrives, if Matomo answers', async ([, isProxied]) => {
    const { inspector, env } = await matomo();
    inspector.play({ delayMillis: 300 });
    const proxy = isProxied ? await startHttpProxy(inspector.url) : undefined;
    const way = proxy ? proxied('http', proxy.url) : {};
    const given = { ...DRAINS, ...env, ...way };
    const ended = await drain([...REGISTER, APP], given);
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(titles(inspector)).toEqual(['GET /first']);
  });
});

test('a process whose event loop empties while a bulk is in flight reads the response', async () => {
  const { inspector, app } = await startTracked([...REGISTER, APP], { MATOMO_SCHEDULE_DELAY: '0' });
  inspector.play({ delayMillis: 300 });
  await get(`${app.url}/first`);
  await eventually(() => inspector.hits().length === 1);
  await get(`${app.url}/stop`);
  expect(await app.exit()).toEqual({ code: 0, signal: null });
  expect(app.stderr()).toBe('');
  expect(titles(inspector)).toEqual(['GET /first', 'GET /stop']);
});

test('a second bulk over the tunnel of a proxy does not keep the process alive either', async () => {
  const { inspector, wire } = await matomoOnWire({}, { certificate: 'server' });
  const proxy = await startHttpProxy(wire.url);
  const app = await startServer([...REGISTER, APP], {
    env: {
      ...PATIENT,
      ...proxied('https', proxy.url),
      MATOMO_SCHEDULE_DELAY: '0',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    },
  });
  await get(`${app.url}/first`);
  await eventually(() => inspector.hits().length === 1);
  inspector.play({ delayMillis: 3_600_000 });
  await get(`${app.url}/second`);
  await eventually(() => inspector.hits().length === 2);
  expect(await app.stop()).toEqual({ code: 0, signal: null });
  expect(proxy.requests()).toHaveLength(1);
});

describe('the event loop is empty', () => {
  test('a listener of beforeExit runs once more, after a turn of the event loop, and every hit arrives', async () => {
    const env = { ...DRAINS, LISTENS: 'beforeExit' };
    const { inspector, app } = await startTracked([...REGISTER, APP], env);
    await get(`${app.url}/first`);
    await get(`${app.url}/stop`);
    expect(await app.exit()).toEqual({ code: 0, signal: null });
    expect(app.stdout().match(/beforeExit/g)).toHaveLength(2);
    expect(titles(inspector)).toEqual(['GET /first', 'GET /stop']);
    expect(app.stderr()).toBe('');
  });

  test.each(['/stop', '/exit'])(
    'a listener of exit that calls process.exit(): after %s, every hit arrives',
    async (path) => {
      const env = { ...DRAINS, LISTENS: 'exit' };
      const { inspector, app } = await startTracked([...REGISTER, APP], env);
      await get(`${app.url}/first`);
      await get(app.url + path);
      expect(await app.exit()).toEqual({ code: 4, signal: null });
      expect(titles(inspector)).toEqual(['GET /first', `GET ${path}`]);
    },
  );
});

function proxied(scheme: 'http' | 'https', proxyUrl: string): Record<string, string> {
  return { MATOMO_URL: `${scheme}://matomo.test`, HTTP_PROXY: proxyUrl, NO_PROXY: '' };
}
