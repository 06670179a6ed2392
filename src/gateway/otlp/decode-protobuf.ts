import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import { runAtOnce, type Steps } from '../../common/slices.js';
import { HIT_EVENT } from '../../requests/hit-events.js';
import { type DecodedExport, MAX_ITEMS, UnreadableExport } from './decoded-export.js';
import { cutName, cutText, exactInteger, MAX_NAME_CHARACTERS } from './limits.js';
import { Reader } from './protobuf-reader.js';
import { emptySpanFields, isEmpty, NO_ATTRIBUTES, type SpanFields } from './received-span.js';
import type { AttributeFilter } from './span-selection.js';

// Field numbers are those of opentelemetry-proto 1.x, which never change: trace/v1/trace.proto, common/v1/common.proto,
// resource/v1/resource.proto. Fields that are not needed are skipped without creating objects.

// A tag is the number of a field and its wire type.
const MESSAGE = 2;
const VARINT = 0;
const FIXED64 = 1;
const FIXED32 = 5;
const tagOf = (field: number, wireType: number): number => (field << 3) | wireType;

/** Reads an `ExportTraceServiceRequest`. */
export function decodeProtobuf(body: Buffer, into: DecodedExport): void {
  runAtOnce(readProtobuf(body, into));
}

/** The same in steps. */
export function* readProtobuf(body: Buffer, into: DecodedExport): Steps {
  try {
    yield* readExport(new Reader(body), into);
  } catch (error) {
    throw new UnreadableExport(
      `the body is not an ExportTraceServiceRequest: ${(error as Error).message}`,
    );
  }
}

function* readExport(reader: Reader, into: DecodedExport): Steps {
  while (reader.goesOn(reader.len)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) yield* readResourceSpans(reader, reader.end(), into);
    else reader.skipTagged(tag);
    if (into.endsStep()) yield false;
  }
}

function* readResourceSpans(reader: Reader, end: number, into: DecodedExport): Steps {
  const resource: Attributes = {};
  const spans: SpanFields[] = [];
  into.beginResource();
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) readResource(reader, reader.end(), resource, into);
    else if (tag === tagOf(2, MESSAGE)) yield* readScopeSpans(reader, reader.end(), spans, into);
    else reader.skipTagged(tag);
    if (into.endsStep()) yield false;
  }
  if (spans.length === 0) return; // an export can have far more resources than spans
  const source = into.toSource(resource);
  for (const span of spans) {
    into.add(span, source);
    if (into.endsStep()) yield false;
  }
}

function readResource(
  reader: Reader,
  end: number,
  attributes: Attributes,
  into: DecodedExport,
): void {
  let count = 0;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE) && into.takesAttribute(count++)) {
      readAttribute(reader, reader.end(), attributes, into);
    } else reader.skipTagged(tag);
  }
}

function* readScopeSpans(
  reader: Reader,
  end: number,
  spans: SpanFields[],
  into: DecodedExport,
): Steps {
  const first = spans.length;
  let scope = '';
  into.beginScope();
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) scope = cutName(readScopeName(reader, reader.end()));
    else if (tag === tagOf(2, MESSAGE) && into.takesSpan(spans.length)) {
      spans.push(readSpan(reader, reader.end(), into));
      if (into.endsStep()) yield false;
    } else reader.skipTagged(tag);
  }
  for (let i = first; i < spans.length; i++) (spans[i] as SpanFields).scope = scope;
}

function readScopeName(reader: Reader, end: number): string {
  let name = '';
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) name = reader.name();
    else reader.skipTagged(tag);
  }
  return name;
}

function readSpan(reader: Reader, end: number, into: DecodedExport): SpanFields {
  const span = emptySpanFields();
  let count = 0;
  let nameAt = -1;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) span.traceId = reader.hex(reader.traceId);
    else if (tag === tagOf(2, MESSAGE)) span.spanId = reader.hex(reader.spanId);
    else if (tag === tagOf(4, MESSAGE)) span.parentSpanId = reader.hex(reader.parentSpanId);
    else if (tag === tagOf(5, MESSAGE)) {
      nameAt = reader.pos;
      reader.pos = reader.end();
    } else if (tag === tagOf(6, VARINT)) span.kind = reader.int32();
    else if (tag === tagOf(7, FIXED64)) span.startNanos = reader.nanos();
    else if (tag === tagOf(8, FIXED64)) span.endNanos = reader.nanos();
    else if (tag === tagOf(9, MESSAGE) && into.takesAttribute(count++)) {
      // Encoders write the kind before attributes. If one does not, all attributes are read.
      const filter = into.filterFor(span.kind);
      span.attributes = readAttribute(reader, reader.end(), span.attributes, into, filter);
    } else if (tag === tagOf(11, MESSAGE)) {
      readEvent(reader, reader.end(), span, into);
    } else if (tag === tagOf(13, MESSAGE) && span.link === undefined) {
      span.link = readLink(reader, reader.end());
    } else if (tag === tagOf(15, MESSAGE)) span.statusCode = readStatusCode(reader, reader.end());
    else if (tag === tagOf(16, FIXED32)) span.flags = reader.fixed32();
    else reader.skipTagged(tag);
  }
  if (nameAt >= 0 && !isEmpty(span, span.attributes)) {
    reader.pos = nameAt;
    span.name = cutText(reader.string(), into);
    reader.pos = end;
  }
  return span;
}

function readLink(reader: Reader, end: number): SpanFields['link'] {
  const link = { traceId: '', spanId: '' };
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) link.traceId = reader.hex(reader.traceId);
    else if (tag === tagOf(2, MESSAGE)) link.spanId = reader.hex(reader.spanId);
    else reader.skipTagged(tag);
  }
  return link;
}

function readStatusCode(reader: Reader, end: number): number {
  let code = 0;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(3, VARINT)) code = reader.int32();
    else reader.skipTagged(tag);
  }
  return code;
}

function readEvent(reader: Reader, end: number, span: SpanFields, into: DecodedExport): void {
  const begin = reader.pos;
  let name = '';
  let nanos = 0n;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, FIXED64)) nanos = reader.nanos();
    else if (tag === tagOf(2, MESSAGE)) name = reader.string();
    else reader.skipTagged(tag);
  }
  if (name === 'exception') {
    const type = readEventAttributes(reader, begin, end, into, EXCEPTION_TYPE)['exception.type'];
    if (typeof type === 'string') span.exceptionType = type;
  } else if (name === HIT_EVENT && into.takesHitEvent(span.hitEvents.length)) {
    const hit = { nanos, attributes: readEventAttributes(reader, begin, end, into) };
    if (span.hitEvents.length === 0) span.hitEvents = [hit];
    else span.hitEvents.push(hit);
  }
}

function readEventAttributes(
  reader: Reader,
  begin: number,
  end: number,
  into: DecodedExport,
  filter?: AttributeFilter,
): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  reader.pos = begin;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(3, MESSAGE) && into.takesAttribute(count++)) {
      readAttribute(reader, reader.end(), attributes, into, filter);
    } else reader.skipTagged(tag);
  }
  return attributes;
}

const EXCEPTION_TYPE: AttributeFilter = {
  keeps: (name) => name === 'exception.type',
  mayBeginWith: () => true,
};

/** Adds an attribute. Returns the attributes, which are created for the first one. */
function readAttribute(
  reader: Reader,
  end: number,
  attributes: Attributes,
  into: DecodedExport,
  filter?: AttributeFilter,
): Attributes {
  let key = '';
  let value: AttributeValue | undefined;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) {
      const { firstByte } = reader;
      const mayCount = !filter || firstByte === undefined || filter.mayBeginWith(firstByte);
      if (mayCount) key = reader.name();
      if (!mayCount || filter?.keeps(key) === false) {
        reader.pos = end;
        return attributes;
      }
    } else if (tag === tagOf(2, MESSAGE)) value = readValue(reader, key, into);
    else reader.skipTagged(tag);
  }
  if (key === '__proto__' || key.length > MAX_NAME_CHARACTERS || value === undefined)
    return attributes;
  const added = attributes === NO_ATTRIBUTES ? {} : attributes;
  added[key] = value;
  return added;
}

/** Attributes with few values, which are never personal: those are remembered. */
const FEW_VALUES: ReadonlySet<string> = new Set([
  'http.request.method',
  'http.route',
  'network.protocol.version',
  'url.scheme',
  'http.method',
  'http.flavor',
  'http.scheme',
]);

function readValue(reader: Reader, key: string, into: DecodedExport): AttributeValue | undefined {
  const end = reader.end();
  const begin = reader.pos;
  if (FEW_VALUES.has(key) && reader.uint32() === tagOf(1, MESSAGE)) {
    const text = cutText(reader.name(), into);
    if (reader.pos === end) return text;
  }
  reader.pos = begin;
  return readAnyValue(reader, end, true, into);
}

/** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
function readAnyValue(
  reader: Reader,
  end: number,
  lists: boolean,
  into: DecodedExport,
): AttributeValue | undefined {
  let value: AttributeValue | undefined;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) value = cutText(reader.string(), into);
    else if (tag === tagOf(2, VARINT)) value = reader.bool();
    else if (tag === tagOf(3, VARINT)) value = exactInteger(reader.int64());
    else if (tag === tagOf(4, FIXED64)) value = reader.double();
    else if (tag === tagOf(5, MESSAGE) && lists) value = readList(reader, reader.end(), into);
    else reader.skipTagged(tag);
  }
  return value;
}

function readList(reader: Reader, end: number, into: DecodedExport): AttributeValue {
  const items: AttributeValue[] = [];
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag !== tagOf(1, MESSAGE) || items.length >= MAX_ITEMS) {
      reader.skipTagged(tag);
      continue;
    }
    const item = readAnyValue(reader, reader.end(), false, into);
    if (item !== undefined) items.push(item);
  }
  return items as AttributeValue;
}
