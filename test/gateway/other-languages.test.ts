import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import { serverSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportOf, exportRequest, type OtlpSpan, otlpSpan, SERVER } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';

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
  const body = Buffer.from(exportOf([serverSpan('/a')], ProtobufTraceSerializer));
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
    'proto names of the scopes',
    { resourceSpans: [{ scope_spans: [{ spans: [SPAN] }] }] },
    1,
    /"scope_spans"/,
  ],
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
