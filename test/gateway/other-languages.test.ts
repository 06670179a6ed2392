import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { type OtlpSpan, otlpSpan, SERVER } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';

const SPAN: OtlpSpan = otlpSpan(
  { 'http.method': 'GET', 'http.target': '/a' },
  { kind: SERVER, name: 'GET' },
);

const ofResource = (resource: object) => ({ resourceSpans: [resource] });
const scoped = (...spans: unknown[]) => ofResource({ scopeSpans: [{ spans }] });

test.each([
  ['times as numbers', scoped({ ...SPAN, startTimeUnixNano: Number(SPAN.startTimeUnixNano) })],
  ['IDs in upper case', scoped({ ...SPAN, traceId: SPAN.traceId.toUpperCase() })],
  ['fields of the future', { ...scoped({ ...SPAN, new: { a: [1] } }), newer: 1 }],
  ['lists of the future', ofResource({ scopeSpans: [{ new: [{ a: 1 }], spans: [SPAN] }] })],
  ['quotes and brackets in texts', scoped({ ...SPAN, traceState: '\\"}]{["\\\\' })],
])('JSON of %s', async (_what, body) => {
  const { gateway, inspector } = await startGateway();
  const answer = await sendSpans(gateway, JSON.stringify(body));
  expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  await eventually(() => gateway.stats().tracked === 1);
  expect(inspector.hits()[0]?.params.action_name).toBe('GET /a');
});

const PROTOBUF = 'application/x-protobuf';

test.each<[string, string, RegExp, type?: string]>([
  ['logs', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}', /no resourceSpans/],
  ['spans of Jaeger', '{"data":[{"traceID":"1","spans":{}}]}', /no resourceSpans/],
  ['nothing', '', /JSON/],
  ['names as in the protocol files', '{"resource_spans":[{"scope_spans":[]}]}', /no resourceSpans/],
  ['numbers', JSON.stringify(scoped(0)), /than a span/],
  ['a span and its number', JSON.stringify(scoped(SPAN, 0)), /than a span/],
  ['half of it', JSON.stringify(scoped(SPAN)).slice(0, -9), /JSON/],
  ['no list', JSON.stringify(scoped({ ...SPAN, attributes: { a: 1 } })), /than a list/],
  ['JSON as protobuf', '{"resourceSpans":[]}', /ExportTraceServiceRequest/, PROTOBUF],
])('a body without spans is refused with a reason: %s', async (_what, body, message, type) => {
  const output = captureOutput();
  const { gateway } = await startGateway();
  const answer = await sendSpans(gateway, body, { 'content-type': type ?? 'application/json' });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(message)]);
  expect(output.filter((line) => line.includes('[export-not-read]'))).toHaveLength(1);
});

test.each(['{}', '{"resourceSpans":[]}', '{"resourceSpans":[{"new":[1]}]}'])(
  'an export without spans is a success: %s',
  async (body) => {
    const output = captureOutput();
    const { gateway } = await startGateway();
    const answer = await sendSpans(gateway, body);
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
    expect(output).toEqual([]);
  },
);
