import type { Attributes, AttributeValue } from '../../common/otel-types.js';
import {
  type ExportedSpan,
  exactInteger,
  type IsKept,
  maxMessages,
  NO_ATTRIBUTES,
  type ResourceSpans,
  SERVER,
  TOO_MANY_MESSAGES,
  UnreadableExport,
} from './exported-span.js';

// Reads the messages of opentelemetry-proto 1.x in JSON by a table of their fields.

/** Reads the value of a field, which can be anything. */
type Read<Value> = (json: unknown) => Value;

type Fields = Readonly<Record<string, Read<unknown>>>;

type Message<Of extends Fields> = { readonly [Name in keyof Of]: ReturnType<Of[Name]> };

/** Reads a message. Fields that are missing or null read as `undefined` does. */
function message<const Of extends Fields>(fields: Of): Read<Message<Of>> {
  const known = Object.entries(fields);
  return (json = {}) => {
    if (!isObject(json)) throw new UnreadableExport('JSON has something else than an object');
    const made: Record<string, unknown> = {};
    for (const [name, read] of known) made[name] = read(json[name] ?? undefined);
    return made as Message<Of>;
  };
}

function list<Item>(read: Read<Item>): Read<readonly Item[]> {
  return (json) => itemsOf(json).map((item) => read(item ?? undefined));
}

function itemsOf(json: unknown = []): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new UnreadableExport('JSON has something else than a list');
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

const text: Read<string> = (json) =>
  json === undefined || typeof json === 'object' ? '' : String(json);

const id: Read<string> = (json) => text(json).toLowerCase();

/** An integer, which is text if it has 64 bits. A time is exact to a fourth of a microsecond. */
const integer: Read<number> = (json) => {
  const number = Number(text(json));
  return Number.isInteger(number) && number >= 0 ? number : 0;
};

/** An enum, which older senders write by name. A name that it does not have is -1. */
function enumOf(...names: string[]): Read<number> {
  return (json) => (/^\d*$/.test(text(json)) ? integer(json) : names.indexOf(text(json)));
}

/** A list of names and values, as one object. */
const attributes: Read<Attributes> = (json) => {
  const made: Attributes = {};
  for (const item of itemsOf(json)) {
    if (!isObject(item) || typeof item.key !== 'string' || item.key === '__proto__') continue;
    const value = anyValue(item.value);
    if (value !== undefined) made[item.key] = value as AttributeValue;
  }
  return made;
};

/** Text, a number, a boolean or a list of them. No attribute that is used has another type. */
function anyValue(json: unknown): unknown {
  if (!isObject(json)) return undefined;
  for (const [name, read] of VALUES) {
    const value = json[name] ?? undefined;
    if (value !== undefined) return read(value);
  }
  return undefined;
}

const VALUES: readonly (readonly [name: string, Read<unknown>])[] = [
  ['stringValue', text],
  ['boolValue', Boolean],
  ['intValue', (json) => exactInteger(text(json))],
  ['doubleValue', (json) => Number(text(json))],
  ['arrayValue', (json) => message({ values: list(anyValue) })(json).values],
];

const SCOPE_SPANS = list(
  message({
    spans: list(
      message({
        traceId: id,
        spanId: id,
        parentSpanId: id,
        name: text,
        kind: enumOf(
          'SPAN_KIND_UNSPECIFIED',
          'SPAN_KIND_INTERNAL',
          'SPAN_KIND_SERVER',
          'SPAN_KIND_CLIENT',
          'SPAN_KIND_PRODUCER',
          'SPAN_KIND_CONSUMER',
        ),
        startTimeUnixNano: integer,
        endTimeUnixNano: integer,
        attributes,
        events: list(message({ timeUnixNano: integer, name: text, attributes })),
        links: list(message({ traceId: id, spanId: id })),
        status: message({
          code: enumOf('STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'),
        }),
        flags: integer,
      }),
    ),
  }),
);

const EXPORT_REQUEST = message({
  resourceSpans: list(
    message({
      resource: message({ attributes }),
      scopeSpans: SCOPE_SPANS,
      // the name before OTLP 0.20
      instrumentationLibrarySpans: SCOPE_SPANS,
    }),
  ),
});

const [OPEN_LIST, OPEN_OBJECT] = Buffer.from('[{');

/** Objects and lists take far more memory and time than their bytes. Texts may have few such characters, too. */
function checkObjects(body: Buffer): void {
  let left = maxMessages(body);
  for (let i = 0; i < body.length; i++)
    if (body[i] === OPEN_LIST || body[i] === OPEN_OBJECT) left -= 1;
  if (left < 0) throw new UnreadableExport(TOO_MANY_MESSAGES);
}

/** Reads an `ExportTraceServiceRequest`. `isKept` chooses attributes of spans that are not SERVER spans. */
export function decodeJson(body: Buffer, isKept: IsKept): readonly ResourceSpans[] {
  checkObjects(body);
  return EXPORT_REQUEST(JSON.parse(body.toString())).resourceSpans.map(
    ({ resource, scopeSpans, instrumentationLibrarySpans }) => ({
      attributes: resource.attributes,
      spans: [...scopeSpans, ...instrumentationLibrarySpans].flatMap(({ spans }) =>
        spans.map((span) => toSpan(span, isKept)),
      ),
    }),
  );
}

function toSpan(
  span: ReturnType<typeof SCOPE_SPANS>[number]['spans'][number],
  isKept: IsKept,
): ExportedSpan {
  return {
    ...span,
    startNanos: span.startTimeUnixNano,
    endNanos: span.endTimeUnixNano,
    attributes: span.kind === SERVER ? span.attributes : onlyKept(span.attributes, isKept),
    events: span.events.map(({ timeUnixNano, ...event }) => ({ ...event, nanos: timeUnixNano })),
    statusCode: span.status.code,
  };
}

function onlyKept(attributes: Attributes, isKept: IsKept): Attributes {
  const kept = Object.entries(attributes).filter(([name]) => isKept(name));
  return kept.length === 0 ? NO_ATTRIBUTES : Object.fromEntries(kept);
}
