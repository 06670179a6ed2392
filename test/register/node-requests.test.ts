import { once } from 'node:events';
import { type ClientRequest, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { eventually, type Server } from '../support/child-process.js';
import { APPS, get, REGISTER, startTracked, TRACED, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

const APP = `${APPS}/many-ends.cjs`;
const HEADERS = {
  host: 'shop.example:8080',
  'user-agent': 'curl/8.5.0',
  'accept-language': 'de',
  referer: 'https://shop.example/cart',
};
const DIMENSIONS = [
  'http.request.method',
  'server.address',
  'server.port',
  'network.protocol.version',
];
const env = {
  MATOMO_DIMENSIONS: DIMENSIONS.map((name, i) => `${i + 1}=${name}`).join(),
  MATOMO_TOKEN_AUTH: 'a'.repeat(32),
  MATOMO_VISITOR_KEY: 'the-same-in-each-process',
};

const start = (preloads: readonly string[], more: Record<string, string> = {}) =>
  startTracked([...preloads, APP], { ...env, ...more });

/** The parameters of each hit, without durations, which differ from run to run. */
function paramsOf(inspector: Inspector) {
  return inspector.hits().map(({ params }) => {
    const { gt_ms, pf_srv, pf_dm1, cdt, ...others } = params;
    const isPageView = params.e_c === undefined;
    expect([gt_ms, pf_srv].map(Boolean)).toEqual([isPageView, isPageView]);
    // A timer of 20 ms may fire within the 20th.
    return { ...others, cdt, measured: Number(pf_dm1 ?? 0) >= 19 };
  });
}

function send(app: Server, path: string, options: RequestOptions = {}): ClientRequest {
  return request(app.url + path, { agent: false, headers: HEADERS, ...options });
}

/** The status of a response, or the code of the error. */
async function ask(app: Server, path: string, options: RequestOptions = {}): Promise<unknown> {
  const sent = send(app, path, options);
  sent.end();
  try {
    const [response] = await once(sent, 'response');
    await text(response);
    return response.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Leaves in the middle of the response. */
async function leave(app: Server, path: string): Promise<void> {
  const sent = send(app, path).end();
  const [response] = await once(sent, 'response');
  await once(response, 'data');
  sent.destroy();
}

/** With a clock that moves by ten seconds in each handler. */
async function visit(preloads: readonly string[], epochMillis: number) {
  const clock = ['--require', `./${APPS}/stepping-clock.cjs`];
  const { inspector, app } = await start([...clock, ...preloads], { CLOCK: String(epochMillis) });
  expect(await ask(app, '/plain?page=2&token=secret')).toBe(200);
  expect(await ask(app, '/tracked', { method: 'POST' })).toBe(200);
  expect(await ask(app, '/measured')).toBe(200);
  expect(await ask(app, '/event')).toBe(200);
  expect(await ask(app, '/ignored')).toBe(200);
  expect(await ask(app, '/missing', { method: 'PROPFIND' })).toBe(404);
  expect(await ask(app, '/late')).toBe(200);
  expect(await ask(app, '/destroyed')).toBe('ECONNRESET');
  await leave(app, '/waits');
  // The service has seen it leave when the hit is there.
  await eventually(() => inspector.hits().length >= 9);
  await app.stop();
  expect(app.stderr()).toBe('');
  return { params: paramsOf(inspector), rows: inspector.hits().map(({ stored }) => stored) };
}

test('without tracing, every request makes the hit that it makes with it', async () => {
  const now = Date.now() - 3_600_000;
  const [without, traced] = await Promise.all([
    visit(REGISTER, now),
    visit([...TRACED, ...REGISTER], now),
  ]);
  const seconds = without.params.map(({ cdt }) => Number(cdt) - Math.floor(now / 1000));
  expect(without.rows.map((row, i) => [row?.title, row?.custom_var_v1, seconds[i]])).toEqual([
    ['GET /plain', '200', 0],
    ['Checkout', '200', 10],
    ['GET /measured', '200', 20],
    ['GET /event', '200', 30],
    [undefined, undefined, 40],
    ['PROPFIND Not Found', '404', 50],
    ['GET /late', '200', 60],
    ['GET /destroyed', '500', 70],
    ['GET /waits', '499', 80],
  ]);
  expect(without.params).toEqual(traced.params);
});

test('an application that makes SERVER spans for some requests is counted once per request', async () => {
  const { inspector, app } = await start(REGISTER);
  const bare = ['at-once', 'at-end', 'never'].map((when) => `/api/bare/${when}`);
  const paths = ['/register', '/api/a', '/b', '/c', '/api/d', ...bare, '/ignored', '/e'];
  for (const path of paths) await get(app.url + path);
  await app.stop();
  const hits = inspector.hits().map(({ params }) => `${params.action_name} ${params.dimension6}`);
  const expected = paths
    .filter((path) => path !== '/ignored')
    .map((path) => `GET ${path} ${/^\/api\/(?!.*never)/.test(path) ? 'span' : undefined}`);
  expect(sorted(hits)).toEqual(sorted(expected));
  expect(app.stderr()).toBe('');
});

test('a request that a checkContinue listener answers is tracked', async () => {
  const { inspector, app } = await start(REGISTER);
  const headers = { ...HEADERS, expect: '100-continue' };
  const sent = send(app, '/upload', { method: 'PUT', headers });
  sent.flushHeaders();
  await once(sent, 'continue');
  sent.end('body');
  const [response] = await once(sent, 'response');
  expect(await text(response)).toBe('ok');
  await get(`${app.url}/a`);
  await app.stop();
  expect(sorted(titles(inspector))).toEqual(['GET /a', 'PUT /upload']);
});

test('without tracing, an ES module is tracked from its first request on', async () => {
  const esm = ['--import', 'opentelemetry-matomo/register', `${APPS}/esm.mjs`];
  const { inspector, app } = await startTracked(esm);
  await get(`${app.url}/first`);
  await get(`${app.url}/tracked`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /first', 'GET /tracked']);
  expect(app.stderr()).toBe('');
});
