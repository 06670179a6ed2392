import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { type DecodedExport, MAX_ITEMS, toSource, UnreadableExport } from './decoded-export.js';
import { emptySpanFields, type SpanFields } from './received-span.js';

// Field numbers are those of opentelemetry-proto 1.x, which never change: trace/v1/trace.proto, common/v1/common.proto,
// resource/v1/resource.proto. What is not needed is skipped where it lies, so that nothing is made of it.

/** Reads an `ExportTraceServiceRequest`. */
export function decodeProtobuf(body: Uint8Array, into: DecodedExport): void {
  const reader = new BinaryReader(body);
  try {
    readFields(reader, reader.len, (field) => {
      if (field !== 1) return false;
      readResourceSpans(reader, endOf(reader), into);
      return true;
    });
  } catch (error) {
    throw new UnreadableExport(`no ExportTraceServiceRequest: ${(error as Error).message}`);
  }
}

/** Calls `read` for each field up to `end`; what it does not take is skipped. */
function readFields(
  reader: BinaryReader,
  end: number,
  read: (field: number, wireType: WireType) => boolean,
): void {
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (!read(field, wireType)) reader.skip(wireType, field);
  }
  if (reader.pos > end) throw new RangeError('a field runs over the end of its message');
}

/** Where the message begins, or text, or bytes, that comes next ends. */
function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  if (length > reader.len - reader.pos) throw new RangeError('premature end');
  return reader.pos + length;
}

function readResourceSpans(reader: BinaryReader, end: number, into: DecodedExport): void {
  const resource: Attributes = {};
  const spans: SpanFields[] = [];
  const attributes = attributeReader(reader, resource, into);
  readFields(reader, end, (field) => {
    if (field === 1) {
      readFields(reader, endOf(reader), (inner) => inner === 1 && attributes());
    } else if (field === 2) {
      readFields(reader, endOf(reader), (inner) => {
        if (inner !== 2 || !into.takesSpan(spans.length)) return false;
        spans.push(readSpan(reader, endOf(reader), into));
        return true;
      });
    } else return false;
    return true;
  });
  const source = toSource(resource);
  for (const span of spans) into.add(span, source);
}

function readSpan(reader: BinaryReader, end: number, into: DecodedExport): SpanFields {
  const span = emptySpanFields();
  const attributes = attributeReader(reader, span.attributes, into);
  readFields(reader, end, (field) => {
    switch (field) {
      case 1:
        span.traceId = hex(reader);
        return true;
      case 2:
        span.spanId = hex(reader);
        return true;
      case 4:
        span.parentSpanId = hex(reader);
        return true;
      case 5:
        span.name = reader.string();
        return true;
      case 6:
        span.kind = reader.int32();
        return true;
      case 7:
        span.startNanos = nanos(reader);
        return true;
      case 8:
        span.endNanos = nanos(reader);
        return true;
      case 9:
        return attributes();
      case 11:
        span.exceptionType = readExceptionType(reader, endOf(reader)) ?? span.exceptionType;
        return true;
      case 15:
        span.statusCode = readStatusCode(reader, endOf(reader));
        return true;
      case 16:
        span.flags = reader.fixed32();
        return true;
      default:
        return false;
    }
  });
  return span;
}

function hex(reader: BinaryReader): string {
  const bytes = reader.bytes();
  return bytes.length > 16 ? 'too long' : Buffer.from(bytes).toString('hex');
}

function nanos(reader: BinaryReader): bigint {
  const low = reader.fixed32();
  return (BigInt(reader.fixed32()) << 32n) | BigInt(low);
}

function readStatusCode(reader: BinaryReader, end: number): number {
  let code = 0;
  readFields(reader, end, (field) => {
    if (field !== 3) return false;
    code = reader.int32();
    return true;
  });
  return code;
}

function readExceptionType(reader: BinaryReader, end: number): string | undefined {
  let name = '';
  let type: AttributeValue | undefined;
  readFields(reader, end, (field) => {
    if (field === 2) name = reader.string();
    else if (field === 3) {
      const [key, value] = readKeyValue(reader, endOf(reader));
      if (key === 'exception.type') type = value;
    } else return false;
    return true;
  });
  return name === 'exception' && typeof type === 'string' ? type : undefined;
}

/** Reads one attribute at each call, as long as there is room for more. */
function attributeReader(reader: BinaryReader, attributes: Attributes, into: DecodedExport) {
  let count = 0;
  return function readAttribute(): boolean {
    if (!into.takesAttribute(count)) return false;
    count += 1;
    const [key, value] = readKeyValue(reader, endOf(reader));
    if (key !== '__proto__' && value !== undefined) attributes[key] = value;
    return true;
  };
}

function readKeyValue(reader: BinaryReader, end: number): [string, AttributeValue | undefined] {
  let key = '';
  let value: AttributeValue | undefined;
  readFields(reader, end, (field) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = readAnyValue(reader, endOf(reader), true);
    else return false;
    return true;
  });
  return [key, value];
}

/** Maps, bytes and lists in lists are no attributes that anything here asks for. */
function readAnyValue(
  reader: BinaryReader,
  end: number,
  lists: boolean,
): AttributeValue | undefined {
  let value: AttributeValue | undefined;
  readFields(reader, end, (field, wireType) => {
    if (field === 1) value = reader.string();
    else if (field === 2) value = reader.bool();
    else if (field === 3) value = Number(reader.int64());
    else if (field === 4) value = reader.double();
    else if (field === 5 && lists && wireType === WireType.LengthDelimited) {
      value = readList(reader, endOf(reader));
    } else return false;
    return true;
  });
  return value;
}

function readList(reader: BinaryReader, end: number): AttributeValue {
  const items: AttributeValue[] = [];
  readFields(reader, end, (field) => {
    if (field !== 1 || items.length >= MAX_ITEMS) return false;
    const item = readAnyValue(reader, endOf(reader), false);
    if (item !== undefined) items.push(item);
    return true;
  });
  return items as AttributeValue;
}
