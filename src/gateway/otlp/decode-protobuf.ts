import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire';
import { runAtOnce, type Steps } from '../../common/slices.js';
import { HIT_EVENT } from '../../requests/hit-events.js';
import { MAX_FURTHER_HITS } from '../../requests/request-waits.js';
import { type DecodedExport, UnreadableExport } from './decoded-export.js';
import { KnownTexts } from './known-texts.js';
import {
  type Json,
  MAX_ATTRIBUTES,
  MAX_ITEMS,
  MAX_TEXT_CHARACTERS,
  readExport,
} from './read-export.js';
import { OTLP_SERVER_SPAN } from './received-span.js';
import type { AttributeFilter } from './span-selection.js';

// Protobuf becomes objects in the shape of OTLP's JSON, of which only numbers of 64 bits differ: they are `bigint`. Fields that
// are not needed are skipped without creating objects. Field numbers are those of opentelemetry-proto 1.x, which never change:
// trace/v1/trace.proto, common/v1/common.proto, resource/v1/resource.proto.

// Values of `WireType`, as constants because reading the enum is slower.
const VARINT = 0;
const FIXED64 = 1;
const MESSAGE = 2;
const FIXED32 = 5;
/** A tag is the number of a field and its wire type. */
const tagOf = (field: number, wireType: number): number => (field << 3) | wireType;

/** Reads an `ExportTraceServiceRequest`. */
export function decodeProtobuf(body: Buffer, into: DecodedExport): void {
  runAtOnce(readProtobuf(body, into));
}

/** The same in steps. */
export function* readProtobuf(body: Buffer, into: DecodedExport): Steps {
  const reader = new Reader(body, into);
  try {
    const resourceSpans = reader.messages(1, 0, body.length, readResourceSpans);
    yield* readExport({ resourceSpans }, into, String); // of bytes, an ID is valid
  } catch (error) {
    throw new UnreadableExport(
      `the body is not an ExportTraceServiceRequest: ${(error as Error).message}`,
    );
  }
}

/** Reads a message that begins at the position of the reader. */
type Read = (reader: Reader, end: number) => Json;

function readResourceSpans(reader: Reader, end: number): Json {
  const begin = reader.pos;
  return {
    resource: reader.first(1, begin, end, readResource),
    scopeSpans: reader.messages(2, begin, end, readScopeSpans),
  };
}

function readResource(reader: Reader, end: number): Json {
  const attributes: Json[] = [];
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) readAttribute(reader, reader.end(), attributes);
    else reader.skipTagged(tag);
  }
  return { attributes };
}

function readScopeSpans(reader: Reader, end: number): Json {
  const begin = reader.pos;
  const scope = reader.first(1, begin, end, readScope);
  return { scope, spans: reader.messages(2, begin, end, readSpan) };
}

function readScope(reader: Reader, end: number): Json {
  let name = '';
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) name = reader.name();
    else reader.skipTagged(tag);
  }
  return { name };
}

const NOTHING: Json = {};

function readSpan(reader: Reader, end: number): Json {
  if (reader.into.isFull) return NOTHING;
  const span = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: undefined as Json[] | undefined,
    events: undefined as Json[] | undefined,
    links: undefined as Json[] | undefined,
    status: undefined as Json | undefined,
    flags: 0,
  };
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
    else if (tag === tagOf(7, FIXED64)) span.startTimeUnixNano = reader.nanos();
    else if (tag === tagOf(8, FIXED64)) span.endTimeUnixNano = reader.nanos();
    else if (tag === tagOf(9, MESSAGE)) {
      // Encoders write the kind before attributes. If one does not, all attributes are read.
      const isServer = span.kind === OTLP_SERVER_SPAN || span.kind === 0;
      const filter = isServer ? undefined : reader.into.keptAttributes;
      span.attributes = readAttribute(reader, reader.end(), span.attributes, filter);
    } else if (tag === tagOf(11, MESSAGE)) {
      span.events = readEvent(reader, reader.end(), span.events);
    } else if (tag === tagOf(13, MESSAGE) && span.links === undefined) {
      span.links = [readLink(reader, reader.end())];
    } else if (tag === tagOf(15, MESSAGE)) span.status = readStatus(reader, reader.end());
    else if (tag === tagOf(16, FIXED32)) span.flags = reader.fixed32();
    else reader.skipTagged(tag);
  }
  if (nameAt >= 0 && (span.kind === OTLP_SERVER_SPAN || span.attributes)) {
    reader.pos = nameAt;
    span.name = reader.string();
    reader.pos = end;
  }
  return span;
}

function readLink(reader: Reader, end: number): Json {
  const link = { traceId: '', spanId: '' };
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) link.traceId = reader.hex(reader.traceId);
    else if (tag === tagOf(2, MESSAGE)) link.spanId = reader.hex(reader.spanId);
    else reader.skipTagged(tag);
  }
  return link;
}

function readStatus(reader: Reader, end: number): Json {
  let code = 0;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(3, VARINT)) code = reader.int32();
    else reader.skipTagged(tag);
  }
  return { code };
}

/** Adds an event, if it is needed: the last exception, and events named `matomo.hit` up to one more than are used. */
function readEvent(reader: Reader, end: number, events: Json[] = []): Json[] {
  const begin = reader.pos;
  let name = '';
  let timeUnixNano = 0n;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, FIXED64)) timeUnixNano = reader.nanos();
    else if (tag === tagOf(2, MESSAGE)) name = reader.string();
    else reader.skipTagged(tag);
  }
  if (name === 'exception') {
    const last = events.findIndex((event) => event.name === 'exception');
    const attributes = readEventAttributes(reader, begin, end, EXCEPTION_TYPE);
    events[last < 0 ? events.length : last] = { name, attributes };
  } else if (name === HIT_EVENT && events.length < MAX_FURTHER_HITS + 2) {
    const attributes = readEventAttributes(reader, begin, end);
    events.push({ name, timeUnixNano, attributes });
  }
  return events;
}

function readEventAttributes(
  reader: Reader,
  begin: number,
  end: number,
  filter?: AttributeFilter,
): Json[] {
  const attributes: Json[] = [];
  reader.pos = begin;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(3, MESSAGE)) readAttribute(reader, reader.end(), attributes, filter);
    else reader.skipTagged(tag);
  }
  return attributes;
}

const EXCEPTION_TYPE: AttributeFilter = {
  keeps: (name) => name === 'exception.type',
  mayBeginWith: () => true,
};

/** Adds an attribute, up to one more than are used. Returns the attributes, which are created for the first one. */
function readAttribute<T extends Json[] | undefined>(
  reader: Reader,
  end: number,
  attributes: T,
  filter?: AttributeFilter,
): T | Json[] {
  let key = '';
  let value: Json | undefined;
  if (attributes && attributes.length > MAX_ATTRIBUTES) reader.pos = end;
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
    } else if (tag === tagOf(2, MESSAGE)) value = readValue(reader, key);
    else reader.skipTagged(tag);
  }
  if (value === undefined) return attributes;
  if (!attributes) return [{ key, value }];
  attributes.push({ key, value });
  return attributes;
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

function readValue(reader: Reader, key: string): Json {
  const end = reader.end();
  const begin = reader.pos;
  if (FEW_VALUES.has(key) && reader.uint32() === tagOf(1, MESSAGE)) {
    const stringValue = reader.name();
    if (reader.pos === end) return { stringValue };
  }
  reader.pos = begin;
  return readAnyValue(reader, end, true);
}

function readAnyValue(reader: Reader, end: number, lists: boolean): Json {
  let value = NOTHING;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) value = { stringValue: reader.string() };
    else if (tag === tagOf(2, VARINT)) value = { boolValue: reader.bool() };
    else if (tag === tagOf(3, VARINT)) value = { intValue: reader.int64() };
    else if (tag === tagOf(4, FIXED64)) value = { doubleValue: reader.double() };
    else if (tag === tagOf(5, MESSAGE) && lists) value = readList(reader, reader.end());
    else reader.skipTagged(tag);
  }
  return value;
}

function readList(reader: Reader, end: number): Json {
  const values: Json[] = [];
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE) && values.length < MAX_ITEMS) {
      values.push(readAnyValue(reader, reader.end(), false));
    } else reader.skipTagged(tag);
  }
  return { arrayValue: { values } };
}

const names = new KnownTexts();

/** UTF-8 needs at most three bytes for a UTF-16 unit. One more character, so that a text is seen to be too long. */
const MAX_TEXT_BYTES = 3 * MAX_TEXT_CHARACTERS + 3;

/** The last ID and its position. All spans of a trace repeat the trace ID. */
interface LastId {
  at: number;
  text: string;
}

/** The library's reader with nested messages. */
class Reader extends BinaryReader {
  readonly into: DecodedExport;
  readonly #body: Buffer;
  readonly #view: DataView;
  readonly traceId: LastId = { at: 0, text: '' };
  readonly spanId: LastId = { at: 0, text: '' };
  readonly parentSpanId: LastId = { at: 0, text: '' };

  constructor(body: Buffer, into: DecodedExport) {
    super(body);
    this.into = into;
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** Reads the messages of a field one at a time. Between two of them, others may move the reader. */
  *messages(field: number, begin: number, end: number, read: Read): Generator<Json> {
    let at = begin;
    for (;;) {
      this.pos = at;
      if (!this.#find(field, end)) return;
      at = this.end();
      yield read(this, at);
    }
  }

  /** The first message of a field. */
  first(field: number, begin: number, end: number, read: Read): Json | undefined {
    this.pos = begin;
    return this.#find(field, end) ? read(this, this.end()) : undefined;
  }

  /** Moves behind the tag of the next message of a field, if there is one. */
  #find(field: number, end: number): boolean {
    while (this.goesOn(end)) {
      const tag = this.uint32();
      if (tag === tagOf(field, MESSAGE)) return true;
      this.skipTagged(tag);
    }
    return false;
  }

  /** Reads the length of the next message. Returns its end. */
  end(): number {
    const length = this.uint32();
    if (length > this.len - this.pos) throw new RangeError('premature end');
    return this.pos + length;
  }

  /** Whether a message with that end has more fields. */
  goesOn(end: number): boolean {
    if (this.pos > end) throw new RangeError('a field exceeds its message');
    return this.pos < end;
  }

  skipTagged(tag: number): void {
    const field = tag >>> 3;
    if (field === 0) throw new Error('a field has no number');
    const wireType = tag & 7;
    // `skip` of the library creates an object.
    if (wireType === MESSAGE) this.pos = this.end();
    else if (wireType === VARINT) this.uint32();
    else this.skip(wireType as WireType, field);
  }

  /** The first byte of the next text; `undefined` if the text is empty or long. */
  get firstByte(): number | undefined {
    const length = this.#body[this.pos] ?? 0;
    return length > 0 && length < 128 ? this.#body[this.pos + 1] : undefined;
  }

  /** Reads a text, and skips its end if it is far too long. */
  override string(): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    return this.#body.toString('utf8', begin, Math.min(end, begin + MAX_TEXT_BYTES));
  }

  /** The same with a name, of which there are few. It is remembered, so it must not be personal. */
  name(): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    return names.read(this.#body, begin, Math.min(end, begin + MAX_TEXT_BYTES));
  }

  /** Reads an ID; `''` if it is too long. */
  hex(last: LastId): string {
    const end = this.end();
    const begin = this.pos;
    this.pos = end;
    if (end - begin > 16) return '';
    if (!this.#isSame(begin, end, last)) {
      last.text = this.#body.toString('hex', begin, end);
      last.at = begin;
    }
    return last.text;
  }

  #isSame(begin: number, end: number, { at, text }: LastId): boolean {
    if (text.length !== 2 * (end - begin)) return false;
    for (let i = end - begin - 1; i >= 0; i--) {
      if (this.#body[at + i] !== this.#body[begin + i]) return false;
    }
    return true;
  }

  nanos(): bigint {
    this.pos += 8;
    return this.#view.getBigUint64(this.pos - 8, true); // Buffer's method is slower
  }
}
