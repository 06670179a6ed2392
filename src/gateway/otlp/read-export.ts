import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import type { Steps } from '../../common/slices.js';
import { HIT_EVENT } from '../../requests/hit-events.js';
import { MAX_FURTHER_HITS } from '../../requests/request-waits.js';
import { type DecodedExport, UnreadableExport } from './decoded-export.js';
import {
  type HitEvent,
  NO_ATTRIBUTES,
  NO_HIT_EVENTS,
  OTLP_SERVER_SPAN,
  type SpanFields,
  type SpanSource,
} from './received-span.js';

/** An object in the shape of OTLP's JSON, of which nothing has been checked. */
export type Json = Readonly<Record<string, unknown>>;

// Limits, because a few bytes of an export can become objects that need far more memory.
/** Attributes of a span or a resource. The default limit of SDKs is 128. */
const MAX_ATTRIBUTES = 512;
/** Elements of an attribute that is a list. */
export const MAX_ITEMS = 128;
/** Longer texts are cut. Tracking parameters are shorter, so JSON that was cut here is still too long for Matomo. */
export const MAX_TEXT_CHARACTERS = 32_768;
/** Attributes with longer names are not read. */
const MAX_NAME_CHARACTERS = 256;

/** Reads what encodings write differently. */
export interface ValueReader {
  /** `''` if the ID is invalid. */
  readId(value: unknown): string;
  /** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
  readValue(value: unknown, into: DecodedExport): AttributeValue | undefined;
}

/**
 * Reads the spans of an `ExportTraceServiceRequest` in steps. Its lists may decode while they are iterated.
 * What they have may be the same object each time.
 *
 * @throws UnreadableExport
 */
export function* readExport(request: Json, into: DecodedExport, values: ValueReader): Steps {
  for (const resourceSpans of objects(request.resourceSpans, 'resourceSpans')) {
    into.beginResource();
    let source: SpanSource | undefined;
    for (const { scope, spans } of objects(resourceSpans.scopeSpans, 'scopeSpans')) {
      into.beginScope();
      const scopeName = isObject(scope) ? cut(text(scope.name), MAX_NAME_CHARACTERS) : '';
      for (const span of objects(spans, 'spans')) {
        if (into.endsStep()) yield false;
        if (!into.takesSpan()) continue;
        source ??= readSource(resourceSpans.resource, into, values);
        into.add(readSpan(span, scopeName, into, values), source);
      }
      if (into.endsStep()) yield false;
    }
    if (into.endsStep()) yield false;
  }
}

/** Called only if there are spans, because an export can have far more resources than spans. */
function readSource(resource: unknown, into: DecodedExport, values: ValueReader): SpanSource {
  const attributes = isObject(resource) ? resource.attributes : undefined;
  return into.toSource(readAttributes(attributes, into, values));
}

function readSpan(json: Json, scope: string, into: DecodedExport, values: ValueReader): SpanFields {
  const { status, events, links } = json;
  const kind = enumValue(json.kind, OTLP_SPAN_KINDS);
  const isServer = kind === OTLP_SERVER_SPAN;
  const attributes = readAttributes(
    json.attributes,
    into,
    values,
    isServer ? undefined : into.selection.keepsAttribute,
  );
  const { exceptionType, hitEvents } =
    events === undefined ? NO_EVENTS : readEvents(events, into, values);
  const isNamed = isServer || attributes !== NO_ATTRIBUTES; // the name tells what a route belongs to
  return {
    traceId: values.readId(json.traceId),
    spanId: values.readId(json.spanId),
    parentSpanId: values.readId(json.parentSpanId),
    name: isNamed ? cutText(text(json.name), into) : '',
    kind,
    startNanos: nanos(json.startTimeUnixNano),
    endNanos: nanos(json.endTimeUnixNano),
    attributes,
    statusCode: isObject(status) ? enumValue(status.code, STATUS_CODES) : 0,
    exceptionType,
    hitEvents,
    link: links === undefined ? undefined : linkOf(links, values),
    flags: json.flags === 0 ? 0 : integer(json.flags),
    scope,
  };
}

/** Names of span kinds in OTLP, by their numbers there: one more than those of the API. */
const OTLP_SPAN_KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

function enumValue(value: unknown, names: readonly string[]): number {
  const index = typeof value === 'string' ? names.indexOf(value) : -1;
  return index >= 0 ? index : integer(value);
}

/** The class of the last exception, and the events for Matomo. */
function readEvents(
  events: unknown,
  into: DecodedExport,
  values: ValueReader,
): Pick<SpanFields, 'exceptionType' | 'hitEvents'> {
  let exceptionType: string | undefined;
  const hitEvents: HitEvent[] = [];
  for (const { name, timeUnixNano, attributes } of objects(events, 'events')) {
    if (name === 'exception') {
      const { 'exception.type': type } = readAttributes(attributes, into, values, isExceptionType);
      exceptionType = typeof type === 'string' ? type : undefined;
    } else if (name === HIT_EVENT && hitEvents.length < MAX_FURTHER_HITS) {
      const read = readAttributes(attributes, into, values);
      hitEvents.push({ nanos: nanos(timeUnixNano), attributes: read });
    } else if (name === HIT_EVENT) into.reasons.add(TOO_MANY_HIT_EVENTS);
  }
  return { exceptionType, hitEvents };
}

const NO_EVENTS = { exceptionType: undefined, hitEvents: NO_HIT_EVENTS };

const isExceptionType = (name: string): boolean => name === 'exception.type';

const TOO_MANY_HIT_EVENTS = `matomo.hit events beyond the first ${MAX_FURTHER_HITS} of a span are not read`;

function linkOf(links: unknown, { readId }: ValueReader): SpanFields['link'] {
  for (const link of objects(links, 'links')) {
    return { traceId: readId(link.traceId), spanId: readId(link.spanId) };
  }
  return undefined;
}

const TOO_MANY_ATTRIBUTES = `attributes beyond the first ${MAX_ATTRIBUTES} are not read`;

/** Reads the attributes that a filter keeps. `NO_ATTRIBUTES` if there are none. */
function readAttributes(
  list: unknown,
  into: DecodedExport,
  values: ValueReader,
  isKept?: (name: string) => boolean,
): Attributes {
  let attributes: Attributes | undefined;
  let count = 0;
  for (const attribute of objects(list, 'attributes')) {
    if (count === MAX_ATTRIBUTES) {
      into.reasons.add(TOO_MANY_ATTRIBUTES);
      break;
    }
    count += 1;
    const { key } = attribute;
    if (typeof key !== 'string' || key === '__proto__' || key.length > MAX_NAME_CHARACTERS)
      continue;
    if (isKept?.(key) === false) continue;
    const read = values.readValue(attribute.value, into);
    if (read === undefined) continue;
    attributes ??= {};
    attributes[key] = read;
  }
  return attributes ?? NO_ATTRIBUTES;
}

/** The elements of a list. OTLP omits empty lists. */
export function objects(list: unknown, name: string): Iterable<Json> {
  if (list === undefined || list === null) return [];
  const isList = Array.isArray(list) ? list.every(isObject) : isIterable(list);
  if (!isList) throw new UnreadableExport(`${name} is not a list of objects`);
  return list as Iterable<Json>;
}

/** What is parsed of JSON has no symbols. */
function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function cutText(value: string, into: DecodedExport): string {
  if (value.length <= MAX_TEXT_CHARACTERS) return value;
  into.reasons.add(`texts beyond ${MAX_TEXT_CHARACTERS} characters are cut`);
  return cut(value, MAX_TEXT_CHARACTERS);
}

/** Cuts a text. Returns a copy, because a part of a string keeps the whole string in memory. */
function cut(value: string, characters: number): string {
  if (value.length <= characters) return value;
  return Buffer.from(value.slice(0, characters), 'utf16le').toString('utf16le');
}

function integer(value: unknown): number {
  // `Number` throws for an object that cannot be converted to a primitive.
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
  return Number.isInteger(number) ? number : 0;
}

/** An integer of 64 bits: as text if a number would not be exact, so that two users never have one ID. */
export function exactInteger(value: string | bigint): number | string {
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? String(value) : number;
}

function nanos(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value / 1000)) && value > 0
    ? BigInt(Math.trunc(value))
    : 0n;
}
