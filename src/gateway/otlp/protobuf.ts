import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import {
  type ExportedEvent,
  type ExportedSpan,
  exactInteger,
  type IsKept,
  maxMessages,
  NO_ATTRIBUTES,
  NONE,
  type Reading,
  type ResourceSpans,
  SERVER,
  SPANS_IN_A_PART,
  TOO_MANY_MESSAGES,
  UnreadableExport,
} from './exported-span.js';

// Protobuf is decoded by custom code, which skips attributes that are not used. These are most of an export.

const { Bit32, Bit64, LengthDelimited, Varint } = WireType;

/** A tag is the number of a field and its wire type. The numbers of opentelemetry-proto 1.x never change. */
const tagOf = (field: number, wireType: number) => (field << 3) | wireType;

const RESOURCE_SPANS = tagOf(1, LengthDelimited);
const RESOURCE = {
  resource: tagOf(1, LengthDelimited),
  scopeSpans: tagOf(2, LengthDelimited),
  attributes: tagOf(1, LengthDelimited),
};
const SPANS = tagOf(2, LengthDelimited);
const SPAN = {
  traceId: tagOf(1, LengthDelimited),
  spanId: tagOf(2, LengthDelimited),
  parentSpanId: tagOf(4, LengthDelimited),
  name: tagOf(5, LengthDelimited),
  kind: tagOf(6, Varint),
  start: tagOf(7, Bit64),
  end: tagOf(8, Bit64),
  attributes: tagOf(9, LengthDelimited),
  events: tagOf(11, LengthDelimited),
  links: tagOf(13, LengthDelimited),
  status: tagOf(15, LengthDelimited),
  flags: tagOf(16, Bit32),
};
const EVENT = {
  time: tagOf(1, Bit64),
  name: tagOf(2, LengthDelimited),
  attributes: tagOf(3, LengthDelimited),
};
const STATUS_CODE = tagOf(3, Varint);
const KEY = tagOf(1, LengthDelimited);
const VALUE = tagOf(2, LengthDelimited);
const VALUES = {
  text: tagOf(1, LengthDelimited),
  boolean: tagOf(2, Varint),
  integer: tagOf(3, Varint),
  double: tagOf(4, Bit64),
  list: tagOf(5, LengthDelimited),
  item: tagOf(1, LengthDelimited),
};

/** Reads an `ExportTraceServiceRequest`. `isKept` selects attributes of spans that are not SERVER spans. */
export function* decodeProtobuf(body: Buffer, isKept: IsKept): Reading {
  const reader = new Reader(body);
  const all: ResourceSpans[] = [];
  for (let tag = reader.next(body.length); tag !== 0; tag = reader.next(body.length)) {
    if (tag === RESOURCE_SPANS) all.push(yield* readResourceSpans(reader, isKept));
    else reader.skipField();
  }
  return all;
}

/** Extends the library's reader by the ends of messages, and by a limit on their number. */
class Reader extends BinaryReader {
  readonly body: Buffer;
  /** The tag that was last read. */
  tagRead = 0;
  #messagesLeft: number;

  constructor(body: Buffer) {
    super(body);
    this.body = body;
    this.#messagesLeft = maxMessages(body);
  }

  /** Reads the tag of the next field of a message; 0 at the end of the message. */
  next(end: number): number {
    if (this.pos > end) throw new UnreadableExport('a field is longer than its message');
    this.tagRead = this.pos === end ? 0 : this.uint32();
    return this.tagRead;
  }

  /** Reads the length of the next field, and returns the position of its end. */
  end(): number {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new UnreadableExport('a field is longer than the body');
    return end;
  }

  /** Like `end`, for a message that becomes an object. Counts the message, because objects use memory. */
  endOfMessage(): number {
    this.#messagesLeft -= 1;
    if (this.#messagesLeft < 0) throw new UnreadableExport(TOO_MANY_MESSAGES);
    return this.end();
  }

  /** Skips the field whose tag was read last. The library's method creates an object from the skipped data. */
  skipField(): void {
    const wireType = this.tagRead & 7;
    if (wireType === LengthDelimited) this.pos = this.end();
    else if (wireType === Varint) while (((this.body[this.pos++] ?? 0) & 0x80) !== 0);
    else if (wireType === Bit32) this.pos += 4;
    else if (wireType === Bit64) this.pos += 8;
    else this.skip(wireType, this.tagRead >>> 3);
  }

  text(encoding: 'utf8' | 'hex' = 'utf8'): string {
    const end = this.end();
    const text = this.body.toString(encoding, this.pos, end);
    this.pos = end;
    return text;
  }

  /** Whether the next text begins with one of these bytes. Always true for texts of 128 bytes or more. */
  begins(bytes: ReadonlySet<number>): boolean {
    return (this.body[this.pos] ?? 0) > 127 || bytes.has(this.body[this.pos + 1] ?? 0);
  }

  /** Reads nanoseconds. The number is exact to a quarter of a microsecond. */
  nanos(): number {
    return this.fixed32() + this.fixed32() * 2 ** 32;
  }
}

function* readResourceSpans(reader: Reader, isKept: IsKept): Generator<void, ResourceSpans> {
  const end = reader.endOfMessage();
  let attributes = NO_ATTRIBUTES;
  const spans: ExportedSpan[] = [];
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === RESOURCE.resource) attributes = readAttributesOf(reader, RESOURCE.attributes);
    else if (tag === RESOURCE.scopeSpans) yield* readSpans(reader, isKept, spans);
    else reader.skipField();
  }
  return { attributes, spans };
}

function* readSpans(reader: Reader, isKept: IsKept, spans: ExportedSpan[]): Generator<void> {
  const end = reader.endOfMessage();
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag !== SPANS) reader.skipField();
    else if (spans.push(readSpan(reader, isKept)) % SPANS_IN_A_PART === 0) yield;
  }
}

function readSpan(reader: Reader, isKept: IsKept): ExportedSpan {
  const end = reader.endOfMessage();
  const span: ExportedSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startNanos: 0,
    endNanos: 0,
    attributes: NO_ATTRIBUTES,
    events: NONE,
    links: NONE,
    statusCode: 0,
    flags: 0,
    bytes: end - reader.pos,
  };
  /** Position of the first attribute. The kind of the span decides which attributes are read, and may follow them. */
  let first = end;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === SPAN.attributes) {
      first = Math.min(first, reader.pos);
      reader.skipField();
    } else if (tag === SPAN.traceId) span.traceId = reader.text('hex');
    else if (tag === SPAN.spanId) span.spanId = reader.text('hex');
    else if (tag === SPAN.parentSpanId) span.parentSpanId = reader.text('hex');
    else if (tag === SPAN.name) span.name = reader.text();
    else if (tag === SPAN.kind) span.kind = reader.int32();
    else if (tag === SPAN.start) span.startNanos = reader.nanos();
    else if (tag === SPAN.end) span.endNanos = reader.nanos();
    else if (tag === SPAN.status) span.statusCode = readStatusCode(reader);
    else if (tag === SPAN.flags) span.flags = reader.fixed32();
    else if (tag === SPAN.events) span.events = added(span.events, readEvent(reader));
    else if (tag === SPAN.links) span.links = added(span.links, readLink(reader));
    else reader.skipField();
  }
  if (first === end) return span;
  reader.pos = first;
  for (let tag = SPAN.attributes; tag !== 0; tag = reader.next(end)) {
    if (tag !== SPAN.attributes) reader.skipField();
    else if (span.kind === SERVER) span.attributes = readAttribute(reader, span.attributes);
    else span.attributes = readAttribute(reader, span.attributes, isKept);
  }
  return span;
}

/** Appends an item. The first item creates a new list. */
function added<Item>(list: readonly Item[], item: Item): readonly Item[] {
  if (list === NONE) return [item];
  (list as Item[]).push(item);
  return list;
}

function readStatusCode(reader: Reader): number {
  const end = reader.endOfMessage();
  let code = 0;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === STATUS_CODE) code = reader.int32();
    else reader.skipField();
  }
  return code;
}

function readEvent(reader: Reader): ExportedEvent {
  const end = reader.endOfMessage();
  let nanos = 0;
  let name = '';
  let attributes = NO_ATTRIBUTES;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === EVENT.time) nanos = reader.nanos();
    else if (tag === EVENT.name) name = reader.text();
    else if (tag === EVENT.attributes) attributes = readAttribute(reader, attributes);
    else reader.skipField();
  }
  return { name, nanos, attributes };
}

function readLink(reader: Reader): ExportedSpan['links'][number] {
  const end = reader.endOfMessage();
  let traceId = '';
  let spanId = '';
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === SPAN.traceId) traceId = reader.text('hex');
    else if (tag === SPAN.spanId) spanId = reader.text('hex');
    else reader.skipField();
  }
  return { traceId, spanId };
}

/** Reads the attributes of a message whose other fields are not used. */
function readAttributesOf(reader: Reader, attributesTag: number): Attributes {
  const end = reader.endOfMessage();
  let attributes = NO_ATTRIBUTES;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === attributesTag) attributes = readAttribute(reader, attributes);
    else reader.skipField();
  }
  return attributes;
}

/** Adds an attribute. The first attribute creates a new object. */
function readAttribute(reader: Reader, before: Attributes, isKept?: IsKept): Attributes {
  const end = reader.endOfMessage();
  let key = '';
  let value: AttributeValue | undefined;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === KEY && (!isKept || reader.begins(isKept.firstBytes))) key = reader.text();
    else if (tag === VALUE && (!isKept || isKept(key))) value = readValue(reader);
    else reader.skipField();
  }
  if (value === undefined || key === '__proto__') return before;
  const attributes = before === NO_ATTRIBUTES ? {} : before;
  attributes[key] = value;
  return attributes;
}

/** Reads text, a number, a boolean or a list of them. No attribute that is used has another type. */
function readValue(reader: Reader): AttributeValue | undefined {
  const end = reader.end();
  let value: unknown;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === VALUES.text) value = reader.text();
    else if (tag === VALUES.boolean) value = reader.bool();
    else if (tag === VALUES.integer) value = exactInteger(reader.int64());
    else if (tag === VALUES.double) value = reader.double();
    else if (tag === VALUES.list) value = readItems(reader);
    else reader.skipField();
  }
  return value as AttributeValue | undefined;
}

function readItems(reader: Reader): unknown[] {
  const end = reader.endOfMessage();
  const items: unknown[] = [];
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === VALUES.item) items.push(readValue(reader));
    else reader.skipField();
  }
  return items;
}
