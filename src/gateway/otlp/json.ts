import { isAscii } from 'node:buffer';
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
  SERVER,
  SPANS_IN_A_PART,
  TOO_MANY_MESSAGES,
  UnreadableExport,
} from './exported-span.js';

// Reads the messages of opentelemetry-proto 1.x in JSON, with one function per message. Fields that are missing or null have their defaults.

type Json = Readonly<Record<string, unknown>>;

function messageOf(json: unknown): Json {
  if (json === undefined || json === null) return NOTHING;
  if (typeof json === 'object' && !Array.isArray(json)) return json as Json;
  throw new UnreadableExport('JSON has something else than an object');
}

const NOTHING: Json = {};

function listOf(json: unknown): readonly unknown[] {
  if (json === undefined || json === null) return NONE;
  if (Array.isArray(json)) return json;
  throw new UnreadableExport('JSON has something else than a list');
}

function textOf(json: unknown): string {
  if (typeof json === 'string') return json;
  return json === undefined || typeof json === 'object' ? '' : String(json);
}

const idOf = (json: unknown) => textOf(json).toLowerCase();

/** Reads an integer. Integers of 64 bits are strings. Times are exact to a quarter of a microsecond. */
function integerOf(json: unknown): number {
  const number = Number(textOf(json));
  return Number.isInteger(number) && number >= 0 ? number : 0;
}

/** Reads an enum. Older senders write its name. An unknown name becomes -1. */
function enumOf(json: unknown, names: readonly string[]): number {
  const text = textOf(json);
  return /^\d*$/.test(text) ? integerOf(text) : names.indexOf(text);
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

/** Converts a list of names and values to one object. */
function attributesOf(list: unknown, isKept?: IsKept): Attributes {
  let attributes = NO_ATTRIBUTES;
  for (const item of listOf(list)) {
    const { key, value: json } = (item ?? NOTHING) as Json;
    if (typeof key !== 'string' || key === '__proto__' || isKept?.(key) === false) continue;
    const value = anyValueOf(json);
    if (value === undefined) continue;
    if (attributes === NO_ATTRIBUTES) attributes = {};
    attributes[key] = value as AttributeValue;
  }
  return attributes;
}

/** Reads text, a number, a boolean or a list of them. No attribute that is used has another type. */
function anyValueOf(json: unknown): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = (json ?? NOTHING) as Json;
  if (isSet(stringValue)) return textOf(stringValue);
  if (isSet(boolValue)) return Boolean(boolValue);
  if (isSet(intValue)) return exactInteger(textOf(intValue));
  if (isSet(doubleValue)) return Number(textOf(doubleValue));
  return isSet(arrayValue) ? listOf(messageOf(arrayValue).values).map(anyValueOf) : undefined;
}

const isSet = (json: unknown) => json !== undefined && json !== null;

/** `isKept` selects attributes of spans that are not SERVER spans. */
function spanOf(json: unknown, isKept: IsKept, bytes: number): ExportedSpan {
  const span = messageOf(json);
  const kind = enumOf(span.kind, KINDS);
  return {
    traceId: idOf(span.traceId),
    spanId: idOf(span.spanId),
    parentSpanId: idOf(span.parentSpanId),
    name: textOf(span.name),
    kind,
    startNanos: integerOf(span.startTimeUnixNano),
    endNanos: integerOf(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes, kind === SERVER ? undefined : isKept),
    events: listOf(span.events).map(eventOf),
    links: listOf(span.links).map(linkOf),
    statusCode: enumOf(messageOf(span.status).code, STATUS_CODES),
    flags: integerOf(span.flags),
    bytes,
  };
}

function eventOf(json: unknown): ExportedEvent {
  const { timeUnixNano, name, attributes } = messageOf(json);
  return {
    nanos: integerOf(timeUnixNano),
    name: textOf(name),
    attributes: attributesOf(attributes),
  };
}

function linkOf(json: unknown): ExportedSpan['links'][number] {
  const { traceId, spanId } = messageOf(json);
  return { traceId: idOf(traceId), spanId: idOf(spanId) };
}

const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = Buffer.from('"\\[{]}');

/** The depth at which lists of spans begin: the body, its resources, one of them, its scopes, one of them, its spans. */
const LIST_OF_SPANS = 6;

/**
 * Reads the spans of an export one by one, because parsing a large text in one step would block the event loop. Returns the text in which the
 * number of each span replaces the span.
 */
function* takeSpans(text: string, isKept: IsKept, spans: ExportedSpan[]): Generator<void, string> {
  let rest = '';
  let copied = 0;
  let start = 0;
  let depth = 0;
  let isInList = false;
  let left = maxMessages(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfText(text, i);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      left -= 1;
      if (left < 0) throw new UnreadableExport(TOO_MANY_MESSAGES);
      depth += 1;
      if (depth === LIST_OF_SPANS) isInList = code === OPEN_LIST;
      else if (depth === LIST_OF_SPANS + 1) start = i;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth -= 1;
      if (depth !== LIST_OF_SPANS || !isInList) continue;
      rest += text.slice(copied, start) + spans.length;
      copied = i + 1;
      spans.push(spanOf(JSON.parse(text.slice(start, copied)), isKept, copied - start));
      if (spans.length % SPANS_IN_A_PART === 0) yield;
    }
  }
  return rest + text.slice(copied);
}

/** Finds the quote that ends a string in JSON. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end > 0; end = json.indexOf('"', end + 1)) {
    let last = end - 1;
    while (json.charCodeAt(last) === BACKSLASH) last -= 1;
    if ((end - last) % 2 === 1) return end;
  }
  return json.length;
}

/** Reads an `ExportTraceServiceRequest`. `isKept` selects attributes of spans that are not SERVER spans. */
export function* decodeJson(body: Buffer, isKept: IsKept): Reading {
  // Node.js decodes Latin-1 faster than UTF-8. Both decode ASCII to the same text.
  const text = isAscii(body) ? body.toString('latin1') : body.toString();
  const taken: ExportedSpan[] = [];
  const rest = yield* takeSpans(text, isKept, taken);
  let next = 0;
  function spanAt(number: unknown): ExportedSpan {
    const span = typeof number === 'number' && number >= next ? taken[number] : undefined;
    if (!span) throw new UnreadableExport('JSON has something else than a span');
    next = Number(number) + 1;
    return span;
  }
  return listOf(messageOf(JSON.parse(rest)).resourceSpans).map((json) => {
    const { resource, scopeSpans } = messageOf(json);
    const numbers = listOf(scopeSpans).flatMap((scope) => listOf(messageOf(scope).spans));
    return { attributes: attributesOf(messageOf(resource).attributes), spans: numbers.map(spanAt) };
  });
}
