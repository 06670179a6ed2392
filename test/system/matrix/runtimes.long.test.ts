import { expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { startGateway } from '../../support/gateway.js';
import { expectHits, matrix, packBeforeTests, WITHOUT_ROUTE } from '../../support/matrix.js';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { get, matomo, startTracked, titles } from '../../support/registered-app.js';
import { prepareRuntime, type Runtime } from '../../support/runtimes.js';

const DENO_REGISTER = ['--preload', './node_modules/opentelemetry-matomo/dist/cjs/register.js'];
const REGISTERED: Readonly<Record<Runtime, readonly string[]>> = {
  bun: ['--preload', 'opentelemetry-matomo/register'],
  deno: ['run', '-A', ...DENO_REGISTER],
};
const HTTP2_CLIENT = {
  file: 'http2/client.cjs',
  path: '',
  env: { REQUESTS: JSON.stringify(matrix.REQUESTS) },
};
/** `@elysiajs/opentelemetry` makes no span for it. */
const NO_MATCH = '/nothing/here';

const npmPackage = packBeforeTests();

const PERMITTED = ['run', '--no-prompt', '--allow-net', '--allow-env=MATOMO_*'];

test.for<[name: string, Runtime, args: readonly string[]]>([
  ['Bun.serve with spans made by hand', 'bun', ['runtimes/bun-serve.mjs']],
  ['Elysia with @elysiajs/opentelemetry', 'bun', ['runtimes/bun-elysia.mjs']],
  ['Hono with @hono/otel', 'bun', ['runtimes/bun-hono.mjs']],
  ['node:http on Bun', 'bun', [...REGISTERED.bun, 'runtimes/node-http.mjs']],
  ['Deno.serve with spans made by hand', 'deno', ['run', '-A', 'runtimes/deno-processor.mjs']],
  ['node:http on Deno', 'deno', [...REGISTERED.deno, 'runtimes/node-http.mjs']],
  [
    'node:http on Deno, which may read the variables of this package alone',
    'deno',
    [...PERMITTED, ...DENO_REGISTER, 'runtimes/node-http.mjs'],
  ],
  ['node:http2 on Deno', 'deno', [...REGISTERED.deno, 'http2/node.cjs']],
])('%s: one hit per request, and nothing is lost at its end', async ([name, runtime, args]) => {
  const place = await prepareRuntime(runtime, npmPackage());
  const lost = name.startsWith('Elysia') ? NO_MATCH : undefined;
  const requests = matrix.REQUESTS.map((each) => ({ ...each, isIgnored: each.path === lost }));
  const client = name.includes('http2') ? { client: HTTP2_CLIENT } : {};
  const titles = /^(?:Elysia|Hono)/.test(name) ? undefined : WITHOUT_ROUTE;
  await expectHits({ ...place, args, ...client, requests }, { titles });
});

/** By the address of the connection, and by that of the client behind a proxy. */
const ADDRESSES = [
  [{ MATOMO_IGNORE_ADDRESSES: '192.0.2.1' }, ['127.0.0.1', '127.0.0.1']],
  [{ MATOMO_IGNORE_ADDRESSES: '127.0.0.1' }, []],
  [{ MATOMO_TRUST_PROXY: 'loopback' }, ['198.51.100.7', '198.51.100.7']],
] as const;

test.for(ADDRESSES)(
  'Bun knows addresses of connections that end with their response: %j, %j',
  async ([options, addresses]) => {
    const place = await prepareRuntime('bun', npmPackage());
    const token = { MATOMO_TOKEN_AUTH: '0123456789abcdef0123456789abcdef' };
    const { inspector, app } = await startTracked(
      [...REGISTERED.bun, 'runtimes/node-http.mjs'],
      { ...token, ...options },
      { node: place.node, cwd: place.folder },
    );
    const port = Number(new URL(app.url).port);
    const forwarded = ['X-Forwarded-For: 198.51.100.7'];
    await sendRaw({ port }, rawRequest('/users/1', forwarded));
    await sendRaw({ port }, rawRequest('/users/2', forwarded).replace('HTTP/1.1', 'HTTP/1.0'));
    await app.stop();
    expect(inspector.hits().map(({ params }) => params.cip)).toEqual(addresses);
  },
);

test('Deno.serve with OTEL_DENO into a gateway: hits without user agent and language', async () => {
  const place = await prepareRuntime('deno', npmPackage());
  const { gateway, inspector } = await startGateway();
  await matrix.runApp({
    ...place,
    args: ['run', '-A', 'runtimes/serve.mjs'],
    env: {
      ...{ OTEL_DENO: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${gateway.url}/v1/traces`,
    },
  });
  await gateway.close();
  const known = (line: string) => line.split(' | ').slice(0, 3);
  const expected = matrix.expectedHits(matrix.REQUESTS, WITHOUT_ROUTE);
  expect(matrix.readHits(inspector.hits()).map(known)).toEqual(expected.map(known));
});

test('Bun under nohup: SIGHUP does not end the process', async () => {
  const { folder, node } = await prepareRuntime('bun', npmPackage());
  const { inspector, env } = await matomo();
  const args = [...REGISTERED.bun, 'runtimes/node-http.mjs'];
  const app = await startServer(args, { command: ['nohup'], node, cwd: folder, env });
  await get(`${app.url}/users/1`);
  app.kill('SIGHUP');
  await get(`${app.url}/users/2`);
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(titles(inspector)).toEqual(['GET /users/:id', 'GET /users/:id']);
});

test.for([
  ['bun', 'Bun.serve'],
  ['deno', 'Deno.serve'],
] as const)('%s: a line says that requests to %s are not tracked', async ([runtime, name]) => {
  const { folder, node } = await prepareRuntime(runtime, npmPackage());
  const { inspector, env } = await matomo();
  const args = [...REGISTERED[runtime], 'runtimes/serve.mjs'];
  const app = await startServer(args, { node, cwd: folder, env });
  expect(await get(`${app.url}/users/1`)).toBe('answered');
  await app.stop();
  const line = RegExp(`^opentelemetry-matomo: ${name} .* \\[server-not-seen\\]\\n$`);
  expect(app.stderr()).toMatch(line);
  expect(inspector.hits()).toEqual([]);
});
