import type { Attributes } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import type { InspectedHit } from '../../src/inspector/index.js';
import { finishedSpan, hitEventOf } from '../support/builders.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportOf } from '../support/otlp-spans.js';
import { startExporter } from '../support/senders.js';
import { sorted } from '../support/sorted.js';

const TITLES = [
  'GET /page',
  'MCP initialize',
  'MCP prompts/get review',
  'MCP resources/read',
  'MCP tools/call by_header',
  'MCP tools/call find_order',
  'MCP tools/call linked',
];
const DIMENSIONS = {
  1: 'gen_ai.tool.name',
  2: 'mcp.protocol.version',
  3: 'matomo.failed_endpoint',
};
const OPTIONS = {
  siteId: 1,
  tokenAuth: 'token',
  visitorKey: 'key',
  dimensions: DIMENSIONS,
} as const;

type Given = Parameters<typeof finishedSpan>[0];

/** The SERVER span of `POST /mcp`, as an instrumentation in another language makes it. */
function posted(attributes: Attributes = {}, path = '/mcp') {
  return finishedSpan({
    duration: [0, 50_000_000],
    attributes: {
      'http.request.method': 'POST',
      'url.path': path,
      'http.response.status_code': 200,
      ...attributes,
    },
  });
}

/** A span of a message below another span. */
function message(attributes: Attributes, parent: ReturnType<typeof posted>, more: Given = {}) {
  const parentSpanContext = { ...parent.spanContext(), isRemote: false };
  return finishedSpan({ kind: 1, parentSpanContext, attributes, ...more });
}

/** The same if its parent is the call of the client, in another trace, and it is linked to the SERVER span. */
function linked(attributes: Attributes, request: ReturnType<typeof posted>) {
  const client = { traceId: '7'.repeat(32), spanId: '8'.repeat(16), traceFlags: 1, isRemote: true };
  const { spanId } = finishedSpan().spanContext();
  return message(attributes, request, {
    parentSpanContext: client,
    spanContext: () => ({ ...client, spanId }),
    links: [{ context: request.spanContext() }],
  });
}

/** Each with its message: a call below, one linked, by `rpc.*`, by captured headers, and messages that are no calls. */
function spansOfRequests() {
  const call = posted({}, '/any');
  const far = posted({}, '/far');
  const failing = posted({}, '/far');
  const rpc = posted();
  const prompt = posted();
  const list = posted();
  const session = { 'mcp.session.id': 'session-secret' };
  return [
    call,
    message(
      { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find_order', ...session },
      call,
    ),
    message({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'other' }, call, { kind: 2 }),
    far,
    linked({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'linked', ...session }, far),
    failing,
    linked(
      {
        'mcp.method.name': 'resources/read',
        'mcp.resource.uri': 'uri-secret',
        'error.type': '-32002',
      },
      failing,
    ),
    rpc,
    message(
      { 'rpc.system': 'mcp', 'rpc.method': 'initialize', 'mcp.protocol.version': '2025-06-18' },
      rpc,
    ),
    prompt,
    message({ 'mcp.method.name': 'prompts/get', 'gen_ai.prompt.name': 'review' }, prompt),
    list,
    message({ 'mcp.method.name': 'tools/list' }, list),
    posted({
      'http.request.header.mcp-method': ['tools/call'],
      'http.request.header.mcp-name': ['by_header'],
      'http.request.header.mcp-session-id': ['session-secret'],
      'http.request.header.mcp-protocol-version': ['2026-07-28'],
    }),
    finishedSpan({
      attributes: {
        'http.request.method': 'GET',
        'url.path': '/any',
        'http.response.status_code': 200,
        'http.request.header.accept': ['text/event-stream'],
      },
    }),
    finishedSpan({ attributes: { 'http.request.method': 'GET', 'url.path': '/page' } }),
  ];
}

function expectCalls(hits: readonly InspectedHit[]): void {
  const titles = hits.map(({ params }) => params.action_name);
  expect(sorted(titles)).toEqual(TITLES);
  const of = (title: string) => hits.find(({ params }) => params.action_name === title)?.params;
  const session = of('MCP tools/call linked')?.cid;
  expect(of('MCP tools/call find_order')?.cid).toBe(session);
  expect(of('MCP tools/call by_header')?.cid).toBe(session);
  expect(of('MCP prompts/get review')?.cid).not.toBe(session);
  expect(of('MCP tools/call linked')?.dimension1).toBe('linked');
  expect(of('MCP tools/call by_header')?.dimension2).toBe('2026-07-28');
  expect(of('MCP initialize')?.dimension2).toBe('2025-06-18');
  expect(of('MCP resources/read')).toMatchObject({
    dimension3: 'error MCP resources/read',
    cvar: expect.stringContaining('-32002'),
  });
  expect(JSON.stringify(hits)).not.toContain('secret');
}

test('an exporter names calls by spans and captured headers', async () => {
  const { inspector, exporter } = await startExporter(OPTIONS);
  exporter.export(spansOfRequests(), () => undefined);
  await exporter.shutdown();
  expectCalls(inspector.hits());
  expect(exporter.stats().ignored).toMatchObject({ mcp: 2 });
  expect(exporter.stats().spans.unused).toBe(0);
});

test('an exporter does not wait for the parent of spans below a linked message, which is in another trace', async () => {
  const { inspector, exporter } = await startExporter(OPTIONS);
  const request = posted();
  const call = linked({ 'mcp.method.name': 'tools/call' }, request);
  const below = {
    ...message({}, call),
    spanContext: () => ({ ...call.spanContext(), spanId: '9'.repeat(16) }),
    events: [hitEventOf({ e_c: 'orders', e_a: 'found', uid: 'alice' })],
  };
  exporter.export([below, call, request], () => undefined);
  await exporter.forceFlush();
  expect(sorted(inspector.hits().map(({ params }) => params.e_a ?? params.action_name))).toEqual([
    'MCP tools/call',
    'found',
  ]);
  expect(exporter.stats()).toMatchObject({ hits: 2, tracked: 2, pending: 0 });
});

test.each([
  ['application/json', JsonTraceSerializer],
  ['application/x-protobuf', ProtobufTraceSerializer],
])('a gateway that gets %s names calls by spans and captured headers', async (type, serializer) => {
  const { gateway, inspector } = await startGateway(OPTIONS);
  const body = exportOf(spansOfRequests(), serializer);
  expect((await sendSpans(gateway, body, { 'content-type': type })).status).toBe(200);
  await gateway.close();
  expectCalls(inspector.hits());
  expect(gateway.stats().ignored).toMatchObject({ mcp: 2 });
  expect(gateway.stats().spans.unused).toBe(0);
});

test('links of other spans, and invalid ones, mean nothing', async () => {
  const { inspector, exporter } = await startExporter(OPTIONS);
  const request = posted({}, '/any');
  const own = posted({}, '/own');
  exporter.export(
    [
      request,
      own,
      { ...linked({ 'matomo.action_name': 'taken' }, request), kind: 0 },
      {
        ...message({ 'mcp.method.name': 'ping' }, own),
        links: [{ context: request.spanContext() }],
      },
    ],
    () => undefined,
  );
  await exporter.shutdown();
  expect(inspector.hits().map(({ params }) => params.action_name)).toEqual(['POST /any']);
  expect(exporter.stats().ignored).toMatchObject({ mcp: 1 });
});
