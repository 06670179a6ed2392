import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { createSkipMinute } from '../support/clocks.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import {
  below,
  CLIENT,
  exportRequest,
  type OtlpSpan,
  requestSpan,
  SERVER,
} from '../support/otlp-spans.js';
import { sorted } from '../support/sorted.js';

type SetUp = Awaited<ReturnType<typeof startGateway>>;

async function titlesOf({ gateway, inspector }: SetUp, count: number): Promise<string[]> {
  await eventually(() => {
    const { tracked, pendingRequests } = gateway.stats();
    return tracked >= count && pendingRequests === 0;
  });
  return sorted(inspector.hits().map(({ stored }) => stored?.title));
}

async function send(set: SetUp, spans: OtlpSpan[], resource?: Record<string, string>) {
  expect((await sendSpans(set.gateway, exportRequest(spans, resource))).status).toBe(200);
}

test('SERVER spans of one service inside each other are one request, also where the outer one comes much later', async () => {
  const skipMinute = createSkipMinute();
  const set = await startGateway({ graceMillis: 60_000 });
  const outer = requestSpan('/outer');
  const middleware = below(outer);
  const attributes = { 'http.request.method': 'GET', 'http.route': '/:x' };
  const nested = below(middleware, attributes, { kind: SERVER, flags: 0x101 });
  await send(set, [nested]);
  await send(set, [requestSpan('/other')]);
  skipMinute();
  await eventually(() => set.gateway.stats().tracked === 1);
  expect(set.gateway.stats().pendingRequests).toBe(1);
  await send(set, [outer, middleware]);
  skipMinute();
  expect(await titlesOf(set, 2)).toEqual(['GET /:x', 'GET /other']);
});

test('requests of two services in one trace are two hits, and so is one of a service to itself', async () => {
  const set = await startGateway();
  const outer = requestSpan('/outer');
  const call = below(outer, {}, { kind: CLIENT });
  const { traceId } = outer;
  const itself = requestSpan('/itself', { traceId, parentSpanId: call.spanId });
  const elsewhere = requestSpan('/elsewhere', { traceId, parentSpanId: outer.spanId });
  const instance = requestSpan('/instance', { traceId, parentSpanId: outer.spanId });
  await send(set, [elsewhere], { 'service.name': 'stock' });
  await send(set, [instance], { 'service.name': 'shop', 'service.instance.id': '2' });
  await send(set, [itself, call, outer]);
  const titles = ['GET /elsewhere', 'GET /instance', 'GET /itself', 'GET /outer'];
  expect(await titlesOf(set, 4)).toEqual(titles);
});

test('a request whose trace goes on is passed on while other requests of the trace arrive', async () => {
  const set = await startGateway({ graceMillis: 300 });
  const { traceId, ...first } = requestSpan('/first');
  await send(set, [{ traceId, ...first }]);
  while (set.gateway.stats().tracked === 0) await send(set, [requestSpan('/next', { traceId })]);
  expect(set.gateway.stats().pendingRequests).toBeGreaterThan(0);
});

test('an export that comes twice counts once', async () => {
  const set = await startGateway();
  const request = requestSpan('/a');
  await send(set, [request, request]);
  await send(set, [request]);
  expect(await titlesOf(set, 1)).toEqual(['GET /a']);
  await send(set, [request, requestSpan('/b')]);
  expect(await titlesOf(set, 2)).toEqual(['GET /a', 'GET /b']);
  expect(set.gateway.stats().spans).toMatchObject({ received: 5, used: 2, unused: 3 });
});

test('close finishes what was accepted', async () => {
  const set = await startGateway({ graceMillis: 60_000, shutdownTimeoutMillis: 5000 });
  const request = requestSpan('/a');
  await send(set, [request]);
  const closed = set.gateway.close();
  expect((await fetch(`${set.gateway.url}/readyz`)).status).toBe(503);
  await send(set, [below(request, { 'matomo.action_name': 'Late' })]);
  await closed;
  expect(set.inspector.hits().map(({ stored }) => stored?.title)).toEqual(['Late']);
  expect(set.gateway.stats()).toMatchObject({ hits: 1, tracked: 1, pendingRequests: 0 });
});
