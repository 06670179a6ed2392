import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import type { Attributes } from '../../src/common/otel-types.js';
import type { InspectedHit } from '../../src/inspector/index.js';
import type { FinishedSpan } from '../../src/request/finished-span.js';
import { finishedSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportOf, exportRequest, type OtlpSpan, otlpSpan, SERVER } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { startExporter } from '../support/senders.js';

const GO = { 'http.method': 'GET', 'http.target': '/ok' };
const STABLE = { 'http.request.method': 'GET', 'url.path': '/ok' };
const UNSET = 0;
const ERROR = 2;
const ENVOY = {
  component: 'proxy',
  'http.method': 'GET',
  'http.url': 'http://shop.example.org/products/7?page=2',
  'http.protocol': 'HTTP/1.1',
  'http.status_code': '200',
  'peer.address': '203.0.113.7',
  response_flags: '-',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};
const SPRING = {
  exception: 'none',
  'http.url': '/owners/7',
  method: 'GET',
  outcome: 'SUCCESS',
  status: '200',
  uri: '/owners/{ownerId}',
};

interface Row {
  readonly what: string;
  readonly attributes: Attributes;
  readonly code?: number;
  readonly title?: string;
  readonly status?: number;
  readonly params?: Readonly<Record<string, string | undefined>>;
}

const ROWS: readonly Row[] = [
  {
    what: 'Envoy',
    attributes: ENVOY,
    title: 'GET /products/:id',
    status: 200,
    params: {
      url: 'https://shop.example.org/products/7?page=2',
      cip: '203.0.113.7',
      ua: ENVOY.user_agent,
    },
  },
  {
    what: 'Envoy: the client left',
    attributes: { ...ENVOY, 'http.status_code': '0', response_flags: 'DC' },
    status: 499,
  },
  {
    what: 'Envoy since 1.34: the address has a port',
    attributes: { ...ENVOY, 'peer.address': '203.0.113.7:9211' },
    params: { cip: '203.0.113.7' },
  },
  {
    what: 'Envoy: an IPv6 address with a port',
    attributes: { ...ENVOY, 'peer.address': '[2001:db8::7]:9211' },
    params: { cip: '2001:db8::7' },
  },
  { what: 'Envoy: no user agent', attributes: { ...ENVOY, user_agent: '-' }, params: { ua: '-' } },
  {
    what: 'Traefik 3',
    attributes: {
      entry_point: 'web',
      'http.request.method': 'GET',
      'url.path': '/products/7',
      'url.query': 'page=2',
      'url.scheme': 'http',
      'server.address': 'shop.example.org',
      'network.peer.address': '203.0.113.7',
      'client.address': '198.51.100.1',
      'user_agent.original': 'curl/8.5.0',
      'http.response.status_code': 404,
    },
    title: 'GET Not Found',
    status: 404,
    params: {
      url: 'https://shop.example.org/products/7?page=2',
      cip: '203.0.113.7',
      ua: 'curl/8.5.0',
    },
  },
  {
    what: 'ngx_otel_module of nginx',
    attributes: {
      'http.method': 'GET',
      'http.target': '/products/7?page=2',
      'http.scheme': 'http',
      'http.flavor': '1.1',
      'http.user_agent': 'curl/8.5.0',
      'net.host.name': 'shop.example.org',
      'net.sock.peer.addr': '203.0.113.7',
      'http.status_code': 200,
    },
    title: 'GET /products/:id',
    status: 200,
    params: {
      url: 'https://shop.example.org/products/7?page=2',
      cip: '203.0.113.7',
      ua: 'curl/8.5.0',
    },
  },
  {
    what: 'the nginx module of opentelemetry-cpp, the client left',
    attributes: {
      'http.method': 'GET',
      'http.flavor': '1.1',
      'http.target': '/products/7',
      'http.server_name': '_',
      'http.host': 'shop.example.org',
      'http.user_agent': 'curl/8.5.0',
      'http.scheme': 'http',
      'net.host.port': '80',
      'net.peer.ip': '203.0.113.7',
      'http.status_code': 0,
    },
    status: 499,
    params: { url: 'https://shop.example.org/products/7', cip: '203.0.113.7', ua: 'curl/8.5.0' },
  },
  {
    what: 'Zipkin: a path without a URL, and a status only of failures',
    attributes: { 'http.method': 'GET', 'http.path': '/products/7' },
    title: 'GET /products/:id',
    status: 200,
    params: { url: 'https://localhost/products/7' },
  },
  {
    what: 'Micrometer',
    attributes: SPRING,
    title: 'GET /owners/{ownerId}',
    status: 200,
    params: { url: 'https://localhost/owners/7' },
  },
  ...['UNKNOWN', 'root', 'REDIRECTION', '/**'].map((uri) => ({
    what: `Micrometer: ${uri} is no route`,
    attributes: { ...SPRING, uri },
    title: 'GET /owners/:id',
    status: 200,
  })),
  {
    what: 'Micrometer: NOT_FOUND is no route',
    attributes: { ...SPRING, uri: 'NOT_FOUND', status: '404', outcome: 'CLIENT_ERROR' },
    title: 'GET Not Found',
    status: 404,
  },
  {
    what: 'Micrometer: an exception',
    attributes: {
      ...SPRING,
      status: '500',
      outcome: 'SERVER_ERROR',
      exception: 'IllegalStateException',
    },
    code: ERROR,
    status: 500,
    params: { cvar: expect.stringContaining('IllegalStateException') },
  },
  {
    what: 'Micrometer: the client left',
    attributes: { ...SPRING, status: 'UNKNOWN', outcome: 'UNKNOWN' },
    status: 499,
  },
  {
    what: 'Micrometer, beside standard names',
    attributes: { ...STABLE, ...SPRING, 'http.response.status_code': 201 },
    title: 'GET /ok',
    status: 201,
  },
];

const OPTIONS = { dimensions: { 1: 'row' }, tokenAuth: 'a-token' } as const;

function spanOf({ what, attributes, code = UNSET }: Row): FinishedSpan {
  return finishedSpan({ attributes: { ...attributes, row: what }, status: { code } });
}

function check(hit: InspectedHit | undefined, { title, status, params = {} }: Row): void {
  expect(hit?.params).toMatchObject({
    ...params,
    ...(title !== undefined && { action_name: title }),
  });
  const variables = Object.values(JSON.parse(hit?.params.cvar ?? '{}')) as [string, string][];
  if (status !== undefined)
    expect(Object.fromEntries(variables).http_status_code).toBe(String(status));
}

test('spans of other languages and proxies, in protobuf and JSON, and through an exporter', async () => {
  const { gateway, inspector } = await startGateway(OPTIONS);
  const json = await startGateway(OPTIONS);
  const { exporter, inspector: direct } = await startExporter(OPTIONS, { customVariables: true });
  const failures: string[] = [];
  for (const row of ROWS) {
    await sendSpans(gateway, exportOf([spanOf(row)], ProtobufTraceSerializer), {
      'content-type': 'application/x-protobuf',
    });
    await sendSpans(json.gateway, exportOf([spanOf(row)]));
    exporter.export([spanOf(row)], () => undefined);
  }
  await exporter.forceFlush();
  await gateway.close();
  await json.gateway.close();
  for (const [of, hits] of [
    ['protobuf', inspector.hits()],
    ['JSON', json.inspector.hits()],
    ['exporter', direct.hits()],
  ] as const) {
    expect(hits).toHaveLength(ROWS.length);
    for (const row of ROWS) {
      try {
        check(
          hits.find(({ params }) => params.dimension1 === row.what),
          row,
        );
      } catch (error) {
        failures.push(`${of}: ${row.what}: ${(error as Error).message}`);
      }
    }
  }
  expect(failures).toEqual([]);
});

const SPAN: OtlpSpan = otlpSpan(
  { 'http.method': 'GET', 'http.target': '/a' },
  { kind: SERVER, name: 'GET' },
);

test.each<[string, object]>([
  ['instrumentationLibrarySpans', { instrumentationLibrarySpans: [{ spans: [SPAN] }] }],
  [
    'instrumentationLibrarySpans with a name',
    { instrumentationLibrarySpans: [{ instrumentationLibrary: { name: 'old' }, spans: [SPAN] }] },
  ],
  [
    'both',
    {
      scopeSpans: [{ scope: { name: 'old' }, spans: [SPAN] }],
      instrumentationLibrarySpans: [{ spans: [SPAN] }],
    },
  ],
  [
    'a scope under the old name',
    { scopeSpans: [{ instrumentationLibrary: { name: 'old' }, spans: [SPAN] }] },
  ],
])('JSON of older SDKs: %s', async (_what, resourceSpans) => {
  const scopes = JSON.stringify(resourceSpans).includes('"old"') ? ['old'] : undefined;
  const { gateway, inspector } = await startGateway(scopes ? { scopes } : {});
  const answer = await sendSpans(gateway, JSON.stringify({ resourceSpans: [resourceSpans] }));
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  await eventually(() => gateway.stats().tracked === 1);
  expect(inspector.hits()[0]?.params.action_name).toBe('GET /a');
});

test('protobuf of older SDKs has the same spans in field 1000', async () => {
  const { gateway } = await startGateway();
  const body = Buffer.from(
    exportOf([spanOf({ what: '', attributes: GO })], ProtobufTraceSerializer),
  );
  expect(
    (await sendSpans(gateway, inOldField(body), { 'content-type': 'application/x-protobuf' }))
      .status,
  ).toBe(200);
  await eventually(() => gateway.stats().tracked === 1);
});

/** Moves the `scope_spans` of an export with one resource to field 1000. */
function inOldField(body: Buffer): Uint8Array {
  const reader = new BinaryReader(body);
  reader.tag();
  const resource = new BinaryReader(reader.bytes());
  const writer = new BinaryWriter();
  while (resource.pos < resource.len) {
    const [field] = resource.tag();
    writer.tag(field === 2 ? 1000 : field, WireType.LengthDelimited).bytes(resource.bytes());
  }
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(writer.finish()).finish();
}

const SNAKE = {
  trace_id: SPAN.traceId,
  span_id: SPAN.spanId,
  start_time_unix_nano: SPAN.startTimeUnixNano,
  name: 'GET',
  kind: SERVER,
};
const scoped = (spans: readonly object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

test.each<[string, object, rejected: number, message: RegExp]>([
  [
    'proto names',
    { resource_spans: [{ scope_spans: [{ spans: [SPAN, SPAN] }] }] },
    2,
    /"resource_spans"/,
  ],
  [
    'proto names of all fields',
    { resource_spans: [{ scope_spans: [{ spans: [SNAKE] }] }] },
    1,
    /"resource_spans"/,
  ],
  [
    'proto names of the scopes',
    { resourceSpans: [{ scope_spans: [{ spans: [SPAN] }] }] },
    1,
    /"scope_spans"/,
  ],
  [
    'a name of the future',
    { resourceSpans: [{ originSpans: [{ spans: [SPAN] }] }] },
    1,
    /"originSpans"/,
  ],
  ['no resource', { scopeSpans: [{ spans: [SPAN] }] }, 1, /"scopeSpans"/],
  ['no scope', { resourceSpans: [{ spans: [SPAN] }] }, 1, /"spans"/],
  ['nothing around spans', { spans: [{ name: 'x' }] }, 1, /"spans"/],
  [
    'spans under another name',
    { resourceSpans: [{ scopeSpans: [{ span: [SPAN] }] }] },
    1,
    /"span"/,
  ],
  ['spans as an object', { resourceSpans: [{ scopeSpans: [{ aSpan: SPAN }] }] }, 1, /"aSpan"/],
  ['a span with proto names', scoped([SNAKE]), 1, /trace ID/],
  ['a kind without a prefix', scoped([{ ...SPAN, kind: 'SERVER' }]), 1, /kind/],
  ['a status without a prefix', scoped([{ ...SPAN, status: { code: 'ERROR' } }]), 0, /status/],
  [
    'values with proto names',
    scoped([{ ...SPAN, attributes: [{ key: 'http.method', value: { string_value: 'GET' } }] }]),
    0,
    /stringValue/,
  ],
])('what is not understood is a partial success: %s', async (_what, body, rejected, message) => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  for (let i = 0; i < 2; i++) {
    const answer = await sendSpans(gateway, JSON.stringify(body));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      partialSuccess: {
        rejectedSpans: String(rejected),
        errorMessage: expect.stringMatching(message),
      },
    });
  }
  expect(gateway.stats().spans.rejected).toBe(2 * rejected);
  const lines = output.filter((line) => line.includes('[export-not-read]'));
  expect(lines).toEqual([expect.stringMatching(message)]);
});

const LOGS = {
  resourceLogs: [
    {
      scopeLogs: [
        { logRecords: [{ traceId: SPAN.traceId, spanId: SPAN.spanId, timeUnixNano: '1' }] },
      ],
    },
  ],
};
const METRICS = {
  resourceMetrics: [
    {
      scopeMetrics: [
        { metrics: [{ name: 'a', gauge: { dataPoints: [{ startTimeUnixNano: '1' }] } }] },
      ],
    },
  ],
};

test.each<[string, string, string | undefined, RegExp]>([
  ['logs', JSON.stringify(LOGS), undefined, /resourceLogs/],
  ['metrics', JSON.stringify(METRICS), undefined, /resourceMetrics/],
  ['another object', '{"hello":1}', undefined, /hello/],
  ['spans of Zipkin', '[{"traceId":"1","id":"2"}]', undefined, /not a JSON object/],
  ['spans of Jaeger', '{"data":[{"traceID":"1","spans":{}}]}', undefined, /data/],
  ['nothing', '', undefined, /not JSON/],
  [
    'attributes as an object',
    JSON.stringify(scoped([{ ...SPAN, attributes: { a: 1 } }])),
    undefined,
    /attributes/,
  ],
  ['text as protobuf', 'hey', 'application/x-protobuf', /ExportTraceServiceRequest/],
  [
    'protobuf with nothing but unknown fields',
    '\u0012\u0002hi',
    'application/x-protobuf',
    /resource_spans/,
  ],
  [
    'JSON as protobuf',
    '{"resourceSpans":[]}',
    'application/x-protobuf',
    /ExportTraceServiceRequest/,
  ],
])('a body without spans is refused with a reason: %s', async (_what, body, type, message) => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  const answer = await sendSpans(gateway, body, { 'content-type': type ?? 'application/json' });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(message)]);
  expect(output.filter((line) => line.includes('[export-not-read]'))).toHaveLength(1);
});

test.each([
  '{}',
  '{"resourceSpans":[]}',
  '{"resourceSpans":null}',
  '{"resourceSpans":[{"new":[1]}]}',
  '{"resourceSpans":[],"new":{"a":1}}',
])('an export without spans is a success: %s', async (body) => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  const answer = await sendSpans(gateway, body);
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  expect(output).toEqual([]);
});

const UNREAD = { verb: 'GET', route: '/a' };

test('SERVER spans without a method are logged once for each service, and counted', async () => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  const span = () => otlpSpan(UNREAD, { kind: SERVER });
  for (const service of ['shop', 'shop', 'mail'])
    await sendSpans(gateway, exportRequest([span(), span()], { 'service.name': service }));
  await eventually(() => gateway.stats().spans.unused === 6);
  expect(gateway.stats().hits).toBe(0);
  const lines = output.filter((line) => line.includes('[spans-without-method]'));
  expect(lines).toEqual([
    expect.stringMatching(/"shop".*"verb", "route".*http\.request\.method/),
    expect.stringContaining('"mail"'),
  ]);
});
