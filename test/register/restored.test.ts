import { expect, test } from 'vitest';
import { REGISTER, titles } from '../support/registered-app.js';
import { runScript, type ScriptOptions } from '../support/script.js';

/** Whether the process, with what has been added since, is as it was before the package was loaded. */
const LOOK = `
const { channel } = require('node:diagnostics_channel');
const CHANNELS = [
  'http.server.request.start', 'http.server.response.finish', 'http2.server.stream.created', 'net.server.socket',
  'tracing:net.server.listen:asyncStart', 'fastify.request.handler:start', 'tracing:graphql:execute:start',
];
const { kill } = process;
/** Two listeners stay: workers are announced to \`worker\` only once, and the first one of \`exit\` must be ours. */
const look = () => [
  ...process.eventNames().filter((name) => !['worker', 'exit'].includes(name)).map((name) => [name, process.listenerCount(name)]),
  ...CHANNELS.filter((name) => channel(name).hasSubscribers),
].map(String).sort().join();
let before = look();
const isRestored = () => process.kill === kill && look() === before;
`;

/** Runs code that only logs what is expected. */
async function run(
  body: string,
  { logged = /^$/, ...options }: ScriptOptions & { logged?: RegExp } = {},
) {
  const ended = await runScript(body, { ...options, before: LOOK });
  expect(ended.stderr).toMatch(logged);
  return ended;
}

test('shutdown of start removes all listeners, as often as it is started, and process.kill is never replaced', async () => {
  const { inspector, reported } = await run(`const { server, url } = await serve();
    const seen = [];
    for (const path of ['/a', '/b', '/c']) {
      const handle = start();
      await get(url + path);
      seen.push(isRestored(), process.kill === kill);
      await handle.shutdown();
      seen.push(isRestored());
    }
    server.close();
    report(seen);`);
  expect(reported).toEqual(Array(3).fill([false, true, true]).flat());
  expect(titles(inspector)).toEqual(['GET /a', 'GET /b', 'GET /c']);
});

test('a start that is switched off leaves no listener when a server listens', async () => {
  const { reported } = await run(`start({ enabled: false });
    const { server } = await serve();
    server.close();
    report(isRestored());`);
  expect(reported).toBe(true);
});

test('a start during the shutdown of the one before keeps its handlers until its own shutdown', async () => {
  const { inspector, reported } = await run(
    `const { server, url } = await serve();
    const first = start();
    await get(url + '/a');
    const closed = first.shutdown();
    const second = start();
    await get(url + '/b');
    await closed;
    const between = isRestored();
    await second.shutdown();
    server.close();
    report([between, isRestored()]);`,
    { env: { MATOMO_SHUTDOWN_TIMEOUT: '20000' }, answer: { delayMillis: 1000, times: 1 } },
  );
  expect(reported).toEqual([false, true]);
  expect(titles(inspector)).toEqual(['GET /a', 'GET /b']);
});

test('a processor in code has no listener after its shutdown, with exitFlush neither, which sends at exit what ends later', async () => {
  const { inspector, reported } = await run(
    `process.once('SIGTERM', () => undefined);
    before = look();
    const seen = [];
    for (const exitFlush of [false, true]) {
      const spanProcessors = [new MatomoSpanProcessor({ exitFlush })];
      const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
      const provider = new BasicTracerProvider({ spanProcessors });
      const begin = (path) => provider.getTracer('test').startSpan('GET', { kind: 1, attributes: { 'http.request.method': 'GET', 'url.path': path, 'http.response.status_code': 200 } });
      begin('/in-time').end();
      const late = begin('/late');
      await provider.shutdown();
      seen.push(isRestored());
      late.end();
      begin('/not-tracked').end();
      await new Promise((resolve) => setTimeout(resolve, 50)); // until its request has ended
    }
    report(seen);`,
    { logged: /^[^\n]*\[lost-at-shutdown\]\n$/ }, // without exitFlush, the late one is lost
  );
  expect(reported).toEqual([true, true]);
  expect(titles(inspector)).toEqual(['GET /in-time', 'GET /in-time', 'GET /late']);
});

test.each([
  ['', ''],
  [' that has a processor', 'new MatomoSpanProcessor()'],
])(
  'with register, requests after the shutdown of an SDK%s are tracked, as Node.js and annotations describe them',
  async (_which, processors) => {
    const { inspector } = await run(
      `process.once('SIGTERM', () => undefined);
      const { trace } = require('@opentelemetry/api');
      const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
      const provider = new BasicTracerProvider({ spanProcessors: [${processors}] });
      trace.setGlobalTracerProvider(provider);
      const { annotate, ignore } = require('opentelemetry-matomo');
      const { server, url } = await serve(({ url: path }, response) => {
        const attributes = { 'http.request.method': 'GET', 'http.response.status_code': 200, 'url.path': path };
        const span = trace.getTracer('test').startSpan('GET', { kind: 1, attributes });
        annotate({ dimension1: path });
        if (path === '/ignored') ignore();
        response.end(() => span.end());
      });
      const headers = { connection: 'close', referer: 'https://ref.example/' };
      const visit = async (path) => (await fetch(url + path, { headers })).text();
      await visit('/before');
      await provider.shutdown();
      for (const path of ['/ignored', '/after']) await visit(path);
      server.close();
      report([]);`,
      { flags: REGISTER },
    );
    const rows = inspector.hits().map(({ params }) => [params.dimension1, params.urlref]);
    expect(rows).toEqual([
      ['/before', 'https://ref.example/'],
      ['/after', 'https://ref.example/'],
    ]);
  },
);
