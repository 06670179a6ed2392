import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { eventually } from '../support/child-process.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { exportRequest, hitEvent, protobufOf, requestSpan } from '../support/otlp-spans.js';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

test('the same in protobuf, also if attributes come before the name', async () => {
  const set = await startGateway();
  const { traceId, spanId } = requestSpan('/python');
  const start = BigInt(Date.now() - 1000) * 1_000_000n;
  const fixed = (field: number, value: bigint) =>
    new BinaryWriter().tag(field, WireType.Bit64).fixed64(value).finish();
  const attribute = (key: string, value: string) =>
    Buffer.concat([protobufOf(1, key), protobufOf(2, protobufOf(1, value))]);
  const event = (name: string, ...attributes: Uint8Array[]) =>
    Buffer.concat([
      ...attributes.map((one) => protobufOf(3, one)),
      protobufOf(2, name),
      fixed(1, start + 500_000_000n),
    ]);
  const span = Buffer.concat([
    protobufOf(1, Buffer.from(traceId, 'hex')),
    protobufOf(2, Buffer.from(spanId, 'hex')),
    new BinaryWriter().tag(6, WireType.Varint).int32(2).finish(),
    fixed(7, start),
    fixed(8, start + 10_000_000n),
    protobufOf(9, attribute('http.request.method', 'GET')),
    protobufOf(9, attribute('url.path', '/python')),
    protobufOf(11, event('exception', attribute('exception.type', 'KeyError'))),
    protobufOf(
      11,
      event('matomo.hit', attribute('matomo.e_c', 'py'), attribute('matomo.e_a', 'x')),
    ),
    protobufOf(11, event('other', attribute('matomo.e_c', 'no'))),
  ]);
  const body = protobufOf(1, protobufOf(2, protobufOf(2, span)));
  expect((await sendSpans(set.gateway, body, PROTOBUF)).status).toBe(200);
  await eventually(() => set.gateway.stats().tracked === 2);
  const [page, hit] = set.inspector.hits().map(({ params }) => params);
  expect(hit).toMatchObject({ e_c: 'py', e_a: 'x', cid: page?.cid });
  expect(Number(hit?.cdt)).toBe(Number((start + 500_000_000n) / 1_000_000_000n));
});

test('more than 100 events of a span are refused with a partial success', async () => {
  const set = await startGateway();
  const events = Array.from({ length: 120 }, (_, i) =>
    hitEvent({ e_c: 'loop', e_a: String(i + 1) }),
  );
  const answer = await sendSpans(set.gateway, exportRequest([requestSpan('/a', { events })]));
  expect(await answer.text()).toContain('matomo.hit');
  await eventually(() => set.gateway.stats().tracked === 101);
  expect(set.gateway.stats().additionalHits).toBe(100);
});
