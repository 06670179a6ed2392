import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { readJson } from '../../../src/gateway/otlp/decode-json.js';
import { readProtobuf } from '../../../src/gateway/otlp/decode-protobuf.js';
import { exportRequest, otlpSpan, protobufOf, SERVER } from '../../support/otlp-spans.js';
import { decode } from '../received-spans.js';

const VALUES = ['7', '-7', '9007199254740991', '9007199254740993', '-9223372036854775808'];

/** An export of one SERVER span in protobuf. */
function asProtobuf(...more: readonly Uint8Array[]): Uint8Array {
  const span = new BinaryWriter().tag(6, WireType.Varint).int32(SERVER);
  span.tag(7, WireType.Bit64).fixed64('1795000000000000000');
  const ids = [protobufOf(1, Buffer.alloc(16, 1)), protobufOf(2, Buffer.alloc(8, 1))];
  const fields = Buffer.concat([...ids, span.finish(), ...more]);
  return protobufOf(1, protobufOf(2, protobufOf(2, fields)));
}

const attribute = (key: string, value: Uint8Array) =>
  Buffer.concat([protobufOf(1, key), protobufOf(2, value)]);
const INTEGERS = VALUES.map((value, i) => {
  const integer = new BinaryWriter().tag(3, WireType.Varint).int64(value).finish();
  return protobufOf(9, attribute(`matomo.user${i}`, integer));
});

function asJson(): string {
  const attributes = VALUES.map((intValue, i) => ({ key: `matomo.user${i}`, value: { intValue } }));
  return exportRequest([{ ...otlpSpan({}, { kind: SERVER }), attributes }]);
}

test.each([
  ['protobuf', readProtobuf, () => asProtobuf(...INTEGERS)],
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

test('in protobuf, an event may have its attributes before its name and its time', () => {
  const time = new BinaryWriter().tag(1, WireType.Bit64).fixed64('1795000000500000000').finish();
  const action = protobufOf(3, attribute('matomo.e_a', protobufOf(1, 'x')));
  const event = protobufOf(11, Buffer.concat([action, protobufOf(2, 'matomo.hit'), time]));
  const [span] = decode(readProtobuf, asProtobuf(event)).spans;
  expect(span?.events).toEqual([
    { name: 'matomo.hit', attributes: { 'matomo.e_a': 'x' }, time: [1_795_000_000, 500_000_000] },
  ]);
});
