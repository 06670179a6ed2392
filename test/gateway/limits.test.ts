import { expect, test } from 'vitest';
import { UnreadableExport } from '../../src/gateway/otlp/exported-span.js';
import { findFormat, type OtlpFormat } from '../../src/gateway/otlp/formats.js';
import { toReceivedSpans } from '../../src/gateway/traces/received-span.js';
import { readAll } from '../support/gateway.js';
import { exportRequest, protobufOf, requestSpan } from '../support/otlp-spans.js';

const JSON_FORMAT = findFormat('application/json') as OtlpFormat;
const PROTOBUF = findFormat('application/x-protobuf') as OtlpFormat;

const read = (format: OtlpFormat, body: string | Uint8Array) => readAll(format, body).resources;

const decode = (body: string) => toReceivedSpans(read(JSON_FORMAT, body), body.length).spans;

test('many small messages in protobuf are refused, because they would take far more memory than their bytes', () => {
  const spans = (count: number) => Buffer.alloc(2 * count, Buffer.from([0x12, 0]));
  const decoded = (count: number) => read(PROTOBUF, protobufOf(1, protobufOf(2, spans(count))));
  expect(decoded(90_000)[0]?.spans).toHaveLength(90_000);
  expect(() => decoded(110_000)).toThrow(UnreadableExport);
});

test('a large export is read in parts, between which the gateway answers others', () => {
  const span = [0x12, 2, 0x30, 2]; // of the kind SERVER
  const protobuf = protobufOf(
    1,
    protobufOf(2, Buffer.alloc(10_000 * span.length, Buffer.from(span))),
  );
  const json = exportRequest(Array.from({ length: 10_000 }, () => requestSpan('/a')));
  for (const [format, body] of [
    [PROTOBUF, protobuf],
    [JSON_FORMAT, json],
  ] as const) {
    const { parts, resources } = readAll(format, body);
    expect(resources[0]?.spans).toHaveLength(10_000);
    expect(parts).toBeGreaterThan(10);
  }
});

test('objects in the place of numbers are no error', () => {
  const hostile = { toString: 1, valueOf: 1 };
  const span = { ...requestSpan('/a'), kind: hostile, flags: hostile, status: { code: hostile } };
  expect(decode(exportRequest([span as never]))).toHaveLength(1);
});

test('spans take their share of the export in memory', () => {
  const bytesOf = (text: string) => decode(exportRequest([requestSpan('/a')], { text }))[0]?.bytes;
  expect(bytesOf('x'.repeat(7000))).toBe((bytesOf('') ?? 0) + 3 * 7000);
});

test('integers beyond what a number holds are text, so that two users never have one ID', () => {
  const body = exportRequest([requestSpan('/a', {}, { id: 1 })]);
  const ids = ['9007199254740993', '9007199254740992', '42', '-1'].map(
    (id) => decode(body.replace('"intValue":"1"', `"intValue":"${id}"`))[0]?.attributes.id,
  );
  expect(ids).toEqual(['9007199254740993', '9007199254740992', 42, -1]);
});

test('a name cannot change the prototype of attributes', () => {
  const body = exportRequest([requestSpan('/a')]).replace('"key":"url.path"', '"key":"__proto__"');
  const [span] = decode(body);
  expect(Object.getPrototypeOf(span?.attributes)).toBe(Object.prototype);
});
