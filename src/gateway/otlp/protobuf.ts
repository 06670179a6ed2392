import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import {
  type ExportedEvent,
  type ExportedSpan,
  exactInteger,
  type IsKept,
  maxMessages,
  NO_ATTRIBUTES,
  type ResourceSpans,
  SERVER,
  TOO_MANY_MESSAGES,
  UnreadableExport,
} from './exported-span.js';

// Protobuf is read by hand, to skip attributes that are not used, which are most of an export.

const { Bit32, Bit64, LengthDelimited, Varint } = WireType;

/** A tag is the number of a field and its wire type. The numbers of opentelemetry-proto 1.x never change. */
const tagOf = (field: number, wireType: number) => (field << 3) | wireType;

const RESOURCE_SPANS = tagOf(1, LengthDelimited);
const RESOURCE = {
  resource: tagOf(1, LengthDelimited),
  scopeSpans: tagOf(2, LengthDelimited),
  /** The field before OTLP 0.20. */
  librarySpans: tagOf(1000, LengthDelimited),
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

/** Reads an `ExportTraceServiceRequest`. `isKept` chooses attributes of spans that are not SERVER spans. */
export function decodeProtobuf(body: Buffer, isKept: IsKept): readonly ResourceSpans[] {
  const reader = new Reader(body);
  const all: ResourceSpans[] = [];
  for (let tag = reader.next(body.length); tag !== 0; tag = reader.next(body.length)) {
    if (tag === RESOURCE_SPANS) all.push(readResourceSpans(reader, isKept));
    else reader.skipField();
  }
  return all;
}

/** The library's reader, with the end of each message, and a limit. */
class Reader extends BinaryReader {
  readonly body: Buffer;
  /** The tag that was read last. */
  tagRead = 0;
  #messagesLeft: number;

  constructor(body: Buffer) {
    super(body);
    this.body = body;
    this.#messagesLeft = maxMessages(body);
  }

  /** Reads the tag of the next field of a message; 0 at its end. */
  next(end: number): number {
    if (this.pos > end) throw new UnreadableExport('a field is longer than its message');
    this.tagRead = this.pos === end ? 0 : this.uint32();
    return this.tagRead;
  }

  /** Reads the length that comes next, and returns the end. */
  end(): number {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new UnreadableExport('a field is longer than the body');
    return end;
  }

  /** The end of a message, which takes memory. */
  endOfMessage(): number {
    this.#messagesLeft -= 1;
    if (this.#messagesLeft < 0) throw new UnreadableExport(TOO_MANY_MESSAGES);
    return this.end();
  }

  skipField(): void {
    if ((this.tagRead & 7) === LengthDelimited) this.pos = this.end();
    else this.skip(this.tagRead & 7, this.tagRead >>> 3);
  }

  text(encoding: 'utf8' | 'hex' = 'utf8'): string {
    const end = this.end();
    const text = this.body.toString(encoding, this.pos, end);
    this.pos = end;
    return text;
  }

  /** Nanoseconds. A number is exact to a fourth of a microsecond. */
  nanos(): number {
    return this.fixed32() + this.fixed32() * 2 ** 32;
  }
}

function readResourceSpans(reader: Reader, isKept: IsKept): ResourceSpans {
  const end = reader.endOfMessage();
  let attributes = NO_ATTRIBUTES;
  const spans: ExportedSpan[] = [];
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === RESOURCE.resource) attributes = readAttributesOf(reader, RESOURCE.attributes);
    else if (tag === RESOURCE.scopeSpans || tag === RESOURCE.librarySpans)
      readSpans(reader, isKept, spans);
    else reader.skipField();
  }
  return { attributes, spans };
}

function readSpans(reader: Reader, isKept: IsKept, spans: ExportedSpan[]): void {
  const end = reader.endOfMessage();
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === SPANS) spans.push(readSpan(reader, isKept));
    else reader.skipField();
  }
}

function readSpan(reader: Reader, isKept: IsKept): ExportedSpan {
  const end = reader.endOfMessage();
  let traceId = '';
  let spanId = '';
  let parentSpanId = '';
  let name = '';
  let kind = 0;
  let startNanos = 0;
  let endNanos = 0;
  let statusCode = 0;
  let flags = 0;
  /** Positions of attributes. The kind of the span decides which are read, and can follow them. */
  const places: number[] = [];
  const events: ExportedEvent[] = [];
  const links: ExportedSpan['links'][number][] = [];
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === SPAN.attributes) {
      places.push(reader.pos);
      reader.skipField();
    } else if (tag === SPAN.traceId) traceId = reader.text('hex');
    else if (tag === SPAN.spanId) spanId = reader.text('hex');
    else if (tag === SPAN.parentSpanId) parentSpanId = reader.text('hex');
    else if (tag === SPAN.name) name = reader.text();
    else if (tag === SPAN.kind) kind = reader.int32();
    else if (tag === SPAN.start) startNanos = reader.nanos();
    else if (tag === SPAN.end) endNanos = reader.nanos();
    else if (tag === SPAN.status) statusCode = readStatusCode(reader);
    else if (tag === SPAN.flags) flags = reader.fixed32();
    else if (tag === SPAN.events) events.push(readEvent(reader));
    else if (tag === SPAN.links) links.push(readLink(reader));
    else reader.skipField();
  }
  const attributes = readAttributesAt(reader, places, kind === SERVER ? undefined : isKept);
  reader.pos = end;
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startNanos,
    endNanos,
    attributes,
    events,
    links,
    statusCode,
    flags,
  };
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

/** The attributes of a message that has nothing else that is used. */
function readAttributesOf(reader: Reader, attributesTag: number): Attributes {
  const end = reader.endOfMessage();
  let attributes = NO_ATTRIBUTES;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === attributesTag) attributes = readAttribute(reader, attributes);
    else reader.skipField();
  }
  return attributes;
}

function readAttributesAt(
  reader: Reader,
  places: readonly number[],
  isKept: IsKept | undefined,
): Attributes {
  let attributes = NO_ATTRIBUTES;
  for (const place of places) {
    reader.pos = place;
    attributes = readAttribute(reader, attributes, isKept);
  }
  return attributes;
}

/** Adds an attribute, the first one to a new object. */
function readAttribute(reader: Reader, before: Attributes, isKept?: IsKept): Attributes {
  const end = reader.endOfMessage();
  let key = '';
  let value: AttributeValue | undefined;
  for (let tag = reader.next(end); tag !== 0; tag = reader.next(end)) {
    if (tag === KEY) key = reader.text();
    else if (tag === VALUE && (!isKept || isKept(key))) value = readValue(reader);
    else reader.skipField();
  }
  if (value === undefined || key === '__proto__') return before;
  const attributes = before === NO_ATTRIBUTES ? {} : before;
  attributes[key] = value;
  return attributes;
}

/** Text, a number, a boolean or a list of them. No attribute that is used has another type. */
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
