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

const LIBRARY = { instrumentationLibrary: { name: 'old' }, spans: [SPAN] };
const SCOPED = { scope: { name: 'old' }, spans: [SPAN] };
const UNSCOPED = { spans: [SPAN] };

test.each([
  { instrumentationLibrarySpans: [UNSCOPED] },
  { instrumentationLibrarySpans: [LIBRARY] },
  { scopeSpans: [SCOPED], instrumentationLibrarySpans: [UNSCOPED] },
  { scopeSpans: [LIBRARY] },
])('JSON of older SDKs: %j', async (resourceSpans) => {
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
  const answer = await sendSpans(gateway, inOldField(body), { 'content-type': PROTOBUF });
  expect(answer.status).toBe(200);
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

const SNAKE = { trace_id: SPAN.traceId, span_id: SPAN.spanId, name: 'GET', kind: SERVER };
const ofResource = (resource: object) => ({ resourceSpans: [resource] });
const scoped = (span: object) => ofResource({ scopeSpans: [{ spans: [span] }] });
const SNAKE_VALUE = { key: 'http.method', value: { string_value: 'GET' } };

test.each<[string, object, rejected: number, message: RegExp]>([
  [
    'proto names',
    { resource_spans: [{ scope_spans: [{ spans: [SPAN, SPAN] }] }] },
    2,
    /"resource_spans"/,
  ],
  ['proto names of scopes', ofResource({ scope_spans: [UNSCOPED] }), 1, /"scope_spans"/],
  ['no scope', ofResource(UNSCOPED), 1, /"spans"/],
  ['nothing around spans', { spans: [{ name: 'x' }] }, 1, /"spans"/],
  ['another name', ofResource({ scopeSpans: [{ span: [SPAN] }] }), 1, /"span"/],
  ['spans as an object', ofResource({ scopeSpans: [{ aSpan: SPAN }] }), 1, /"aSpan"/],
  ['a span with proto names', scoped(SNAKE), 1, /trace ID/],
  ['a kind without a prefix', scoped({ ...SPAN, kind: 'SERVER' }), 1, /kind/],
  ['a status without a prefix', scoped({ ...SPAN, status: { code: 'ERROR' } }), 0, /status/],
  ['values with proto names', scoped({ ...SPAN, attributes: [SNAKE_VALUE] }), 0, /stringValue/],
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

const PROTOBUF = 'application/x-protobuf';

test.each<[string, string, RegExp, type?: string]>([
  ['logs', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}', /resourceLogs/],
  ['spans of Zipkin', '[{"traceId":"1","id":"2"}]', /not a JSON object/],
  ['spans of Jaeger', '{"data":[{"traceID":"1","spans":{}}]}', /data/],
  ['nothing', '', /not JSON/],
  ['no list', JSON.stringify(scoped({ ...SPAN, attributes: { a: 1 } })), /attributes/],
  ['JSON as protobuf', '{"resourceSpans":[]}', /ExportTraceServiceRequest/, PROTOBUF],
  ['protobuf with nothing but unknown fields', '\u0012\u0002hi', /resource_spans/, PROTOBUF],
])('a body without spans is refused with a reason: %s', async (_what, body, message, type) => {
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
