import { createHash } from 'node:crypto';
import type { Attributes, HrTime, SpanContext } from '../../common/otel-types.js';
import { type FinishedSpan, SERVER_SPAN, textOf } from '../../request/finished-span.js';
import { HIT_EVENT, MAX_ADDITIONAL_HITS } from '../../request/matomo-attributes.js';
import { OPERATION_ATTRIBUTES } from '../../request/operations/index.js';
import type { RequestReading } from '../../request/read-request.js';
import { ROUTE_BELOW_ATTRIBUTES } from '../../request/routes/index.js';
import type { ExportRequest, OtlpSpan } from '../otlp/export-request.js';

/** The source of spans: their resource. */
export interface SpanSource {
  readonly attributes: Attributes;
  readonly isPython: boolean;
  /** The service and its instance. Spans of different services never belong to the same request. */
  readonly service: string;
}

const HAS_IS_REMOTE = 0x100; // SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
const IS_REMOTE = 0x200; // SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK

/** What a span takes in memory, roughly, besides its share of the export, and how much more that takes. */
const SPAN_BYTES = 500;
const EXCESS = 3;

/** A span of another process. Of what says nothing to Matomo, only the place among others is kept. */
export class ReceivedSpan implements FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly startTime: HrTime;
  readonly duration: HrTime;
  readonly attributes: Attributes;
  readonly status: { readonly code: number };
  readonly events: NonNullable<FinishedSpan['events']>;
  readonly links: FinishedSpan['links'];
  readonly parentSpanContext?: NonNullable<FinishedSpan['parentSpanContext']>;
  readonly resource: SpanSource;
  readonly bytes: number;
  /** By the monotonic clock. */
  readonly arrivalMillis = performance.now();
  readonly #context: SpanContext;

  constructor(
    span: OtlpSpan,
    resource: SpanSource,
    isKept: (name: string) => boolean,
    bytes: number,
  ) {
    const { parentSpanId, flags, startTimeUnixNano: start } = span;
    // OTLP has one kind more than the API, an unspecified one: that counts as INTERNAL.
    this.kind = Math.max(0, span.kind - 1);
    this.name = span.name;
    this.startTime = toHrTime(start);
    this.duration = toHrTime(Math.max(0, span.endTimeUnixNano - start));
    this.attributes =
      this.kind === SERVER_SPAN ? span.attributes : onlyKept(span.attributes, isKept);
    this.status = { code: span.status?.code ?? 0 };
    this.events = span.events.length === 0 ? NO_EVENTS : usedEvents(span.events);
    const [link] = span.links;
    this.links = link && isId(link.traceId, 32) && isId(link.spanId, 16) ? [{ context: link }] : [];
    if (isId(parentSpanId, 16)) {
      const isRemote = flags & HAS_IS_REMOTE ? (flags & IS_REMOTE) !== 0 : undefined;
      this.parentSpanContext = { spanId: parentSpanId, isRemote };
    }
    this.resource = resource;
    this.bytes = bytes;
    this.#context = { traceId: span.traceId, spanId: span.spanId, traceFlags: 1 };
  }

  spanContext(): SpanContext {
    return this.#context;
  }
}

const NO_EVENTS: readonly never[] = Object.freeze([]) as never;

/** The last exception, and the events for Matomo. */
function usedEvents(events: OtlpSpan['events']): ReceivedSpan['events'] {
  const exception = events.findLast(({ name }) => name === 'exception');
  const type = exception?.attributes['exception.type'];
  return [
    ...(exception ? [{ name: 'exception', attributes: { 'exception.type': type } }] : []),
    ...hitEventsOf(events)
      .slice(0, MAX_ADDITIONAL_HITS)
      .map(({ name, attributes, timeUnixNano }) => ({
        name,
        attributes,
        ...(timeUnixNano > 0 && { time: toHrTime(timeUnixNano) }),
      })),
  ];
}

function hitEventsOf(events: OtlpSpan['events']): OtlpSpan['events'] {
  return events.filter(({ name }) => name === HIT_EVENT);
}

function onlyKept(attributes: Attributes, isKept: (name: string) => boolean): Attributes {
  let kept: Attributes | undefined;
  for (const name in attributes) {
    if (!isKept(name)) continue;
    kept ??= {};
    kept[name] = attributes[name];
  }
  return kept ?? NO_ATTRIBUTES;
}

const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** Whether an attribute is kept of spans that are not SERVER spans. */
export function createIsKept({ userIdAttribute }: RequestReading): (name: string) => boolean {
  const kept = new Set<string | undefined>([
    'error.type',
    ...ROUTE_BELOW_ATTRIBUTES,
    ...OPERATION_ATTRIBUTES,
    userIdAttribute,
  ]);
  return (name) => name.startsWith('matomo.') || kept.has(name);
}

/** Spans of an export, those that are rejected, and why. */
export interface ReceivedSpans {
  readonly spans: readonly ReceivedSpan[];
  readonly rejected: number;
  readonly reasons: ReadonlySet<string>;
}

export function toReceivedSpans(
  { resourceSpans, bytes }: ExportRequest,
  isKept: (name: string) => boolean,
): ReceivedSpans {
  const all = resourceSpans.map(({ resource, scopeSpans, instrumentationLibrarySpans }) => ({
    source: toSource(resource?.attributes ?? {}),
    spans: [...scopeSpans, ...instrumentationLibrarySpans].flatMap((one) => one.spans),
  }));
  const count = all.reduce((sum, { spans }) => sum + spans.length, 0);
  const share = SPAN_BYTES + (EXCESS * bytes) / count;
  const reasons = new Set<string>();
  const received = all.flatMap(({ source, spans }) =>
    spans.flatMap((span) => {
      const reason = reasonToReject(span);
      if (reason !== undefined) {
        reasons.add(reason);
        return [];
      }
      if (hitEventsOf(span.events).length > MAX_ADDITIONAL_HITS) reasons.add(TOO_MANY_HIT_EVENTS);
      return new ReceivedSpan(span, source, isKept, share);
    }),
  );
  return { spans: received, rejected: count - received.length, reasons };
}

const TOO_MANY_HIT_EVENTS = `matomo.hit events beyond the first ${MAX_ADDITIONAL_HITS} of a span are not read`;

function reasonToReject(span: OtlpSpan): string | undefined {
  const { traceId, spanId, kind, startTimeUnixNano } = span;
  if (!isId(traceId, 32)) return 'a trace ID is invalid';
  if (!isId(spanId, 16)) return 'a span ID is invalid';
  if (kind < 0 || kind > MAX_KIND) return 'the kind of a span is unknown';
  return startTimeUnixNano === 0 ? 'a span has no start time' : undefined;
}

const MAX_KIND = 5; // SPAN_KIND_CONSUMER

/** An ID of zeros is none. */
function isId(id: string, length: number): boolean {
  return id.length === length && /^[\da-f]*[1-9a-f][\da-f]*$/.test(id);
}

/** The key of each trace has the service: of a longer one, it has the digest. */
const MAX_SERVICE_CHARACTERS = 200;
const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

function toSource(attributes: Attributes): SpanSource {
  const service = SERVICE.map((name) => textOf(attributes[name]) ?? '').join('\0');
  const isLong = service.length > MAX_SERVICE_CHARACTERS;
  return {
    attributes,
    isPython: attributes['telemetry.sdk.language'] === 'python',
    service: isLong ? createHash('sha256').update(service).digest('hex') : service,
  };
}

function toHrTime(nanos: number): HrTime {
  const rest = nanos % 1e9;
  return [(nanos - rest) / 1e9, rest];
}
