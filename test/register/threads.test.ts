import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { CHATGPT } from '../support/chatbots.js';
import { eventually, runNode, type Server, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, TRACED, titles } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

const APP = [...REGISTER, `${APPS}/threads.cjs`];

async function start(args: readonly string[], more: Record<string, string> = {}) {
  const { inspector, env } = await matomo();
  const app = await startServer(args, { env: { ...env, ...more } });
  return { inspector, app };
}

/** The servers of all threads. */
async function urlsOf(app: Server, count: number): Promise<string[]> {
  return eventually(() => {
    const urls = app.stdout().match(/http:\S+/g) ?? [];
    return urls.length === count && urls;
  });
}

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
  ['in a worker of a worker', APP, { DEPTH: '2' }],
])('%s, a server in a worker thread is tracked', async (_given, args, env) => {
  const { inspector, app } = await start(args, env);
  for (const path of ['/first', '/tracked', '/ignored', '/last']) await get(app.url + path);
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(titles(inspector)).toEqual(['GET /first', 'Checkout', 'GET /last']);
  expect(inspector.hits()[1]?.stored?.custom_dimension_1).toBe('thread');
  expect(inspector.hits()[0]?.params.url).toBe(`${app.url}/first`);
  expect(app.stderr()).toBe('');
});

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
])('%s, size and type of a response to an AI chatbot are known', async (_given, args, env) => {
  const { inspector, app } = await start(args, env);
  for (const [path, more] of [['/page'], ['/guide', { range: 'bytes=0-1' }]] as const) {
    const headers = { 'user-agent': CHATGPT, ...more };
    await (await fetch(app.url + path, { headers })).text();
  }
  await app.stop();
  const rows = inspector.hits().map(({ aiRequest }) => aiRequest);
  expect(rows.map((row) => [row?.kind, row?.statusCode, row?.bytes])).toEqual([
    ['page', 200, 2],
    ['document', 206, 2],
  ]);
});

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
])('%s, a document is a download, and files and prefetches are left out', async (_, args, env) => {
  const { inspector, app } = await start(args, { ...env, MATOMO_DOWNLOADS: 'documents' });
  await get(`${app.url}/app.js`);
  for (const [path, headers] of [
    ['/page', { purpose: 'prefetch' }],
    ['/guide', { range: 'bytes=0-1' }],
    ['/guide', { range: 'bytes=1-1' }],
  ] as const)
    await (await fetch(app.url + path, { headers: { ...headers } })).text();
  await app.stop();
  expect(inspector.hits().map(({ params }) => params.download)).toEqual([`${app.url}/guide`]);
});

const events = (inspector: Inspector) =>
  inspector.hits().flatMap(({ params }) => (params.e_c ? [`${params.e_c} ${params.e_a}`] : []));

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
])(
  '%s, events in a worker thread are sent: in a request, after it, and outside of one',
  async (_given, args, env) => {
    const { inspector, app } = await start(args, { ...env, MATOMO_SCHEDULE_DELAY: '100' });
    for (const path of ['/further', '/quiet', '/outside', '/odd', '/circular'])
      await get(app.url + path);
    await eventually(() => inspector.hits().length === 10);
    await app.stop();
    expect(sorted(events(inspector))).toEqual([
      'after /further',
      'odd circular',
      'odd value',
      'outside named',
      'within /further',
      'within /quiet',
    ]);
    const visitors = inspector.hits().map(({ params }) => params.uid ?? params.cid);
    expect(new Set(visitors).size).toBe(2);
    expect(app.stderr()).toMatch(/^[^\n]*"e_n"[^\n]*\[parameter-invalid\]\n$/);
  },
);

test('a worker and a process without a server send what names its visitor', async () => {
  const { inspector, env } = await matomo();
  const job = { env: { ...env, JOB: '1' } };
  const { stderr } = await runNode([...REGISTER, `${APPS}/threads.cjs`], job);
  expect(events(inspector)).toEqual(['job done']);
  expect(stderr).toMatch(/uid.*cid.*\[parameter-invalid\]/);
  const script = "require('opentelemetry-matomo').trackEvent('main', 'done', { uid: 'bob' })";
  await runNode([...REGISTER, '-e', script], { env });
  expect(events(inspector)).toEqual(['job done', 'main done']);
});

test('hits of a worker and of the main thread go out in the bulks of one process', async () => {
  const { inspector, app } = await start(APP, { MAIN: '1' });
  for (const url of await urlsOf(app, 2)) await get(`${url}/a`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /a', 'GET /a']);
  expect(new Set(inspector.hits().map(({ params }) => params._id ?? params.cid)).size).toBe(1);
  expect(app.stderr()).toBe('');
});

test('a worker that ends, and a process that exits, lose no request of it', async () => {
  const { inspector, app } = await start(APP, { MAIN: '1' });
  const [one = '', other = ''] = await urlsOf(app, 2);
  // The server of the worker says its thread.
  const worker = new RegExp(`${one} 1`).test(app.stdout()) ? one : other;
  await get(`${worker}/a`);
  await get(`${worker}/exit`);
  expect(await app.exit()).toEqual({ code: 3, signal: null });
  expect(sorted(titles(inspector))).toEqual(['GET /a', 'GET /exit']);
});

test('a worker that ends by itself has its requests tracked', async () => {
  const { inspector, app } = await start(APP, { MAIN: '1' });
  const urls = await urlsOf(app, 2);
  const main = urls.find((url) => app.stdout().includes(`${url} 0`)) ?? '';
  const worker = urls.find((url) => url !== main) ?? '';
  await get(`${worker}/end`);
  await get(`${main}/a`);
  await app.stop();
  expect(sorted(titles(inspector))).toEqual(['GET /a', 'GET /end']);
});

test('a worker without a server loads next to nothing, and nothing is opened for it but a channel', async () => {
  const script = `
    const { Worker } = require('node:worker_threads');
    const loaded = 'Object.keys(require.cache).filter((file) => /dist.cjs/.test(file)).map((file) => file.split(/dist.cjs./)[1])';
    new Worker('require("node:worker_threads").parentPort.postMessage(' + loaded + ')', { eval: true })
      .on('message', (inWorker) => console.log(JSON.stringify([inWorker, eval(loaded)])));`;
  const env = { MATOMO_URL: 'no URL' };
  const { stdout, stderr, code } = await runNode([...REGISTER, '-e', script], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [inWorker, inMain] = JSON.parse(stdout);
  expect(inMain).not.toContain('register/serve.js');
  expect(inWorker).toEqual(inMain);
});
