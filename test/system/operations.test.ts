import { expect, test } from 'vitest';
import { MatomoSpanExporter } from '../../src/index.js';
import { finishedSpan } from '../support/builders.js';
import { eventually, startServer } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, get, matomo, REGISTER, titles, WITHOUT_SDK } from '../support/registered-app.js';
import { sorted } from '../support/sorted.js';

const APP = [...REGISTER, `${APPS}/operations.cjs`];
const DIMENSIONS = '1=rpc.method,2=graphql.operation.name,3=matomo.failed_endpoint';

async function post(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
}

const rpc = (method: unknown, more: object = {}) => ({ jsonrpc: '2.0', id: 1, method, ...more });

test.each([
  ['with the tracing parts', APP, {}],
  ['without an SDK', [...WITHOUT_SDK, ...APP], { APP_HAS_SDK: '' }],
  ['in a worker thread', APP, { THREAD: '1' }],
])('%s operations are named by bodies that Express has parsed', async (_given, args, more) => {
  const { inspector, env } = await matomo();
  const app = await startServer(args, { env: { ...env, ...more, MATOMO_DIMENSIONS: DIMENSIONS } });
  await post(`${app.url}/rpc`, rpc('eth_getBalance', { params: ['secret'] }));
  await post(`${app.url}/rpc`, rpc('bad.one'));
  await post(`${app.url}/guarded`, rpc('eth_getBalance'));
  await post(`${app.url}/graphql`, { query: 'query Me { me }', operationName: 'Me' });
  await get(`${app.url}/graphql?query=%7Ba%7D&operationName=You`);
  await app.stop();
  const hits = inspector
    .hits()
    .map(({ stored }) => [
      stored?.title,
      ...[1, 2, 3].map((id) => stored?.[`custom_dimension_${id}`]),
    ]);
  expect(hits).toEqual([
    ['POST /rpc eth_getBalance', 'eth_getBalance', undefined, undefined],
    ['POST /rpc', undefined, undefined, '5xx POST /rpc'],
    ['POST Unauthorized', undefined, undefined, '4xx POST Unauthorized'],
    ['POST /graphql Me', undefined, 'Me', undefined],
    ['GET /graphql You', undefined, 'You', undefined],
  ]);
  expect(JSON.stringify(inspector.hits())).not.toContain('secret');
  expect(app.stderr()).toBe('');
});

test('hostile names and bodies make a plain title', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer(APP, { env });
  const bodies = [
    rpc('a'.repeat(100_000)),
    rpc('a\u0000\u202Eb'),
    rpc({ toString: 1 }),
    { query: 'query', operationName: ['Me'] },
    { ...rpc('a'), getter: true },
    JSON.parse('{ "__proto__": { "jsonrpc": "2.0", "method": "polluted" } }'),
  ];
  for (const body of bodies) await post(`${app.url}/rpc`, body);
  await post(`${app.url}/rpc`, Array(10_000).fill(rpc('many')));
  await post(`${app.url}/rpc`, rpc('__proto__'));
  await app.stop();
  expect(titles(inspector)).toEqual([
    ...bodies.map(() => 'POST /rpc'),
    'POST /rpc many (100+)',
    'POST /rpc __proto__',
  ]);
  expect(app.stderr()).toBe('');
});

const SERVED = { 'http.request.method': 'POST', 'url.path': '/rpc' };
const CALL = { 'rpc.system.name': 'jsonrpc', 'rpc.method': 'eth_call' };

test('the exporter and the gateway name operations by spans and targets', async () => {
  const { inspector } = await matomo();
  const exporter = new MatomoSpanExporter({ url: inspector.url, siteId: 1 });
  const root = finishedSpan({ attributes: { ...SERVED, 'http.response.status_code': 200 } });
  const parentSpanContext = { ...root.spanContext(), traceFlags: 1 };
  const child = finishedSpan({ kind: 0, parentSpanContext, attributes: CALL });
  exporter.export([child, root], () => undefined);
  await exporter.shutdown();
  expect(titles(inspector)).toEqual(['POST /rpc eth_call']);

  const { gateway, inspector: received } = await startGateway();
  const span = requestSpan('/rpc', {}, { 'http.request.method': 'POST' });
  await sendSpans(gateway, exportRequest([span, below(span, CALL)]));
  await sendSpans(gateway, exportRequest([requestSpan('/trpc/user.byId')]));
  await eventually(() => gateway.stats().tracked === 2);
  expect(sorted(titles(received) as string[])).toEqual([
    'GET /trpc/user.byId',
    'POST /rpc eth_call',
  ]);
});
