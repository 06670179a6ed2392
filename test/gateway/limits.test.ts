import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import type { OtlpCodec } from '../../src/gateway/otlp/codecs.js';
import { readJson } from '../../src/gateway/otlp/decode-json.js';
import { readProtobuf } from '../../src/gateway/otlp/decode-protobuf.js';
import type { DecodedExport } from '../../src/gateway/otlp/read-export.js';
import { UnreadableExport } from '../../src/gateway/otlp/read-values.js';
import { serverSpan } from '../support/builders.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import {
  exportOf,
  exportRequest,
  type OtlpSpan,
  protobufOf,
  requestSpan,
} from '../support/otlp-spans.js';
import { decode } from './received-spans.js';

const manyOf = (item: string, count: number) => Array.from({ length: count }, () => item).join();

const decodeText = (body: string): DecodedExport => decode(readJson, body);

/** Expects that a body is refused, which the gateway answers with 400, and that the reason has a text. */
function expectRefused(read: OtlpCodec['read'], body: Uint8Array | string, reason: string): void {
  expect(() => decode(read, body)).toThrow(UnreadableExport);
  expect(() => decode(read, body)).toThrow(reason);
}

test.each<[limit: string, most: number, items: (count: number) => string]>([
  ['100 levels', 98, (count) => '['.repeat(count) + ']'.repeat(count)],
  [
    '1000 different names',
    997,
    (count) => `{"":"a\\":"},{${Array.from({ length: count }, (_, n) => `"${n}":0`)}}`,
  ],
  ['100000 lists and objects', 99_997, (count) => manyOf('{}', count)],
])('JSON of more than %s is refused before it is parsed', (limit, most, items) => {
  const body = (count: number) => `{"resourceSpans":[],"x":[${items(count)}]}`;
  decodeText(body(most));
  expectRefused(readJson, body(most + 1), limit);
});

test('brackets and escaped quotation marks in texts are no nesting', () => {
  const text = `${'['.repeat(200)}"\\"{{{`;
  const spans = [requestSpan('/a', {}, { text }), requestSpan('/b')];
  expect(decodeText(exportRequest(spans)).spans).toHaveLength(2);
});

test('the shortest attributes that OTLP has lie far enough apart', () => {
  const attributes = manyOf('{"key":"a","value":{}}', 180_000);
  const body = exportRequest([requestSpan('/a')]).replace(
    /"attributes":\[(?=\{"key":"h)/,
    (found) => `${found}${attributes},`,
  );
  expect(body.length).toBeGreaterThan(4_000_000);
  expect(decodeText(body).spans).toHaveLength(1);
});

test('spans that cannot be used count for the bound, so that the others are not read', () => {
  const spans = (count: number) =>
    decodeText(`{"resourceSpans":[{"scopeSpans":[{"spans":[${manyOf('{"a":1}', count)}]}]}]}`);
  expect(spans(50_000)).toMatchObject({
    rejected: 50_000,
    reasons: new Set([expect.stringContaining('trace ID')]),
  });
  expect(spans(50_001)).toMatchObject({
    rejected: 50_001,
    reasons: new Set([expect.stringContaining('trace ID'), expect.stringContaining('50000')]),
  });
});

test('so do those in protobuf', () => {
  const spans = (count: number) => Buffer.alloc(2 * count, Buffer.from([0x12, 0]));
  const { rejected, reasons } = decode(readProtobuf, protobufOf(1, protobufOf(2, spans(50_001))));
  expect([rejected, ...reasons]).toEqual([
    50_001,
    expect.stringContaining('trace ID'),
    expect.stringContaining('50000'),
  ]);
});

test.each(['kind', 'flags', 'status'])('an object in the place of %s is no error', (name) => {
  const hostile = { toString: 1, valueOf: 1 };
  const span = { ...requestSpan('/a'), [name]: name === 'status' ? { code: hostile } : hostile };
  expect(decodeText(exportRequest([span as OtlpSpan])).spans).toHaveLength(1);
});

test('long texts are cut, which the answer says, and long names are left out', () => {
  const text = 'a'.repeat(40_000);
  const attributes = { text, ['n'.repeat(257)]: 'x', list: [text] };
  const { spans, reasons } = decodeText(
    exportRequest([requestSpan('/a', { name: text }, attributes)]),
  );
  const cut = 'a'.repeat(32_768);
  expect(spans[0]).toMatchObject({ name: cut, attributes: { text: cut, list: [cut] } });
  expect(Object.keys(spans[0]?.attributes ?? {}).filter((name) => name.length > 256)).toEqual([]);
  expect([...reasons]).toEqual(['texts beyond 32768 characters are cut']);
});

test('JSON for Matomo that was cut is still too long to be sent', async () => {
  const { gateway, inspector } = await startGateway();
  const items = JSON.stringify([['sku', 'x'.repeat(40_000)]]);
  const span = requestSpan('/a', {}, { 'matomo.ec_items': items });
  await sendSpans(gateway, exportRequest([span]));
  await eventually(() => inspector.hits().length === 1);
  expect(inspector.hits()[0]?.params).not.toHaveProperty('ec_items');
});

test.each([
  ['JSON', readJson, JsonTraceSerializer],
  ['protobuf', readProtobuf, ProtobufTraceSerializer],
])('of many attributes and items in %s, few are kept', (_format, read, serializer) => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`a${n}`, true]));
  const list = Array.from({ length: 200 }, () => 'x');
  const [span] = decode(read, exportOf([serverSpan('/a', { list, ...many })], serializer)).spans;
  expect(span?.attributes.list).toHaveLength(128);
  expect(Object.keys(span?.attributes ?? {})).toHaveLength(512);
});

test('a resource is read as far as one has attributes', () => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`a${n}`, 'x']));
  const { spans, reasons } = decodeText(
    exportRequest([requestSpan('/a')], { long: 'x'.repeat(9000), 'service.name': 'shop', ...many }),
  );
  const kept = Object.keys(spans[0]?.resource.attributes ?? {});
  expect([kept.length, kept[0]]).toEqual([511, 'service.name']);
  expect([...reasons].join()).toMatch(/512.*resource/);
});

test('what a large resource takes counts for the spans that keep it', () => {
  const bytesOf = (resource: Record<string, string>) =>
    decodeText(exportRequest([requestSpan('/a')], resource)).spans[0]?.bytes ?? 0;
  const small = bytesOf({ 'service.name': 'shop', text: 'x'.repeat(1000) });
  expect(small).toBe(bytesOf({ 'service.name': 'shop' }));
  expect(bytesOf({ 'service.name': 'shop', text: 'x'.repeat(7000) })).toBeGreaterThan(small + 4000);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`a${n}`, 'x']));
  expect(bytesOf(many)).toBeGreaterThan(small + 10_000);
});

test('services with long names are told apart, and their names are in no key', () => {
  const name = 'shop'.repeat(1000);
  const keyOf = (service: string) =>
    decodeText(exportRequest([requestSpan('/a')], { 'service.name': service })).spans[0]?.resource
      .service ?? '';
  expect(keyOf(`${name}1`)).not.toBe(keyOf(`${name}2`));
  expect(keyOf(`${name}1`)).toBe(keyOf(`${name}1`));
  expect(keyOf(name).length).toBeLessThan(100);
});

test('events beyond 10,000 of a span are not read, and the answer says so', () => {
  const events = (count: number) =>
    decodeText(
      exportRequest([requestSpan('/a')]).replace(
        '"spanId"',
        `"events":[${manyOf('{}', count)}],"spanId"`,
      ),
    );
  expect([...events(10_000).reasons]).toEqual([]);
  const { spans, reasons } = events(10_001);
  expect([spans.length, ...reasons]).toEqual([1, expect.stringContaining('10000')]);
});

test('groups in protobuf, which take long to skip, are refused', () => {
  expectRefused(readProtobuf, new Uint8Array([0x1b, 0x1c]), 'wire type');
});

test('an empty export in protobuf stays one', () => {
  expect(decode(readProtobuf, new Uint8Array([0x0a, 0])).rejected).toBe(0);
});
