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
  type ResourceSpans,
  SERVER,
  SPANS_IN_A_PART,
  TOO_MANY_MESSAGES,
  UnreadableExport,
} from './exported-span.js';

// Reads the messages of opentelemetry-proto 1.x in JSON, a function for each. Fields that are missing or null have their defaults.

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

/** An integer, which is text if it has 64 bits. A time is exact to a fourth of a microsecond. */
function integerOf(json: unknown): number {
  const number = Number(textOf(json));
  return Number.isInteger(number) && number >= 0 ? number : 0;
}

/** An enum, which older senders write by name. A name that it does not have is -1. */
function enumOf(json: unknown, names: readonly string[]): number {
  const text = textOf(json);
  return /^\d*$/.test(text) ? integerOf(text) : names.indexOf(text);
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`);

/** A list of names and values, as one object. */
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

/** Text, a number, a boolean or a list of them. No attribute that is used has another type. */
function anyValueOf(json: unknown): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = (json ?? NOTHING) as Json;
  if (isSet(stringValue)) return textOf(stringValue);
  if (isSet(boolValue)) return Boolean(boolValue);
  if (isSet(intValue)) return exactInteger(textOf(intValue));
  if (isSet(doubleValue)) return Number(textOf(doubleValue));
  return isSet(arrayValue) ? listOf(messageOf(arrayValue).values).map(anyValueOf) : undefined;
}

const isSet = (json: unknown) => json !== undefined && json !== null;

/** `isKept` chooses attributes of spans that are not SERVER spans. */
function spanOf(json: unknown, isKept: IsKept): ExportedSpan {
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

const [OPEN_LIST, OPEN_OBJECT] = Buffer.from('[{');

/** Objects and lists take far more memory and time than their bytes. Texts may have few such characters, too. */
function checkObjects(body: Buffer): void {
  let left = maxMessages(body);
  for (let i = 0; i < body.length; i++)
    if (body[i] === OPEN_LIST || body[i] === OPEN_OBJECT) left -= 1;
  if (left < 0) throw new UnreadableExport(TOO_MANY_MESSAGES);
}

/** Reads an `ExportTraceServiceRequest`. `isKept` chooses attributes of spans that are not SERVER spans. */
export function* decodeJson(body: Buffer, isKept: IsKept): Reading {
  checkObjects(body);
  // ASCII is decoded ten times faster if Node.js is told that it is.
  const text = isAscii(body) ? body.toString('latin1') : body.toString();
  yield;
  const { resourceSpans } = messageOf(JSON.parse(text));
  yield;
  const all: ResourceSpans[] = [];
  for (const json of listOf(resourceSpans)) {
    // The name of the second list is that before OTLP 0.20.
    const { resource, scopeSpans, instrumentationLibrarySpans } = messageOf(json);
    const spans: ExportedSpan[] = [];
    for (const scope of [...listOf(scopeSpans), ...listOf(instrumentationLibrarySpans)])
      for (const span of listOf(messageOf(scope).spans))
        if (spans.push(spanOf(span, isKept)) % SPANS_IN_A_PART === 0) yield;
    all.push({ attributes: attributesOf(messageOf(resource).attributes), spans });
  }
  return all;
}
