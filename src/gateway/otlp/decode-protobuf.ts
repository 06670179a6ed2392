import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { KnownTexts } from './known-texts.js';
import type { SpanSelection } from './read-export.js';
import { type DecodedExport, type ResourceSpans, readExport } from './read-export.js';
import {
  cutText,
  exactInteger,
  isAttributeName,
  type Keeps,
  MAX_ITEMS,
  MAX_TEXT_CHARACTERS,
  NO_ATTRIBUTES,
  NO_EVENTS,
  type OtlpEvent,
  type Reasons,
  readEvents,
  type SpanEvent,
  takesAttribute,
  UnreadableExport,
  withAttribute,
} from './read-values.js';
import { type Ids, OTLP_SERVER_SPAN, OtlpSpan } from './received-span.js';

// Field numbers are those of opentelemetry-proto 1.x, which never change: trace/v1/trace.proto, common/v1/common.proto,
// resource/v1/resource.proto. What is not used is skipped without creating objects.

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
    yield* readExport(resourcesOf(reader), (end) => new Span(reader, end), into);
  } catch (error) {
    if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug: the reader throws none
    throw new UnreadableExport(
      `the body is not an ExportTraceServiceRequest: ${(error as Error).message}`,
    );
  }
}

function* resourcesOf(reader: Reader): Generator<ResourceSpans<number>> {
  let isUnknown = reader.len > 0;
  for (const end of reader.messages(1, 0, reader.len)) {
    isUnknown = false;
    const begin = reader.pos;
    yield {
      readAttributes() {
        const [endOfResource] = reader.messages(1, begin, end);
        if (endOfResource === undefined) return NO_ATTRIBUTES;
        return readAttributes(reader, 1, reader.pos, endOfResource);
      },
      scopes: scopesOf(reader, begin, end),
    };
  }
  if (isUnknown) throw new Error('it has no resource_spans');
}

/** `scope_spans`, and `instrumentation_library_spans` as OTLP 0.15 to 0.19 had them. Before, they were field 2. */
const SCOPE_FIELDS = [2, 1000];

function* scopesOf(reader: Reader, begin: number, end: number): ResourceSpans<number>['scopes'] {
  for (const field of SCOPE_FIELDS) {
    for (const endOfSpans of reader.messages(field, begin, end)) {
      const at = reader.pos;
      const [endOfScope] = reader.messages(1, at, endOfSpans);
      const hasName = endOfScope !== undefined && reader.find(1, endOfScope);
      yield { name: hasName ? reader.name() : '', spans: reader.messages(2, at, endOfSpans) };
    }
  }
}

/** Keeps the positions of what is decoded only if it is used. */
class Span extends OtlpSpan {
  readonly #reader: Reader;
  readonly #end: number;
  #nameAt = -1;
  #attributesAt = -1;
  #eventsAt = -1;
  #linksAt = -1;

  /** Reads the span that begins at the position of the reader. */
  constructor(reader: Reader, end: number) {
    super();
    this.#reader = reader;
    this.#end = end;
    while (reader.goesOn(end)) {
      const at = reader.pos;
      const tag = reader.uint32();
      if (tag === tagOf(9, MESSAGE)) {
        const endOfAttribute = reader.end();
        if (this.#attributesAt < 0 && reader.mayKeep(this.kind)) this.#attributesAt = at;
        reader.pos = endOfAttribute;
      } else if (tag === tagOf(1, MESSAGE)) this.traceId = reader.hex(reader.traceId);
      else if (tag === tagOf(2, MESSAGE)) this.spanId = reader.hex(reader.spanId);
      else if (tag === tagOf(4, MESSAGE)) this.parentSpanId = reader.hex(reader.parentSpanId);
      else if (tag === tagOf(6, VARINT)) this.kind = reader.int32();
      else if (tag === tagOf(7, FIXED64)) this.startNanos = reader.nanos();
      else if (tag === tagOf(8, FIXED64)) this.endNanos = reader.nanos();
      else if (tag === tagOf(15, MESSAGE)) this.statusCode = readStatus(reader, reader.end());
      else if (tag === tagOf(16, FIXED32)) this.flags = reader.fixed32();
      else {
        if (tag === tagOf(5, MESSAGE)) this.#nameAt = reader.pos;
        else if (tag === tagOf(11, MESSAGE) && this.#eventsAt < 0) this.#eventsAt = at;
        else if (tag === tagOf(13, MESSAGE) && this.#linksAt < 0) this.#linksAt = at;
        reader.skipTagged(tag);
      }
    }
  }

  readName(): string {
    if (this.#nameAt < 0) return '';
    this.#reader.pos = this.#nameAt;
    return cutText(this.#reader.string(), this.#reader.reasons);
  }

  readAttributes(isKept?: Keeps): Attributes {
    if (this.#attributesAt < 0) return NO_ATTRIBUTES;
    return readAttributes(this.#reader, 9, this.#attributesAt, this.#end, isKept);
  }

  readEvents(): readonly SpanEvent[] {
    if (this.#eventsAt < 0) return NO_EVENTS;
    const events = eventsOf(this.#reader, this.#eventsAt, this.#end);
    return readEvents(events, this.#reader.reasons);
  }

  readLink(): Ids | undefined {
    if (this.#linksAt < 0) return undefined;
    const [end = 0] = this.#reader.messages(13, this.#linksAt, this.#end);
    return new Span(this.#reader, end); // a link has its IDs in the same fields
  }
}

function readStatus(reader: Reader, end: number): number {
  let code = 0;
  while (reader.goesOn(end)) {
    const tag = reader.uint32();
    if (tag === tagOf(3, VARINT)) code = reader.int32();
    else reader.skipTagged(tag);
  }
  return code;
}

function* eventsOf(reader: Reader, begin: number, end: number): Generator<OtlpEvent> {
  for (const endOfEvent of reader.messages(11, begin, end)) {
    const at = reader.pos;
    let name = '';
    let nanos = 0;
    while (reader.goesOn(endOfEvent)) {
      const tag = reader.uint32();
      if (tag === tagOf(1, FIXED64)) nanos = reader.nanos();
      else if (tag === tagOf(2, MESSAGE)) name = reader.string();
      else reader.skipTagged(tag);
    }
    yield {
      name,
      nanos,
      readAttributes: (isKept) => readAttributes(reader, 3, at, endOfEvent, isKept),
    };
  }
}

/** Reads the attributes in a field of the message that has this part of the body. */
function readAttributes(
  reader: Reader,
  field: number,
  begin: number,
  end: number,
  isKept?: Keeps,
): Attributes {
  let attributes = NO_ATTRIBUTES;
  reader.pos = begin;
  for (let count = 0; reader.find(field, end); count++) {
    if (!takesAttribute(count, reader.reasons)) break;
    const endOfAttribute = reader.end();
    let name = '';
    let valueAt = -1;
    while (reader.goesOn(endOfAttribute)) {
      const tag = reader.uint32();
      if (tag === tagOf(1, MESSAGE)) name = reader.name();
      else {
        if (tag === tagOf(2, MESSAGE)) valueAt = reader.pos;
        reader.skipTagged(tag);
      }
    }
    if (valueAt >= 0 && isAttributeName(name) && isKept?.(name) !== false) {
      reader.pos = valueAt;
      const value = readValue(reader, reader.end(), FEW_VALUES.has(name), true);
      attributes = withAttribute(attributes, name, value);
    }
    reader.pos = endOfAttribute;
  }
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
      value = cutText(isKnown ? reader.name() : reader.string(), reader.reasons);
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
class Reader extends BinaryReader {
  readonly reasons: Reasons;
  readonly traceId: LastId = { at: 0, text: '' };
  readonly spanId: LastId = { at: 0, text: '' };
  readonly parentSpanId: LastId = { at: 0, text: '' };
  readonly #mayKeep: SpanSelection['mayKeep'];
  readonly #body: Buffer;
  readonly #view: DataView;

  constructor(body: Buffer, { reasons, selection }: DecodedExport) {
    super(body);
    this.reasons = reasons;
    this.#mayKeep = selection.mayKeep;
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** Moves to each message of a field in a part of the body, and yields its end. Between two of them, others may move the reader. */
  *messages(field: number, begin: number, end: number): Generator<number, void> {
    this.pos = begin;
    while (this.find(field, end)) {
      const next = this.end();
      yield next;
      this.pos = next;
    }
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
    return !isShort || this.#mayKeep(this.#body[this.pos + 2], length);
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

  /** Reads a time. Methods of Buffer are slower. */
  nanos(): number {
    const at = this.pos;
    this.pos += 8;
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }
}
