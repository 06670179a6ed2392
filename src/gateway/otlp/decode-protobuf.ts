import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { AttributeValue } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { KnownTexts } from './known-texts.js';
import { type DecodedExport, readExport } from './read-export.js';
import {
  cutText,
  exactInteger,
  type Json,
  MAX_ITEMS,
  MAX_TEXT_CHARACTERS,
  UnreadableExport,
  type ValueReader,
} from './read-values.js';
import { OTLP_SERVER_SPAN } from './received-span.js';

// Protobuf is read as objects in the shape of OTLP's JSON. Only times and values of attributes differ: they have their final types. A list
// decodes its messages while it is iterated, and its attributes are the same object each time, so that nothing is created for what is not
// used. Field numbers are those of opentelemetry-proto 1.x, which never change: trace/v1/trace.proto, common/v1/common.proto,
// resource/v1/resource.proto.

// Values of `WireType`, as constants because reading the enum is slower.
const VARINT = 0;
const FIXED64 = 1;
const MESSAGE = 2;
const FIXED32 = 5;
/** A tag is the number of a field and its wire type. */
const tagOf = (field: number, wireType: number): number => (field << 3) | wireType;

/** Reads an `ExportTraceServiceRequest` in steps. */
export function* readProtobuf(body: Buffer, into: DecodedExport): Steps {
  const reader = new Reader(body, into);
  try {
    const resourceSpans = new Messages(reader, 1, 0, body.length, readResourceSpans);
    yield* readExport({ resourceSpans }, into, reader);
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug: the reader throws none
    throw new UnreadableExport(
      `the body is not an ExportTraceServiceRequest: ${(error as Error).message}`,
    );
  }
}

const NOTHING: Json = {};

/** Reads a message that begins at the position of the reader. */
type Read = (reader: Reader, end: number) => Json;

/**
 * The messages of a field, in a part of the body. Between two of them, others may move the reader. It returns itself as the result of
 * each step: a generator creates an object for each message.
 */
class Messages implements IterableIterator<Json, Json> {
  readonly #reader: Reader;
  readonly #field: number;
  readonly #end: number;
  readonly #read: Read;
  #next: number;
  value: Json = NOTHING;
  done = false;

  constructor(reader: Reader, field: number, begin: number, end: number, read: Read) {
    this.#reader = reader;
    this.#field = field;
    this.#next = begin;
    this.#end = end;
    this.#read = read;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Json, Json> {
    const reader = this.#reader;
    reader.pos = this.#next;
    this.done = !reader.find(this.#field, this.#end);
    if (this.done) return this;
    this.#next = reader.end();
    this.value = this.#read(reader, this.#next);
    return this;
  }
}

function readResourceSpans(reader: Reader, end: number): Json {
  const begin = reader.pos;
  return {
    resource: reader.first(1, begin, end, readResource),
    scopeSpans: new Messages(reader, 2, begin, end, readScopeSpans),
  };
}

function readResource(reader: Reader, end: number): Json {
  return { attributes: new Messages(reader, 1, reader.pos, end, readAttribute) };
}

function readScopeSpans(reader: Reader, end: number): Json {
  const begin = reader.pos;
  const scope = reader.first(1, begin, end, readScope);
  return { scope, spans: new Messages(reader, 2, begin, end, readSpan) };
}

function readScope(reader: Reader, end: number): Json {
  return { name: reader.find(1, end) ? reader.name() : '' };
}

class Span {
  readonly #reader: Reader;
  traceId = '';
  spanId = '';
  parentSpanId = '';
  kind = 0;
  /** Positions of what is decoded only if it is used. */
  nameAt = -1;
  startAt = -1;
  endAt = -1;
  attributes: Iterable<Json> | undefined = undefined;
  events: Iterable<Json> | undefined = undefined;
  links: Iterable<Json> | undefined = undefined;
  status: Json = NOTHING;
  flags = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  get name(): string {
    if (this.nameAt < 0) return '';
    this.#reader.pos = this.nameAt;
    return this.#reader.string();
  }

  get startTimeUnixNano(): number {
    return this.#reader.nanosAt(this.startAt);
  }

  get endTimeUnixNano(): number {
    return this.#reader.nanosAt(this.endAt);
  }
}

function readSpan(reader: Reader, end: number): Json {
  if (reader.into.isFull) return NOTHING;
  const span = new Span(reader);
  while (reader.goesOn(end)) {
    const at = reader.pos;
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) span.traceId = reader.hex(reader.traceId);
    else if (tag === tagOf(2, MESSAGE)) span.spanId = reader.hex(reader.spanId);
    else if (tag === tagOf(4, MESSAGE)) span.parentSpanId = reader.hex(reader.parentSpanId);
    else if (tag === tagOf(6, VARINT)) span.kind = reader.int32();
    else if (tag === tagOf(15, MESSAGE)) span.status = readStatus(reader, reader.end());
    else if (tag === tagOf(16, FIXED32)) span.flags = reader.fixed32();
    else if (tag === tagOf(9, MESSAGE)) {
      const endOfAttribute = reader.end();
      if (span.attributes === undefined && reader.mayKeep(span.kind)) {
        span.attributes = new Messages(reader, 9, at, end, readAttribute);
      }
      reader.pos = endOfAttribute;
    } else {
      if (tag === tagOf(5, MESSAGE)) span.nameAt = reader.pos;
      else if (tag === tagOf(7, FIXED64)) span.startAt = reader.pos;
      else if (tag === tagOf(8, FIXED64)) span.endAt = reader.pos;
      else if (tag === tagOf(11, MESSAGE)) {
        span.events ??= new Messages(reader, 11, at, end, readEvent);
      } else if (tag === tagOf(13, MESSAGE)) {
        span.links ??= new Messages(reader, 13, at, end, readLink);
      }
      reader.skipTagged(tag);
    }
  }
  return span as unknown as Json;
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
  return code === 0 ? NOTHING : { code };
}

function readEvent(reader: Reader, end: number): Json {
  const attributes = new Messages(reader, 3, reader.pos, end, readAttribute);
  const event = { name: '', timeUnixNano: 0, attributes };
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(2, MESSAGE)) event.name = reader.string();
    else {
      if (tag === tagOf(1, FIXED64)) event.timeUnixNano = reader.nanosAt(reader.pos);
      reader.skipTagged(tag);
    }
  }
  return event;
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

class Attribute {
  readonly #reader: Reader;
  key = '';
  /** The position of the value, which is decoded only if it is used. */
  valueAt = -1;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  get value(): AttributeValue | undefined {
    if (this.valueAt < 0) return undefined;
    this.#reader.pos = this.valueAt;
    return readValue(this.#reader, this.#reader.end(), FEW_VALUES.has(this.key), true);
  }
}

function readAttribute(reader: Reader, end: number): Json {
  const { attribute } = reader;
  attribute.key = '';
  attribute.valueAt = -1;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) attribute.key = reader.name();
    else {
      if (tag === tagOf(2, MESSAGE)) attribute.valueAt = reader.pos;
      reader.skipTagged(tag);
    }
  }
  return attribute as unknown as Json;
}

/** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
function readValue(
  reader: Reader,
  end: number,
  isKnown: boolean,
  lists: boolean,
): AttributeValue | undefined {
  let value: AttributeValue | undefined;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(1, MESSAGE)) {
      value = cutText(isKnown ? reader.name() : reader.string(), reader);
    } else if (tag === tagOf(2, VARINT)) value = reader.bool();
    else if (tag === tagOf(3, VARINT)) value = reader.integer();
    else if (tag === tagOf(4, FIXED64)) value = reader.double();
    else if (tag === tagOf(5, MESSAGE) && lists) value = readList(reader, reader.end());
    else reader.skipTagged(tag);
  }
  return value;
}

function readList(reader: Reader, end: number): AttributeValue {
  const items: unknown[] = [];
  while (items.length < MAX_ITEMS && reader.find(1, end)) {
    const item = readValue(reader, reader.end(), false, false);
    if (item !== undefined) items.push(item);
  }
  reader.pos = end;
  return items as AttributeValue;
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
class Reader extends BinaryReader implements ValueReader {
  readonly reasons: Set<string>;
  readonly into: DecodedExport;
  readonly #body: Buffer;
  readonly #view: DataView;
  readonly attribute = new Attribute(this);
  readonly traceId: LastId = { at: 0, text: '' };
  readonly spanId: LastId = { at: 0, text: '' };
  readonly parentSpanId: LastId = { at: 0, text: '' };

  constructor(body: Buffer, into: DecodedExport) {
    super(body);
    this.into = into;
    this.reasons = into.reasons;
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** IDs and values are read with their message. */
  readId(id: unknown): string {
    return id as string;
  }

  readValue(value: unknown): AttributeValue | undefined {
    return value as AttributeValue | undefined;
  }

  /** The first message of a field. */
  first(field: number, begin: number, end: number, read: Read): Json | undefined {
    this.pos = begin;
    return this.find(field, end) ? read(this, this.end()) : undefined;
  }

  /** Moves behind the tag of the next message of a field, if there is one. */
  find(field: number, end: number): boolean {
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
    if (tag >>> 3 === 0) throw new Error('a field has no number');
    const wireType = tag & 7;
    // `skip` of the library creates an object.
    if (wireType === MESSAGE) this.pos = this.end();
    else if (wireType === VARINT) this.uint32();
    else if (wireType === FIXED64) this.pos += 8;
    else if (wireType === FIXED32) this.pos += 4;
    else throw new Error('a field has a wire type that OTLP does not use'); // a group, which may hold many
  }

  /** Whether the attribute that begins here may be kept of a span: only its first byte is read, which is cheap. */
  mayKeep(kind: number): boolean {
    // Encoders write the kind before attributes. If one does not, attributes are looked at later.
    if (kind === OTLP_SERVER_SPAN || kind === 0) return true;
    const length = this.#body[this.pos + 1] ?? 0;
    const isShort = this.#body[this.pos] === tagOf(1, MESSAGE) && length > 0 && length < 128;
    return !isShort || this.into.selection.mayKeep(this.#body[this.pos + 2]);
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

  /** Reads an integer of 64 bits. Most are small, for which no `bigint` is created. */
  integer(): number | string {
    const begin = this.pos;
    const small = this.uint32();
    if (this.pos - begin < 5) return small;
    this.pos = begin;
    return exactInteger(this.int64());
  }

  /** Reads a time, as `nanos` of `read-values.ts` does; 0 at no position. Methods of Buffer are slower. */
  nanosAt(at: number): number {
    if (at < 0) return 0;
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }
}
