import { expect, test } from 'vitest';
import { secondCopy } from './support/installed-app.js';
import { APPS, REGISTER, titles } from './support/registered-app.js';
import { runScript } from './support/script.js';

test.each<[Record<string, string>, hits: number]>([
  [{}, 1],
  [{ OTEL_SDK_DISABLED: 'true' }, 0],
])(
  'with %o, invalid options throw a TypeError, each time, and %i hits are made',
  async (env, hits) => {
    const { inspector, reported, stderr } = await runScript(
      `const thrown = (run) => { try { run(); } catch (error) { return [error instanceof TypeError, error.code, error.message]; } };
    const errors = [thrown(() => start({ siteId: -1 })), thrown(() => start({ sitId: 1 }))];
    const handle = start();
    errors.push(thrown(() => start({ query: 'some' })));
    const { server, url } = await serve();
    await get(url + '/a');
    server.close();
    await handle.shutdown();
    report([...errors, handle.stats().hits]);`,
      { env },
    );
    const error = (name: string) => [true, 'option-invalid', expect.stringContaining(name)];
    expect(reported).toEqual([error('siteId'), error('sitId'), error('query'), hits]);
    expect(inspector.hits()).toHaveLength(hits);
    expect(stderr).toBe('');
  },
);

test.each([
  ['register first', REGISTER, ''],
  ['register later', [], `require('opentelemetry-matomo/register');`],
  ['register of another copy first', ['other copy'], ''],
])('%s: one registration, whose options in code win one by one', async (_order, flags, load) => {
  const other = ['--require', `${secondCopy()}/dist/cjs/register.js`];
  const { inspector, reported, stderr } = await runScript(
    `const handle = start({ dimensions: { 1: 'http.request.method' }, titlePaths: 'raw' });
    ${load}
    const { server, url } = await serve();
    await get(url + '/a/17');
    server.close();
    await handle.shutdown();
    report(handle.stats());`,
    {
      env: { MATOMO_SITE_ID: '7', MATOMO_TITLE_PATHS: 'template' },
      flags: flags[0] === 'other copy' ? other : flags,
    },
  );
  expect(inspector.hits().map(({ params }) => params)).toMatchObject([
    { action_name: 'GET /a/17', idsite: '7', dimension1: 'GET' },
  ]);
  expect(reported).toMatchObject({ hits: 1, tracked: 1 });
  expect(stderr).toBe('');
});

test('a second start joins, and its options have no effect if they are others, before and after serving began', async () => {
  const { inspector, reported, stderr } =
    await runScript(`const handle = start({ titlePaths: 'raw' });
    const second = start({ titlePaths: 'template' });
    const { server, url } = await serve();
    await get(url + '/a/17');
    const third = start({ titlePaths: 'raw', dryRun: true });
    server.close();
    await handle.shutdown();
    report([handle, second, third].map((each) => each.stats().tracked));
    await second.shutdown();
    await third.shutdown();`);
  expect(reported).toEqual([1, 1, 1]);
  expect(titles(inspector)).toEqual(['GET /a/17']);
  expect(stderr).toMatch(/^.*titlePaths.*\[started-twice\]\n.*dryRun.*\[started-twice\]\n$/);
});

test('after shutdown nothing is tracked, and start works again with other options', async () => {
  const { inspector, reported, stderr } = await runScript(`const { server, url } = await serve();
    const agent = new (require('node:http').Agent)({ keepAlive: true, maxSockets: 1 });
    const ask = (path) => new Promise((resolve) => require('node:http').get(url + path, { agent }, (response) => response.resume().on('end', resolve)));
    const first = start({ titlePaths: 'raw' });
    await ask('/first/1');
    const closed = first.shutdown();
    await closed;
    await ask('/untracked/1');
    trackEvent('category', 'untracked', { uid: 'ann' });
    const second = start({ dimensions: { 1: () => 'again' } });
    await ask('/second/1');
    await second.forceFlush();
    const flushed = second.stats().tracked;
    await second[Symbol.asyncDispose]();
    const third = start();
    trackEvent('category', 'third', { uid: 'ann' });
    await third.shutdown();
    server.close();
    agent.destroy();
    report([first === second, first.shutdown() === closed, first.stats().hits, flushed, second.stats().hits]);`);
  expect(reported).toEqual([false, true, 1, 1, 1]);
  expect(
    inspector.hits().map(({ params }) => [params.e_a ?? params.action_name, params.dimension1]),
  ).toEqual([
    ['GET /first/1', undefined],
    ['GET /second/:id', 'again'],
    ['third', undefined],
  ]);
  expect(stderr).toBe('');
});

test.each(['before', 'after'])(
  'a MatomoSpanProcessor in an SDK that is set up %s start tracks with the same options, and goes on after its shutdown',
  async (when) => {
    const begin = `const handle = start({ titlePaths: 'raw' });`;
    const { inspector, reported, stderr } = await runScript(`${when === 'after' ? begin : ''}
      ${SDK.replace('setUpTracing([', 'setUpTracing([new MatomoSpanProcessor(), ')}
      ${when === 'before' ? begin : ''}
      const { server, url } = await serve();
      await get(url + '/a/17');
      await handle.forceFlush();
      const { tracked } = handle.stats();
      await handle.shutdown();
      await get(url + '/a/18');
      server.close();
      const again = start();
      await again.forceFlush();
      report([tracked, again.stats().tracked]);`);
    expect(reported).toEqual([1, 2]);
    expect(titles(inspector)).toEqual(['GET /a/17', 'GET /a/18']);
    expect(stderr).toBe('');
  },
);

/** Sets up tracing in code, with an exporter in memory. Instrumentations patch what is required after them. */
const SDK = `
const { trace } = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { setUpTracing } = require('./${APPS}/set-up-tracing.cjs');
const exporter = new InMemorySpanExporter();
setUpTracing([new SimpleSpanProcessor(exporter)]);
require('node:http');
`;

test('a tracer provider that comes between two requests of a connection is seen', async () => {
  const { reported } = await runScript(
    `const api = require('@opentelemetry/api');
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
    const handle = start();
    const { server, url } = await serve((request, response) => {
      const span = api.trace.getTracer('test').startSpan('below');
      span.setAttribute('matomo.ignore', true);
      span.end();
      response.end('ok');
    });
    const agent = new http.Agent({ keepAlive: true });
    const send = (path) => new Promise((resolve) => {
      http.get(url + path, { agent }, (response) => response.resume().on('close', resolve));
    });
    await send('/before');
    api.trace.setGlobalTracerProvider(new BasicTracerProvider());
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    await send('/after');
    agent.destroy();
    server.close();
    await handle.shutdown();
    report([handle.stats().hits, handle.stats().ignored.attribute]);`,
  );
  expect(reported).toEqual([1, 1]);
});

test('a function of the application never runs in the async context of another request', async () => {
  const { reported, inspector } = await runScript(
    `const { AsyncLocalStorage } = require('node:async_hooks');
    const user = new AsyncLocalStorage();
    const { shutdown } = user.run('eve', () => start({ userId: () => user.getStore() ?? 'nobody' }));
    let waiting;
    const { server, url } = await serve((request, response) => user.run(request.url.slice(1), () => {
      if (!waiting) waiting = response;
      else for (const each of [waiting, response]) each.end();
    }));
    const first = get(url + '/ada');
    while (!waiting) await new Promise((resolve) => setTimeout(resolve, 5));
    await get(url + '/bob');
    await first;
    server.close();
    await shutdown();
    report('ended');`,
  );
  expect(reported).toBe('ended');
  expect(inspector.hits().map(({ params }) => params.uid)).toEqual(['nobody', 'nobody']);
});
