import { show } from '../../common/diagnostics.js';
import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { KnownTexts } from './known-texts.js';
import { type DecodedExport, type ResourceSpans, readExport } from './read-export.js';
import {
  cutText,
  exactInteger,
  isAttributeName,
  type Keeps,
  MAX_ITEMS,
  NO_ATTRIBUTES,
  type OtlpEvent,
  type Reasons,
  readEvents,
  type SpanEvent,
  takesAttribute,
  UNKNOWN_NAME,
  UnreadableExport,
  withAttribute,
} from './read-values.js';
import { type Ids, OtlpSpan } from './received-span.js';

/** Parsing a smaller body takes a few milliseconds. */
const LARGE_BYTES = 131_072;
/** An export has 14 levels, and two more for each nested list or map. */
const MAX_NESTING = 100;
/** OTLP has sixty names. For each other one V8 creates a text and a shape of an object. */
const MAX_NAMES = 1000;
/** Lists and objects that any export may have. A real export has more than 8 bytes for each. */
const MIN_OBJECTS = 100_000;
const MIN_BYTES_OF_AN_OBJECT = 8;

/** An object of which nothing has been checked. */
type Json = Readonly<Record<string, unknown>>;

/**
 * Reads an `ExportTraceServiceRequest` in OTLP's JSON in steps, also as older SDKs write it: enums by name, numbers as text.
 * `JSON.parse` is the longest step; `checkJson` refuses bodies for which it would take too long.
 */
export function* readJson(body: Buffer, into: DecodedExport): Steps {
  checkJson(body);
  yield body.length > LARGE_BYTES;
  const request = parse(body);
  yield body.length > LARGE_BYTES;
  const { reasons } = into;
  const unknown = new UnknownNames();
  yield* readExport(
    resourcesOf(request, reasons, unknown),
    (json) => new Span(json, reasons),
    into,
  );
  const { first, spans } = unknown;
  if (first === undefined) return;
  // A newer OTLP may have more names, as long as what is used is there.
  if (spans > 0) into.reject(`spans are not read that are under an unknown name: ${first}`, spans);
  else if (request.resourceSpans === undefined)
    throw new UnreadableExport(`the body has no resourceSpans, but ${first}`);
}

/** Names that OTLP does not have where its messages hold spans, and what looks like spans below them. */
class UnknownNames {
  first: string | undefined;
  spans = 0;

  look(message: Json, known: readonly string[]): void {
    for (const name in message) {
      if (known.includes(name)) continue;
      const spans = countSpans(message[name], name);
      if (this.first === undefined || (this.spans === 0 && spans > 0)) this.first = show(name);
      this.spans += spans;
    }
  }
}

/** How many objects look like spans: they are in a list of that name, or have IDs and a start, in any spelling. */
function countSpans(value: unknown, name: string): number {
  if (Array.isArray(value)) {
    if (name.toLowerCase() === 'spans') return value.filter(isObject).length;
    return value.reduce((sum: number, item) => sum + countSpans(item, ''), 0);
  }
  if (!isObject(value)) return 0;
  const keys = Object.keys(value).map((key) => key.toLowerCase().replaceAll('_', ''));
  const isSpan = ['traceid', 'spanid'].every((key) => keys.includes(key));
  if (isSpan && keys.some((key) => key.startsWith('start'))) return 1;
  return Object.entries(value).reduce((sum, [key, each]) => sum + countSpans(each, key), 0);
}

function parse(body: Buffer): Json {
  let request: unknown;
  try {
    request = JSON.parse(body.toString('utf8'));
  } catch {
    throw new UnreadableExport('the body is not JSON');
  }
  if (!isObject(request)) throw new UnreadableExport('the body is not a JSON object');
  return request;
}

const LIBRARY_SPANS = 'instrumentationLibrarySpans';
const RESOURCE_NAMES = ['resource', 'scopeSpans', LIBRARY_SPANS, 'schemaUrl'];
const SCOPE_NAMES = ['scope', 'instrumentationLibrary', 'spans', 'schemaUrl'];

function* resourcesOf(
  request: Json,
  reasons: Reasons,
  unknown: UnknownNames,
): Generator<ResourceSpans<Json>> {
  unknown.look(request, ['resourceSpans']);
  for (const resourceSpans of objects(request.resourceSpans, 'resourceSpans')) {
    unknown.look(resourceSpans, RESOURCE_NAMES);
    const { resource } = resourceSpans;
    const attributes = isObject(resource) ? resource.attributes : undefined;
    yield {
      readAttributes: () => readAttributes(attributes, reasons),
      scopes: scopesOf(resourceSpans, unknown),
    };
  }
}

/** The spans of scopes, which were called instrumentation libraries before OTLP 0.15. */
function* scopesOf(resourceSpans: Json, unknown: UnknownNames): ResourceSpans<Json>['scopes'] {
  for (const list of ['scopeSpans', LIBRARY_SPANS]) {
    for (const scopeSpans of objects(resourceSpans[list], list)) {
      unknown.look(scopeSpans, SCOPE_NAMES);
      const { scope = scopeSpans.instrumentationLibrary, spans } = scopeSpans;
      const name = isObject(scope) ? scope.name : undefined;
      yield { name: textOf(name), spans: objects(spans, 'spans') };
    }
  }
}

class Span extends OtlpSpan {
  readonly #json: Json;
  readonly #reasons: Reasons;

  constructor(json: Json, reasons: Reasons) {
    super();
    this.traceId = hex(json.traceId);
    this.spanId = hex(json.spanId);
    this.parentSpanId = hex(json.parentSpanId);
    this.kind = enumValue(json.kind, KINDS);
    this.flags = integer(json.flags);
    this.statusCode = isObject(json.status) ? enumValue(json.status.code, STATUS_CODES) : 0;
    if (this.statusCode === UNKNOWN_NAME) reasons.add(UNKNOWN_STATUS);
    this.startNanos = nanos(json.startTimeUnixNano);
    this.endNanos = nanos(json.endTimeUnixNano);
    this.#json = json;
    this.#reasons = reasons;
  }

  readName(): string {
    return cutText(textOf(this.#json.name), this.#reasons);
  }

  readAttributes(isKept?: Keeps): Attributes {
    return readAttributes(this.#json.attributes, this.#reasons, isKept);
  }

  readEvents(): readonly SpanEvent[] {
    return readEvents(eventsOf(this.#json, this.#reasons), this.#reasons);
  }

  readLink(): Ids | undefined {
    const [link] = objects(this.#json.links, 'links');
    return link && { traceId: hex(link.traceId), spanId: hex(link.spanId) };
  }
}

function* eventsOf({ events }: Json, reasons: Reasons): Generator<OtlpEvent> {
  for (const { name, timeUnixNano, attributes } of objects(events, 'events')) {
    yield {
      name,
      nanos: nanos(timeUnixNano),
      readAttributes: (isKept) => readAttributes(attributes, reasons, isKept),
    };
  }
}

function readAttributes(list: unknown, reasons: Reasons, isKept: Keeps = () => true): Attributes {
  let attributes = NO_ATTRIBUTES;
  let count = 0;
  for (const { key, value } of objects(list, 'attributes')) {
    if (!takesAttribute(count++, reasons)) break;
    if (!isAttributeName(key) || !isKept(key)) continue;
    attributes = withAttribute(attributes, key, readValue(value, reasons));
  }
  return attributes;
}

/** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
function readValue(value: unknown, reasons: Reasons, lists = true): AttributeValue | undefined {
  if (!isObject(value)) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = value;
  if (typeof stringValue === 'string') return cutText(stringValue, reasons);
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof intValue === 'string' && intValue !== '') return exactInteger(intValue);
  const number = intValue ?? doubleValue;
  if (typeof number === 'number') return number;
  if (typeof number === 'string' && number !== '') return Number(number);
  if (!lists || !isObject(arrayValue)) {
    for (const name in value) if (!VALUE_NAMES.has(name)) reasons.add(UNKNOWN_VALUE);
    return undefined;
  }
  const items = objects(arrayValue.values, 'values')
    .slice(0, MAX_ITEMS)
    .map((item) => readValue(item, reasons, false));
  return items.filter((item) => item !== undefined) as AttributeValue;
}

const VALUE_NAMES: ReadonlySet<string> = new Set(
  'stringValue boolValue intValue doubleValue arrayValue kvlistValue bytesValue'.split(' '),
);
const UNKNOWN_VALUE =
  'values of attributes are not read that have none of the types of OTLP, such as stringValue';
const UNKNOWN_STATUS = 'the status of a span is not read because its code is unknown';

/** The objects in a list. OTLP omits empty lists. */
function objects(list: unknown, name: string): readonly Json[] {
  if (list === undefined || list === null) return [];
  if (Array.isArray(list) && list.every(isObject)) return list;
  throw new UnreadableExport(`${name} is not a list of objects`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function hex(id: unknown): string {
  return typeof id === 'string' && /^[\da-f]{1,32}$/i.test(id) ? id.toLowerCase() : '';
}

/** Names of span kinds in OTLP, by their numbers there: one more than those of the API. */
const KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** Reads an enum, which older SDKs write by name. `UNKNOWN_NAME` if there is no such name. */
function enumValue(value: unknown, names: readonly string[]): number {
  if (typeof value !== 'string' || /^\d*$/.test(value)) return integer(value);
  return names.indexOf(value);
}

function integer(value: unknown): number {
  // `Number` throws for an object that cannot be converted to a primitive.
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
  return Number.isInteger(number) ? number : 0;
}

/** Reads a time. */
function nanos(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && number > 0 && number < 2 ** 64 ? Math.trunc(number) : 0;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

const names = new KnownTexts();

/**
 * Refuses JSON that takes long to parse, because parsing cannot be interrupted: deeper nesting, more lists and objects per
 * byte, and more names than in any export.
 */
function checkJson(body: Buffer): void {
  const found = new Set<string>();
  let left = Math.max(MIN_OBJECTS, body.length / MIN_BYTES_OF_AN_OBJECT);
  let depth = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (byte === QUOTE) {
      const begin = i + 1;
      i = endOfString(body, begin);
      if (!isName(body, i + 1)) continue;
      found.add(names.read(body, begin, i));
      if (found.size > MAX_NAMES) {
        throw new UnreadableExport(`JSON has more than ${MAX_NAMES} different names`);
      }
    }
    // The brackets and braces: 0x5b, 0x5d, 0x7b, 0x7d.
    else if ((byte & 0xdf) === 0x5b) {
      depth += 1;
      left -= 1;
      if (depth > MAX_NESTING) {
        throw new UnreadableExport(`JSON is nested deeper than ${MAX_NESTING} levels`);
      }
      if (left < 0) throw new UnreadableExport(TOO_DENSE);
    } else if ((byte & 0xdf) === 0x5d) depth -= 1;
  }
}

const TOO_DENSE = `JSON has more than ${MIN_OBJECTS} lists and objects, and less than ${MIN_BYTES_OF_AN_OBJECT} bytes for each`;

/** Whether a colon comes next. */
function isName(body: Buffer, begin: number): boolean {
  let i = begin;
  while ((body[i] as number) <= SPACE) i += 1;
  return body[i] === COLON;
}

/** The position of the closing quotation mark, or the end of the body. */
function endOfString(body: Buffer, begin: number): number {
  for (let i = begin; i < body.length; i++) {
    const byte = body[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  return body.length;
}
