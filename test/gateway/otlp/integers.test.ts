import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { readJson } from '../../../src/gateway/otlp/decode-json.js';
import { readProtobuf } from '../../../src/gateway/otlp/decode-protobuf.js';
import { decode } from '../received-spans.js';

const SERVER = 2;
const NANOS = '1795000000000000000';
const VALUES = ['7', '-7', '9007199254740991', '9007199254740993', '-9223372036854775808'];

const inMessage = (field: number, bytes: Uint8Array, writer = new BinaryWriter()) =>
  writer.tag(field, WireType.LengthDelimited).bytes(bytes);

function asProtobuf(): Buffer {
  const span = new BinaryWriter().tag(6, WireType.Varint).int32(SERVER);
  for (const field of [7, 8]) span.tag(field, WireType.Bit64).fixed64(NANOS);
  inMessage(1, Buffer.alloc(16, 1), span);
  inMessage(2, Buffer.alloc(8, 1), span);
  VALUES.forEach((value, i) => {
    const any = new BinaryWriter().tag(3, WireType.Varint).int64(value).finish();
    const pair = inMessage(1, Buffer.from(`matomo.user${i}`));
    inMessage(9, inMessage(2, any, pair).finish(), span);
  });
  return Buffer.from(
    inMessage(1, inMessage(2, inMessage(2, span.finish()).finish()).finish()).finish(),
  );
}

function asJson(): Buffer {
  const attributes = VALUES.map((intValue, i) => ({ key: `matomo.user${i}`, value: { intValue } }));
  const times = { startTimeUnixNano: NANOS, endTimeUnixNano: NANOS };
  const span = {
    traceId: '01'.repeat(16),
    spanId: '01'.repeat(8),
    kind: SERVER,
    attributes,
    ...times,
  };
  return Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
}

test.each([
  ['protobuf', readProtobuf, asProtobuf],
  ['JSON', readJson, asJson],
])(
  '%s: integers beyond 2^53, which may be IDs of users, stay different',
  (_format, read, encode) => {
    const { spans } = decode(read, encode());
    expect(Object.values(spans[0]?.attributes ?? {})).toEqual([
      7,
      -7,
      9007199254740991,
      '9007199254740993',
      '-9223372036854775808',
    ]);
  },
);
