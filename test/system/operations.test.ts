import { channel } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, requestSpan } from '../support/otlp-spans.js';
import { APPS, get, REGISTER, startTracked, TRACED, titles } from '../support/registered-app.js';
import { startExporter } from '../support/senders.js';
import { sorted } from '../support/sorted.js';
import { startTracedService } from '../support/traced-service.js';

const APP = [...REGISTER, `${APPS}/operations.cjs`];
const DIMENSIONS = '1=rpc.method,2=graphql.operation.name,3=matomo.failed_endpoint';

async function post(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
}

const rpc = (method: unknown, more: object = {}) => ({ jsonrpc: '2.0', id: 1, method, ...more });

test.each([
  ['with tracing', [...TRACED, ...APP], {}],
  ['without tracing', APP, {}],
  ['in a worker thread', APP, { THREAD: '1' }],
])('%s, operations are named by bodies that Express has parsed', async (_given, args, more) => {
  const { inspector, app } = await startTracked(args, { ...more, MATOMO_DIMENSIONS: DIMENSIONS });
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

test('queries and bodies that anybody can send to a page invent no titles', async () => {
  const { inspector, app } = await startTracked(APP);
  for (let i = 0; i < 20; i++) await get(`${app.url}/about?query={a}&operationName=Invented${i}`);
  for (let i = 0; i < 20; i++) {
    const body = i % 2 ? { query: '', operationName: `Invented${i}` } : rpc(`invented${i}`);
    await post(`${app.url}/about`, body);
  }
  await get(`${app.url}/about/trpc/invented?batch=1`);
  await post(`${app.url}/graphql`, { query: 'query Me { me }', operationName: 'Me' });
  await get(`${app.url}/graphql?query=%7Ba%7D&operationName=You`);
  await get(`${app.url}/data?query=%7Ba%7D&operationName=Us`);
  await post(`${app.url}/rpc`, rpc('eth_getBalance'));
  await app.stop();
  expect([...new Set(titles(inspector))]).toEqual([
    'GET /about',
    'POST /about',
    'GET Not Found',
    'POST /graphql Me',
    'GET /graphql You',
    'GET /data Us',
    'POST /rpc eth_getBalance',
  ]);
  expect(app.stderr()).toBe('');
});

test('hostile names and bodies make a plain title', async () => {
  const { inspector, app } = await startTracked(APP);
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
  const { inspector, exporter } = await startExporter();
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

test('graphql 17 announces operations and their errors, also of status 200', async () => {
  const publish = (event: string, message: object) =>
    channel(`tracing:graphql:execute:${event}`).publish(message);
  const service = await startTracedService((request, response) => {
    const operationName = request.url?.slice('/data?'.length);
    publish('start', { operationName });
    const errors = [{ originalError: new RangeError('secret'), name: 'GraphQLError' }];
    const result = request.headers['x-fails'] ? { errors } : {};
    publish('asyncEnd', { operationName, result });
    response.end();
  });
  const post = (name: string, headers = {}) =>
    service.fetch(`/data?${name}`, { method: 'POST', headers });
  await post('Me');
  await post('Me', { 'x-fails': '1' });
  await post('You', { 'x-fails': '1' });
  await service.requests(3);
  const hits = (await service.hits()).map(({ stored }) => [stored?.title, stored?.custom_var_v3]);
  expect(hits).toEqual([
    ['POST /data Me', undefined],
    ['POST /data Me', 'RangeError'],
    ['POST /data', 'RangeError'],
  ]);
});
