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

interface Row {
  readonly name: string;
  readonly runtime: Runtime;
  readonly args: readonly string[];
  readonly client?: typeof HTTP2_CLIENT;
  readonly titles?: Readonly<Record<string, string>>;
  /** A path whose request makes no hit. */
  readonly lost?: string;
}

const ROWS: readonly Row[] = [
  {
    name: 'Bun.serve with spans made by hand',
    runtime: 'bun',
    args: ['runtimes/bun-serve.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'Elysia with @elysiajs/opentelemetry',
    runtime: 'bun',
    args: ['runtimes/bun-elysia.mjs'],
    lost: NO_MATCH,
  },
  { name: 'Hono with @hono/otel', runtime: 'bun', args: ['runtimes/bun-hono.mjs'] },
  {
    name: 'node:http on Bun',
    runtime: 'bun',
    args: ['--preload', 'opentelemetry-matomo/register', 'runtimes/node-http.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'Deno.serve with spans made by hand',
    runtime: 'deno',
    args: ['run', '-A', 'runtimes/deno-processor.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'node:http on Deno',
    runtime: 'deno',
    args: ['run', '-A', ...DENO_REGISTER, 'runtimes/node-http.mjs'],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'node:http on Deno, which may read the variables of this package alone',
    runtime: 'deno',
    args: [
      ...['run', '--no-prompt', '--allow-net', '--allow-env=MATOMO_*'],
      ...[...DENO_REGISTER, 'runtimes/node-http.mjs'],
    ],
    titles: WITHOUT_ROUTE,
  },
  {
    name: 'node:http2 on Deno',
    runtime: 'deno',
    args: ['run', '-A', ...DENO_REGISTER, 'http2/node.cjs'],
    client: HTTP2_CLIENT,
    titles: WITHOUT_ROUTE,
  },
];

test.for(ROWS)(
  '$name: one hit per request, and nothing is lost at its end',
  async ({ runtime, lost, titles, ...command }) => {
    const place = await prepareRuntime(runtime, npmPackage());
    const requests = matrix.REQUESTS.map((each) => ({ ...each, isIgnored: each.path === lost }));
    await expectHits({ ...place, ...command, requests }, { titles });
  },
);

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
      OTEL_DENO: 'true',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
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
  const app = await startServer([...REGISTERED[runtime], 'runtimes/serve.mjs'], {
    ...{ node, cwd: folder, env },
  });
  expect(await get(`${app.url}/users/1`)).toBe('answered');
  await app.stop();
  expect(app.stderr()).toMatch(
    new RegExp(`^opentelemetry-matomo: ${name} .* \\[server-not-seen\\]\\n$`),
  );
  expect(inspector.hits()).toEqual([]);
});
