import { randomBytes } from 'node:crypto';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { type FinishedSpan, parentSpanIdOf } from '../../src/request/finished-span.js';

type Value = string | number | boolean | readonly string[];

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: object[];
  readonly flags?: number;
  readonly events?: readonly object[];
}

export const SERVER = 2;
export const CLIENT = 3;

/** Begun a second ago, of 10 ms; INTERNAL unless it is said otherwise. */
export function otlpSpan(
  attributes: Readonly<Record<string, Value>> = {},
  overrides: Partial<Omit<OtlpSpan, 'attributes'>> = {},
): OtlpSpan {
  const start = BigInt(Date.now() - 1000) * 1_000_000n;
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'span',
    kind: 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 10_000_000n),
    attributes: keyValues(attributes),
    ...overrides,
  };
}

export function requestSpan(
  path: string,
  overrides: Parameters<typeof otlpSpan>[1] = {},
  attributes: Readonly<Record<string, Value>> = {},
) {
  const all = {
    'http.request.method': 'GET',
    'url.path': path,
    'http.response.status_code': 200,
    'user_agent.original': 'curl/8.5.0',
    ...attributes,
  };
  return otlpSpan(all, { name: `GET ${path}`, kind: SERVER, ...overrides });
}

export function below(
  parent: OtlpSpan,
  attributes: Readonly<Record<string, Value>> = {},
  overrides: Parameters<typeof otlpSpan>[1] = {},
): OtlpSpan {
  const { traceId, spanId } = parent;
  return otlpSpan(attributes, { traceId, parentSpanId: spanId, ...overrides });
}

/** A span event that asks for a hit, half a second after the span began. */
export function hitEvent(
  parameters: Readonly<Record<string, Value>>,
  time = BigInt(Date.now() - 500) * 1_000_000n,
): object {
  const named = Object.entries(parameters).map(([name, value]) => [`matomo.${name}`, value]);
  return {
    name: 'matomo.hit',
    timeUnixNano: String(time),
    attributes: keyValues(Object.fromEntries(named)),
  };
}

export function exportRequest(
  spans: readonly OtlpSpan[],
  resource: Readonly<Record<string, Value>> = { 'service.name': 'shop' },
): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: 'test' }, spans }],
      },
    ],
  });
}

/** What OpenTelemetry's own exporter would send of spans that were made for an exporter or processor. */
export function exportOf(
  spans: readonly FinishedSpan[],
  serializer: Pick<typeof JsonTraceSerializer, 'serializeRequest'> = JsonTraceSerializer,
): Uint8Array {
  return serializer.serializeRequest(spans.map(toReadable) as never) as Uint8Array;
}

/** A span as serializers need it; `parentSpanId` of SDK 1 becomes the context of SDK 2. */
function toReadable(span: FinishedSpan) {
  const parentId = parentSpanIdOf(span);
  const { startTime, duration, events = [], links = [] } = span;
  const { traceId, spanId } = span.spanContext();
  const nanos = startTime[1] + duration[1];
  return {
    ...span,
    spanContext: () => ({ traceId: traceId.padStart(32, '0'), spanId, traceFlags: 1 }),
    ...(parentId !== undefined && {
      parentSpanContext: { ...span.parentSpanContext, spanId: parentId },
    }),
    endTime: [startTime[0] + duration[0] + Math.floor(nanos / 1e9), nanos % 1e9],
    events: events.map((event) => ({ time: startTime, ...event })),
    links,
    resource: { attributes: {} },
    instrumentationScope: { name: 'test' },
  };
}

export function protobufOf(field: number, content: Uint8Array | string): Uint8Array {
  const bytes = Buffer.from(content as string);
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}

function keyValues(attributes: Readonly<Record<string, Value>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Value): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return { intValue: String(value) };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}
