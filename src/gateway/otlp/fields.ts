import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue } from '../../common/otel-types.js';

// What a field of OTLP can hold. A type reads both encodings, so that messages are declared once, in `export-request.ts`.

/** The body is not an export request. */
export class UnreadableExport extends Error {}

/** A small message in a body becomes an object that needs far more memory. Real messages have more bytes. */
const MIN_MESSAGES = 100_000;
const MIN_BYTES_OF_A_MESSAGE = 8;

/** The library's reader, with texts as `Buffer` reads them, and limits. */
export class Reader extends BinaryReader {
  readonly #body: Buffer;
  #messagesLeft: number;

  constructor(body: Buffer) {
    super(body);
    this.#body = body;
    this.#messagesLeft = Math.max(MIN_MESSAGES, body.length / MIN_BYTES_OF_A_MESSAGE);
  }

  /** Reads the length that comes next, and returns the end. */
  end(): number {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new UnreadableExport('a field is longer than the body');
    return end;
  }

  text(encoding: 'utf8' | 'hex'): string {
    const end = this.end();
    const text = this.#body.toString(encoding, this.pos, end);
    this.pos = end;
    return text;
  }

  countMessage(): void {
    this.#messagesLeft -= 1;
    if (this.#messagesLeft < 0) throw new UnreadableExport('the body has too many small messages');
  }

  /** Moves to the value of the next known field of a message; `undefined` at its end. */
  next(known: readonly Field[], end: number): Field | undefined {
    while (this.pos < end) {
      const tag = this.uint32();
      for (const field of known) if (field.tag === tag) return field;
      this.skip(tag & 7, tag >>> 3);
    }
    if (this.pos > end) throw new UnreadableExport('a field is longer than its message');
    return undefined;
  }
}

/** What a field holds. */
export interface FieldType<Value> {
  readonly wireType: WireType;
  /** The value of a field that is not sent. */
  readonly none: Value;
  /** Reads the field. `before`: what it had, if it is repeated. */
  read(reader: Reader, before: Value): Value;
  /** Reads JSON, in which anything can be. */
  parse(json: unknown): Value;
}

interface Field {
  readonly tag: number;
  readonly name: string;
  /** As some senders write it in JSON: as in the protocol files, such as `trace_id`. */
  readonly snake: string;
  readonly type: FieldType<unknown>;
}

type Fields = Readonly<Record<string, readonly [number: number, type: FieldType<unknown>]>>;

/** The message that has these fields. */
export type Message<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name][1] extends FieldType<infer Value> ? Value : never;
};

function scalar<Value, None>(
  wireType: WireType,
  none: None,
  read: (reader: Reader) => Value,
  parse: (json: unknown) => Value,
): FieldType<Value | None> {
  return { wireType, none, read, parse: (json) => (typeof json === 'object' ? none : parse(json)) };
}

const BYTES = WireType.LengthDelimited;
export const TEXT = scalar(BYTES, '', (reader) => reader.text('utf8'), String);
/** IDs, which are hex in JSON, too. */
export const ID = scalar(
  BYTES,
  '',
  (reader) => reader.text('hex'),
  (json) => String(json).toLowerCase(),
);
export const FLAGS = scalar(WireType.Bit32, 0, (reader) => reader.fixed32(), toInteger);
/** A time in nanoseconds. A number is exact to a fourth of a microsecond. */
export const NANOS = scalar(
  WireType.Bit64,
  0,
  (reader) => reader.fixed32() + reader.fixed32() * 2 ** 32,
  toInteger,
);

/** An enum, which older senders write by name in JSON. A name that it does not have is -1. */
export function enumOf(...names: string[]): FieldType<number> {
  const parse = (json: unknown) => {
    const number = Number(json);
    return Number.isInteger(number) ? number : names.indexOf(String(json));
  };
  return scalar(WireType.Varint, 0, (reader) => reader.int32(), parse);
}

function toInteger(value: unknown): number {
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 ? number : 0;
}

/** A repeated field. */
export function list<Item>(type: FieldType<Item>): FieldType<readonly NonNullable<Item>[]> {
  const none: NonNullable<Item>[] = [];
  return {
    wireType: type.wireType,
    none,
    read(reader, before) {
      const item = type.read(reader, type.none) as NonNullable<Item>;
      if (before === none) return [item];
      (before as NonNullable<Item>[]).push(item);
      return before;
    },
    parse: (json) => listIn(json).map((item) => type.parse(item) as NonNullable<Item>),
  };
}

export interface MessageType<Read> extends FieldType<Read | undefined> {
  /** Reads a body that is this message. */
  readBody(body: Buffer): Read;
}

/** A message; `undefined` if it is not sent. */
export function message<const Of extends Fields>(fields: Of): MessageType<Message<Of>> {
  const known = fieldsOf(fields);
  const empty = Object.fromEntries(known.map(({ name, type }) => [name, type.none]));
  return {
    wireType: BYTES,
    none: undefined,
    read: (reader) => readFields(reader, reader.end()),
    readBody: (body) => readFields(new Reader(body), body.length),
    parse(json) {
      if (!isObject(json)) throw new UnreadableExport('JSON has something else than an object');
      const made = { ...empty };
      for (const field of known) {
        const value = valueIn(json, field);
        if (value !== undefined) made[field.name] = field.type.parse(value);
      }
      return made as Message<Of>;
    },
  };

  function readFields(reader: Reader, end: number): Message<Of> {
    reader.countMessage();
    const made = { ...empty };
    for (let field = reader.next(known, end); field; field = reader.next(known, end))
      made[field.name] = field.type.read(reader, made[field.name]);
    return made as Message<Of>;
  }
}

function fieldsOf(fields: Fields): readonly Field[] {
  return Object.entries(fields).map(([name, [number, type]]) => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return { tag: (number << 3) | type.wireType, name, snake, type };
  });
}

function listIn(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new UnreadableExport('JSON has something else than a list');
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** `undefined` if it is missing or null. */
function valueIn(json: Readonly<Record<string, unknown>>, { name, snake }: Field): unknown {
  return json[name] ?? json[snake] ?? undefined;
}

/** The value of an attribute: text, a number, a boolean or a list of them. No attribute that is used has another type. */
const VALUE: FieldType<AttributeValue | undefined> = {
  wireType: BYTES,
  none: undefined,
  read(reader) {
    const end = reader.end();
    let value: unknown;
    for (let field = reader.next(VALUES, end); field; field = reader.next(VALUES, end))
      value = field.type.read(reader, field.type.none);
    return value as AttributeValue | undefined;
  },
  parse(json) {
    const field = isObject(json) && VALUES.find((one) => valueIn(json, one) !== undefined);
    return field ? (field.type.parse(valueIn(json, field)) as AttributeValue) : undefined;
  },
};

const ITEMS = message({ values: [1, list(VALUE)] });

const VALUES = fieldsOf({
  stringValue: [1, TEXT],
  boolValue: [2, scalar(WireType.Varint, false, (reader) => reader.bool(), Boolean)],
  intValue: [3, scalar(WireType.Varint, 0, (reader) => exact(reader.int64()), exact)],
  doubleValue: [4, scalar(WireType.Bit64, 0, (reader) => reader.double(), Number)],
  arrayValue: [
    5,
    {
      ...{ wireType: BYTES, none: undefined },
      read: (reader) => ITEMS.read(reader, undefined)?.values,
      parse: (json) => ITEMS.parse(json)?.values,
    },
  ],
});

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
function exact(value: unknown): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const [KEY, ATTRIBUTE_VALUE] = fieldsOf({ key: [1, TEXT], value: [2, VALUE] }) as [Field, Field];
const KEY_AND_VALUE = [KEY, ATTRIBUTE_VALUE];

/** Shared: most spans have none that are used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** A repeated field of names and values, as one object. */
export const ATTRIBUTES: FieldType<Attributes> = {
  wireType: BYTES,
  none: NO_ATTRIBUTES,
  read(reader, before) {
    reader.countMessage();
    const end = reader.end();
    let key: unknown;
    let value: unknown;
    for (
      let field = reader.next(KEY_AND_VALUE, end);
      field;
      field = reader.next(KEY_AND_VALUE, end)
    )
      if (field === KEY) key = TEXT.read(reader, '');
      else value = VALUE.read(reader, undefined);
    return withAttribute(before, key, value);
  },
  parse: (json) =>
    listIn(json)
      .filter(isObject)
      .reduce(
        (before: Attributes, one) =>
          withAttribute(before, valueIn(one, KEY), VALUE.parse(valueIn(one, ATTRIBUTE_VALUE))),
        NO_ATTRIBUTES,
      ),
};

function withAttribute(before: Attributes, key: unknown, value: unknown): Attributes {
  if (value === undefined || typeof key !== 'string' || key === '__proto__') return before;
  const attributes = before === NO_ATTRIBUTES ? {} : before;
  attributes[key] = value as AttributeValue;
  return attributes;
}
