import { expect, test } from 'vitest';
import { decodeJson } from '../../src/gateway/otlp/decode-json.js';
import { decodeProtobuf } from '../../src/gateway/otlp/decode-protobuf.js';
import { DecodedExport } from '../../src/gateway/otlp/read-export.js';
import { createSelection } from '../../src/gateway/otlp/span-selection.js';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, type OtlpSpan, requestSpan } from '../support/otlp-spans.js';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

const manyOf = (item: string, count: number) => Array.from({ length: count }, () => item).join();

/** What is decoded of an export. */
function decode(body: string): DecodedExport {
  const into = new DecodedExport(createSelection({}, { userIdAttribute: undefined }));
  decodeJson(Buffer.from(body), into);
  return into;
}

test.each([
  ['resources', 'resourceSpans', '{}'],
  ['scopes', 'resourceSpans":[{"scopeSpans', '{}'],
])('spans beyond 50,000 %s are rejected and counted, and no other', async (what, list, item) => {
  const { gateway } = await startGateway();
  const whole = JSON.parse(exportRequest([requestSpan('/a')])).resourceSpans[0];
  const last = JSON.stringify(what === 'resources' ? whole : whole.scopeSpans[0]);
  const end = what === 'resources' ? '' : ']}';
  const send = async (before: number) =>
    (await sendSpans(gateway, `{"${list}":[${manyOf(item, before)},${last}${end}]}`)).json();
  expect(await send(49_999)).toEqual({});
  expect(await send(50_000)).toEqual({
    partialSuccess: {
      rejectedSpans: '1',
      errorMessage: expect.stringContaining(`50000 ${what}`),
    },
  });
});

test('so are those in protobuf', () => {
  const into = new DecodedExport(createSelection({}, { userIdAttribute: undefined }));
  const empty = Buffer.alloc(2 * 50_000, Buffer.from([0x0a, 0]));
  decodeProtobuf(Buffer.concat([empty, Buffer.from([0x0a, 4, 0x12, 2, 0x12, 0])]), into);
  expect([into.rejected, ...into.reasons]).toEqual([1, expect.stringContaining('50000 resources')]);
});

test('JSON that is nested deeper than an export is refused, and brackets in texts are no nesting', async () => {
  const { gateway } = await startGateway();
  const nested = (depth: number) => `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  expect((await sendSpans(gateway, nested(99))).status).toBe(200);
  const answer = await sendSpans(gateway, nested(100));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining('100') });
  const text = `${'['.repeat(200)}"\\"{{{`;
  const spans = [requestSpan('/a', {}, { text }), requestSpan('/b')];
  expect(await (await sendSpans(gateway, exportRequest(spans))).json()).toEqual({});
});

test('names beyond those of OTLP are refused before they are parsed', async () => {
  const { gateway } = await startGateway();
  const named = (count: number) =>
    `{"x":[{"":"a\\":"},${Array.from({ length: count - 2 }, (_, n) => `{"${n}":0}`)}]}`;
  expect((await sendSpans(gateway, named(1000))).status).toBe(200);
  const answer = await sendSpans(gateway, named(1001));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ message: expect.stringContaining('1000') });
});

test('so are lists and objects that lie closer than in any export', async () => {
  const { gateway } = await startGateway();
  const close = (count: number) => `{"x":[${manyOf('{}', count - 2)}]}`;
  expect((await sendSpans(gateway, close(100_000))).status).toBe(200);
  const answer = await sendSpans(gateway, close(100_001));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    message: expect.stringContaining('100000'),
  });
});

test('the shortest attributes that OTLP has lie far enough apart', () => {
  const attributes = manyOf('{"key":"a","value":{}}', 180_000);
  const body = exportRequest([requestSpan('/a')]).replace(
    /"attributes":\[(?=\{"key":"h)/,
    (found) => `${found}${attributes},`,
  );
  expect(body.length).toBeGreaterThan(4_000_000);
  expect(decode(body).spans).toHaveLength(1);
});

test('spans that cannot be used count for the bound, so that the others are not read', () => {
  const spans = (count: number) =>
    decode(`{"resourceSpans":[{"scopeSpans":[{"spans":[${manyOf('{"a":1}', count)}]}]}]}`);
  expect(spans(50_000)).toMatchObject({
    rejected: 50_000,
    reasons: new Set([expect.stringContaining('trace ID')]),
  });
  expect(spans(50_001)).toMatchObject({
    rejected: 50_001,
    reasons: new Set([expect.stringContaining('trace ID'), expect.stringContaining('50000')]),
  });
});

test.each(['kind', 'flags', 'status'])(
  'an object in the place of %s is no error of the gateway',
  async (name) => {
    const { gateway } = await startGateway();
    const hostile = { toString: 1, valueOf: 1 };
    const span = { ...requestSpan('/a'), [name]: name === 'status' ? { code: hostile } : hostile };
    expect((await sendSpans(gateway, exportRequest([span as OtlpSpan]))).status).toBe(200);
  },
);

test('long texts are cut, which the answer says, and long names are left out', () => {
  const text = 'a'.repeat(40_000);
  const attributes = { text, ['n'.repeat(257)]: 'x', list: [text] };
  const { spans, reasons } = decode(exportRequest([requestSpan('/a', { name: text }, attributes)]));
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

test('a resource is read as far as one has attributes', () => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`a${n}`, 'x']));
  const { spans, reasons } = decode(
    exportRequest([requestSpan('/a')], { long: 'x'.repeat(9000), 'service.name': 'shop', ...many }),
  );
  const kept = Object.keys(spans[0]?.resource.attributes ?? {});
  expect([kept.length, kept[0]]).toEqual([511, 'service.name']);
  expect([...reasons].join()).toMatch(/512.*resource/);
});

test('what a large resource takes counts for the spans that keep it', () => {
  const bytesOf = (resource: Record<string, string>) =>
    decode(exportRequest([requestSpan('/a')], resource)).spans[0]?.bytes ?? 0;
  const small = bytesOf({ 'service.name': 'shop', text: 'x'.repeat(1000) });
  expect(small).toBe(bytesOf({ 'service.name': 'shop' }));
  expect(bytesOf({ 'service.name': 'shop', text: 'x'.repeat(7000) })).toBeGreaterThan(small + 4000);
});

test('services with long names are told apart, and their names are in no key', () => {
  const name = 'shop'.repeat(1000);
  const keyOf = (service: string) =>
    decode(exportRequest([requestSpan('/a')], { 'service.name': service })).spans[0]?.resource
      .service ?? '';
  expect(keyOf(`${name}1`)).not.toBe(keyOf(`${name}2`));
  expect(keyOf(`${name}1`)).toBe(keyOf(`${name}1`));
  expect(keyOf(name).length).toBeLessThan(100);
});

test('events beyond 10,000 of a span are not read, and the answer says so', () => {
  const events = (count: number) =>
    decode(
      exportRequest([requestSpan('/a')]).replace(
        '"spanId"',
        `"events":[${manyOf('{}', count)}],"spanId"`,
      ),
    );
  expect([...events(10_000).reasons]).toEqual([]);
  const { spans, reasons } = events(10_001);
  expect([spans.length, ...reasons]).toEqual([1, expect.stringContaining('10000')]);
});

test('groups in protobuf, which take long to skip, are refused', async () => {
  const { gateway } = await startGateway();
  const answer = await sendSpans(gateway, new Uint8Array([0x1b, 0x1c]), PROTOBUF);
  expect(answer.status).toBe(400);
});

test('an empty export in protobuf stays one', async () => {
  const { gateway } = await startGateway();
  expect((await sendSpans(gateway, new Uint8Array([0x0a, 0]), PROTOBUF)).status).toBe(200);
});
