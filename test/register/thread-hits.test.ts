import { expect, onTestFinished, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually, runNode, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, TRACED, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';
import { linesIn, temporaryFolder } from '../support/spool.js';

const APP = [...REGISTER, `${APPS}/thread-hits.cjs`];
const SOON = { MATOMO_SCHEDULE_DELAY: '100' };
const NEVER = { MATOMO_SCHEDULE_DELAY: '3600000' };

async function start(env: Record<string, string>, args: readonly string[] = APP) {
  const { inspector, env: own } = await matomo();
  const app = await startServer(args, { env: { ...own, ...env } });
  return { inspector, app };
}

const events = (inspector: Inspector) =>
  inspector.hits().flatMap(({ params }) => (params.e_c ? [`${params.e_c} ${params.e_a}`] : []));

/** Requests a response that does not end before the test. */
async function open(url: string): Promise<void> {
  const { body } = await fetch(url);
  // Also keeps it from being garbage-collected, which would end the request. Rejects if the server has ended.
  onTestFinished(() => body?.cancel().catch(() => undefined));
}

test.each([
  ['with tracing', [...TRACED, ...APP]],
  ['without tracing', APP],
])(
  '%s, an event in an open response of a worker thread is sent after the delay',
  async (_given, args) => {
    const { inspector, app } = await start(SOON, args);
    await open(`${app.url}/stream`);
    await eventually(() => inspector.hits().length > 0);
    expect(events(inspector)).toEqual(['in stream']);
    expect(inspector.hits()[0]?.params.url).toBe(`${app.url}/stream`);
  },
);

test.each([
  ['a worker thread', {}],
  ['the main thread', { MAIN: '1' }],
])('an event in an open response of %s is soon in the spool', async (_where, env) => {
  const folder = temporaryFolder();
  const { app } = await start({ ...NEVER, ...env, MATOMO_SPOOL: folder });
  await open(`${app.url}/user-stream`);
  await eventually(() => linesIn(folder).length > 0);
  expect(linesIn(folder)[0]).toContain('e_a=stream');
});

test('an event in an open response of a worker thread is sent when the process ends', async () => {
  const { inspector, app } = await start(NEVER);
  await open(`${app.url}/stream`);
  await get(`${app.url}/exit`);
  await app.exit();
  expect(events(inspector)).toEqual(['in stream']);
});

test('SIGTERM loses nothing of a worker thread if the main thread has a processor of its own', async () => {
  const { inspector, app } = await start({ ...NEVER, OWN_PROCESSOR: '1' });
  await open(`${app.url}/stream`);
  await get(`${app.url}/now`);
  await app.stop();
  expect(events(inspector)).toEqual(['in stream']);
  expect(titles(inspector)).toContain('GET /now');
});

test('an event of a worker thread is sent if its end ends the process at once', async () => {
  const { inspector, env } = await matomo();
  const { code } = await runNode(APP, { env: { ...env, SHORT_JOB: '1' } });
  expect(code).toBe(0);
  expect(events(inspector)).toEqual(['short job']);
});

test.each([
  ['a worker thread', {}],
  ['the main thread', { MAIN: '1' }],
])(
  'an event in an open response of %s has the user that a child span names',
  async (_where, env) => {
    const { inspector, app } = await start({ ...SOON, ...env }, [...TRACED, ...APP]);
    await open(`${app.url}/user-stream`);
    await eventually(() => inspector.hits().length > 0);
    expect(inspector.hits()[0]?.params).toMatchObject({ e_a: 'stream', uid: 'ann' });
  },
);

test('an event in an unsampled request to a worker thread is sent', async () => {
  const unsampled = { OTEL_TRACES_SAMPLER: 'always_off', MATOMO_RECORD: 'sampled' };
  const { inspector, app } = await start({ ...SOON, ...unsampled });
  await get(`${app.url}/unsampled`);
  await eventually(() => inspector.hits().length > 0);
  expect(events(inspector)).toEqual(['in unsampled']);
  expect(inspector.hits()[0]?.params.url).toBe(`${app.url}/unsampled`);
});

test('an event in a gRPC call to a worker thread is sent if it names its visitor', async () => {
  const { inspector, app } = await start(SOON);
  await get(`${app.url}/call`);
  await eventually(() => events(inspector).length > 0);
  expect(events(inspector)).toEqual(['in call']);
  await app.stop();
  expect(events(inspector)).toEqual(['in call']);
  expect(app.stderr()).toMatch(/^[^\n]*uid[^\n]*cid[^\n]*\[parameter-invalid\]\n$/);
});

test.each([
  ['the same visitor', { MATOMO_VISITOR_ID: 'cookie' }],
  ['the same site', { OWN_PROCESSOR: '1' }],
])('an event after the end of a request to a worker thread has %s', async (_what, env) => {
  const { inspector, app } = await start({ ...SOON, ...env });
  const headers = { cookie: '_pk_id.1.1fff=0123456789abcdef.1795000000.' };
  await (await fetch(`${app.url}/bind`, { headers })).text();
  await eventually(() => titles(inspector).includes('GET /bind'));
  await get(`${app.url}/now`);
  await eventually(() => inspector.hits().length === 3);
  const [page, event] = ['GET /bind', undefined].map((title) =>
    inspector.hits().find(({ params }) => (title ? params.action_name === title : params.e_c)),
  );
  expect(event?.params.e_a).toBe('request');
  expect(event?.params.url).toBe(`${app.url}/bind`);
  expect(event?.params._id ?? event?.params.cid).toBe(page?.params._id ?? page?.params.cid);
});

test('after 100 events of a request to a worker thread, none is sent, not even as a hit of its own visitor', async () => {
  const { inspector, app } = await start({ ...SOON });
  await get(`${app.url}/many`);
  await eventually(() => titles(inspector).includes('GET /many'));
  await get(`${app.url}/one-more`);
  await app.stop();
  expect(events(inspector)).toHaveLength(100);
  expect(events(inspector).filter((event) => event.startsWith('one more'))).toEqual([]);
  expect(app.stderr()).toMatch(/^[^\n]*more than 100 further hits[^\n]*\n$/);
});

test('an invalid value in a worker thread affects nothing but itself, as in the main thread', async () => {
  const { inspector, app } = await start(SOON);
  await get(`${app.url}/odd`);
  await app.stop();
  expect(sorted(events(inspector))).toEqual(['odd kind', 'odd name', 'odd nothing']);
  const page = inspector.hits().find(({ params }) => params.action_name === 'GET /odd');
  expect(page?.params).toMatchObject({ dimension2: 'kept' });
  expect(page?.params.cvar).toContain('"plan","pro"');
  const names = app
    .stderr()
    .trim()
    .split('\n')
    .map((line) => /"(\w+)".*\[parameter-invalid\]$/.exec(line)?.[1]);
  expect(sorted(names)).toEqual(['dimension1', 'e_a', 'e_a', 'e_n', 'e_v']);
});

test('a span that cannot be read does not affect the application in a worker thread', async () => {
  const { inspector, app } = await start(SOON, [...TRACED, ...APP]);
  expect(await get(`${app.url}/broken-span`)).toBe('ok');
  await get(`${app.url}/bind`);
  await app.stop();
  expect(titles(inspector)).toContain('GET /bind');
  expect(app.stderr()).toMatch(
    /^[^\n]*onEnd failed[^\n]*\(Error at [\w./-]+:\d+:\d+\)[^\n]*\[internal-error\]\n$/,
  );
});

test.each([['response'], ['request']])(
  'a %s that cannot be read does not affect the application in a worker thread',
  async (broken) => {
    const { inspector, app } = await start(SOON, APP);
    const headers = { connection: 'close', 'user-agent': CHATGPT };
    await (await fetch(`${app.url}/broken-${broken}`, { headers })).text();
    await eventually(() => app.stderr() !== '');
    await get(`${app.url}/bind`);
    await app.stop();
    expect(titles(inspector)).toContain('GET /bind');
    expect(app.stderr()).toMatch(
      /^(?:[^\n]*\(Error at [\w./-]+:\d+:\d+\)[^\n]*\[internal-error\]\n){1,2}$/,
    );
    expect(app.stderr()).toContain('onNodeRequest failed');
  },
);

const IN_WORKER = `
  const { createServer } = require('node:http');
  const { trackEvent } = require('opentelemetry-matomo');
  const listen = (listener) => new Promise((resolve) => {
    const server = createServer(listener ?? ((request, response) => response.end('ok')));
    server.listen(0, '127.0.0.1', () => resolve(server));
  });`;

/** Runs a script in a worker of a script. Both can listen. */
async function runWorker(main: string, worker: string, env: Record<string, string>) {
  const script = `
    const { Worker } = require('node:worker_threads');
    const WORKER = ${JSON.stringify(`${IN_WORKER}\n${worker}`)};
    ${main}`;
  return runNode([...REGISTER, '-e', script], { env });
}

const START_WORKER = "new Worker(WORKER, { eval: true }).on('error', (error) => { throw error; });";

test('a server in a worker thread started with eval is tracked', async () => {
  const { inspector, env } = await matomo();
  const { stderr } = await runWorker(
    START_WORKER,
    `
    listen().then(async (server) => {
      const url = 'http://127.0.0.1:' + server.address().port + '/text';
      // After what register does when the event loop is free.
      setImmediate(async () => {
        await (await fetch(url, { headers: { connection: 'close' } })).text();
        server.close();
      });
    });`,
    env,
  );
  expect(stderr).toBe('');
  expect(titles(inspector)).toEqual(['GET /text']);
});

test('a worker thread with a processor of its own sends each event once', async () => {
  const { inspector, env } = await matomo();
  const { stderr } = await runWorker(
    START_WORKER,
    `
    const { NodeSDK } = require('@opentelemetry/sdk-node');
    const { MatomoSpanProcessor } = require('opentelemetry-matomo');
    (async () => {
      const server = await listen();
      const sdk = new NodeSDK({ spanProcessors: [new MatomoSpanProcessor()], instrumentations: [] });
      sdk.start();
      trackEvent('own', 'processor', { uid: 'ann' });
      await sdk.shutdown();
      server.close();
    })();`,
    { ...env, OTEL_TRACES_EXPORTER: 'none' },
  );
  expect(stderr).toBe('');
  expect(events(inspector)).toEqual(['own processor']);
});

test('the main thread does not wait for workers of a worker that was terminated', async () => {
  const { env } = await matomo();
  // The main thread waits in Atomics.wait.
  const { stdout, stderr } = await runWorker(
    `
    const { wait } = Atomics;
    let waits = 0;
    Atomics.wait = (...given) => {
      waits += 1;
      return wait(...given);
    };
    const parent = new Worker(WORKER, { eval: true });
    parent.on('message', () => parent.terminate());
    parent.on('exit', () => process.exit());
    process.on('exit', () => console.log(waits));`,
    `
    const { parentPort, Worker } = require('node:worker_threads');
    const child = "require('node:http').createServer().listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage('ready'))";
    listen().then(() => new Worker(child, { eval: true }).on('message', () => {
      // The messages of both to the main thread come before this one.
      setImmediate(() => parentPort.postMessage('ready'));
    }));`,
    env,
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('0\n');
});

test('more than 10,000 events that the main thread does not receive are reported', async () => {
  const { env } = await matomo();
  const script = `
    const { Worker } = require('node:worker_threads');
    const worker = "const { trackEvent } = require('opentelemetry-matomo');" +
      "for (let n = 0; n < 10002; n += 1) trackEvent('a', 'b', { uid: 'ann' });";
    const execArgv = ['--require', 'opentelemetry-matomo/register'];
    new Worker(worker, { eval: true, execArgv });`;
  const { stderr } = await runNode(['-e', script], { env });
  expect(stderr).toMatch(/^[^\n]*10000 requests and hits[^\n]*lost[^\n]*\[queue-full\]\n$/);
});

test('what a worker thread drops is counted in the main thread', async () => {
  const { env } = await matomo();
  const script = `
    const { Worker } = require('node:worker_threads');
    const { trace } = require('@opentelemetry/api');
    const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base');
    const { MatomoSpanProcessor } = require('opentelemetry-matomo');
    const processor = new MatomoSpanProcessor({ maxQueueSize: 20_000, exitFlush: false });
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
    const worker = "const { trackEvent } = require('opentelemetry-matomo');" +
      "for (let n = 0; n < 10002; n += 1) trackEvent('a', 'b', { uid: 'ann' });" +
      "trackEvent('', 'b');";
    new Worker(worker, { eval: true }).on('exit', () => {
      const { hits, furtherHits, pending, tracked, lost, dropped } = processor.stats();
      console.log(JSON.stringify({ hits, furtherHits, rest: pending + tracked, lost, dropped }));
      process.exit();
    });`;
  const { stdout } = await runNode([...REGISTER, '-e', script], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    hits: 10_002,
    furtherHits: 10_002,
    rest: 10_000,
    lost: { queue_full: 2 },
    dropped: { invalid: 1 },
  });
});

test('events too many and a late span of a request to a worker thread are counted in the main thread', async () => {
  const { inspector, app } = await start({ ...SOON, OWN_PROCESSOR: '1', PRINT_STATS: '1' });
  await get(`${app.url}/many`);
  await get(`${app.url}/begin-span`);
  await eventually(() => titles(inspector).includes('GET /begin-span'));
  await get(`${app.url}/end-span`);
  await get(`${app.url}/one-more`);
  await get(`${app.url}/exit`);
  await app.exit();
  const stats = JSON.parse(app.stdout().replace(app.url, ''));
  expect(stats).toMatchObject({ dropped: { too_many: 2 }, spans: { unused: 1 } });
});

test('timers and channels of worker threads do not inherit the context of the application', async () => {
  const { env } = await matomo();
  // Reports each resource of the package that is created in the context of the application.
  const watch = `
    const { AsyncLocalStorage, createHook } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    const inherited = [];
    createHook({
      init(id, type) {
        const isOurs = /[\\\\/]dist[\\\\/]/.test(new Error().stack);
        if (storage.getStore() && isOurs) inherited.push(type);
      },
    }).enable();
    process.on('exit', () => require('node:fs').writeSync(1, JSON.stringify(inherited) + '\\n'));`;
  const { stdout } = await runWorker(
    `${watch}
    storage.run('application', () => new Worker(WORKER, { eval: true }));`,
    `${watch}
    storage.run('application', () => {
      trackEvent('a', 'b', { uid: 'ann' });
      new (require('node:worker_threads').Worker)('1', { eval: true });
    });`,
    env,
  );
  expect(stdout).toBe('[]\n[]\n');
});
