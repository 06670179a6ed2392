import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import { runAtOnce, type Steps } from '../../common/slices.js';
import { HIT_EVENT } from '../../requests/hit-events.js';
import { type DecodedExport, MAX_ITEMS, UnreadableExport } from './decoded-export.js';
import { checkJson, cutName, cutText, exactInteger, MAX_NAME_CHARACTERS } from './limits.js';
import {
  emptySpanFields,
  type HitEvent,
  OTLP_SPAN_KINDS,
  type SpanFields,
  type SpanSource,
} from './received-span.js';

type Json = Readonly<Record<string, unknown>>;

/** Reads an `ExportTraceServiceRequest` in OTLP's JSON, also as older SDKs write it: enums by name, numbers as text. */
export function decodeJson(body: Buffer, into: DecodedExport): void {
  runAtOnce(readJson(body, into));
}

/** The same in steps. `JSON.parse` is the longest; `checkJson` refuses bodies for which it would take too long. */
export function* readJson(body: Buffer, into: DecodedExport): Steps {
  checkJson(body);
  yield body.length > LARGE_BYTES;
  const request = parse(body);
  yield body.length > LARGE_BYTES;
  for (const resourceSpans of objects(request.resourceSpans, 'resourceSpans')) {
    into.beginResource();
    let source: SpanSource | undefined;
    for (const scopeSpans of objects(resourceSpans.scopeSpans, 'scopeSpans')) {
      into.beginScope();
      const scope = isObject(scopeSpans.scope) ? cutName(text(scopeSpans.scope.name)) : '';
      for (const span of objects(scopeSpans.spans, 'spans')) {
        if (into.endsStep()) yield false;
        if (!into.takesSpan(0)) continue;
        source ??= readSource(resourceSpans.resource, into);
        into.add(readSpan(span, scope, into), source);
      }
      if (into.endsStep()) yield false;
    }
    if (into.endsStep()) yield false;
  }
}

/** Parsing a smaller body takes a few milliseconds. */
const LARGE_BYTES = 131_072;

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

/** Called only if there are spans, because an export can have far more resources than spans. */
function readSource(resource: unknown, into: DecodedExport): SpanSource {
  return into.toSource(readAttributes(isObject(resource) ? resource.attributes : undefined, into));
}

function readSpan(json: Json, scope: string, into: DecodedExport): SpanFields {
  const status = isObject(json.status) ? json.status : {};
  return {
    ...emptySpanFields(),
    traceId: hex(json.traceId),
    spanId: hex(json.spanId),
    parentSpanId: hex(json.parentSpanId),
    name: cutText(text(json.name), into),
    kind: enumValue(json.kind, OTLP_SPAN_KINDS),
    startNanos: nanos(json.startTimeUnixNano),
    endNanos: nanos(json.endTimeUnixNano),
    attributes: readAttributes(json.attributes, into),
    statusCode: enumValue(status.code, STATUS_CODES),
    exceptionType: exceptionTypeOf(json.events, into),
    hitEvents: hitEventsOf(json.events, into),
    link: linkOf(json.links),
    flags: integer(json.flags),
    scope,
  };
}

const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

function enumValue(value: unknown, names: readonly string[]): number {
  const index = typeof value === 'string' ? names.indexOf(value) : -1;
  return index >= 0 ? index : integer(value);
}

function exceptionTypeOf(events: unknown, into: DecodedExport): string | undefined {
  const exception = objects(events, 'events').findLast(({ name }) => name === 'exception');
  const type = exception && readAttributes(exception.attributes, into)['exception.type'];
  return typeof type === 'string' ? type : undefined;
}

function hitEventsOf(events: unknown, into: DecodedExport): HitEvent[] {
  const hits: HitEvent[] = [];
  for (const { name, timeUnixNano, attributes } of objects(events, 'events')) {
    if (name !== HIT_EVENT) continue;
    if (!into.takesHitEvent(hits.length)) break;
    hits.push({ nanos: nanos(timeUnixNano), attributes: readAttributes(attributes, into) });
  }
  return hits;
}

function linkOf(links: unknown): SpanFields['link'] {
  const [link] = objects(links, 'links');
  return link && { traceId: hex(link.traceId), spanId: hex(link.spanId) };
}

function readAttributes(list: unknown, into: DecodedExport): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (const { key, value } of objects(list, 'attributes')) {
    if (!into.takesAttribute(count)) break;
    count += 1;
    if (typeof key !== 'string' || key === '__proto__' || key.length > MAX_NAME_CHARACTERS)
      continue;
    const read = readAnyValue(value, true, into);
    if (read !== undefined) attributes[key] = read;
  }
  return attributes;
}

/** Reads text, numbers, booleans and lists of them. No attribute that is used has another type. */
function readAnyValue(
  value: unknown,
  lists: boolean,
  into: DecodedExport,
): AttributeValue | undefined {
  if (!isObject(value)) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = value;
  if (typeof stringValue === 'string') return cutText(stringValue, into);
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof intValue === 'string' && intValue !== '') return exactInteger(intValue);
  const number = intValue ?? doubleValue;
  if (typeof number === 'number') return number;
  if (typeof number === 'string' && number !== '') return Number(number);
  if (!lists || !isObject(arrayValue)) return undefined;
  const items = objects(arrayValue.values, 'values').slice(0, MAX_ITEMS);
  return items
    .map((item) => readAnyValue(item, false, into))
    .filter((item) => item !== undefined) as AttributeValue;
}

/** The elements of a list. OTLP omits empty lists. */
function objects(list: unknown, name: string): readonly Json[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list) || !list.every(isObject)) {
    throw new UnreadableExport(`${name} is not a list of objects`);
  }
  return list;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** An ID; `''` if it is invalid. */
function hex(value: unknown): string {
  return typeof value === 'string' && /^[\da-f]{1,32}$/i.test(value) ? value.toLowerCase() : '';
}

function integer(value: unknown): number {
  // `Number` throws for an object that cannot be converted to a primitive.
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0;
  return Number.isInteger(number) ? number : 0;
}

function nanos(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isSafeInteger(Math.trunc(value / 1000)) && value > 0
    ? BigInt(Math.trunc(value))
    : 0n;
}
