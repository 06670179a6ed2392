import { hash } from 'node:crypto';
import type { Attributes, HrTime, SpanContext } from '../../common/otel-types.js';
import { type FinishedSpan, textOf } from '../../request/finished-span.js';
import { HIT_EVENT, MAX_ADDITIONAL_HITS } from '../../request/matomo-attributes.js';
import { OPERATION_ATTRIBUTES } from '../../request/operations.js';
import type { RequestReading } from '../../request/read-request.js';
import { ROUTE_BELOW_ATTRIBUTES } from '../../request/route-of.js';
import {
  type ExportedEvent,
  type ExportedSpan,
  type IsKept,
  NO_ATTRIBUTES,
  NONE,
  type ResourceSpans,
} from '../otlp/exported-span.js';

/** The resource of spans. */
export interface SpanSource {
  readonly attributes: Attributes;
  readonly isPython: boolean;
  /** A digest of the service and its instance. Spans of different services never belong to the same request. */
  readonly service: string;
}

const HAS_IS_REMOTE = 0x100; // SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
const IS_REMOTE = 0x200; // SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK

/** Memory of a span without its texts and its share of the resources, and the ratio of the memory of these to their bytes in the export. */
const SPAN_BYTES = 500;
const EXCESS = 3;

/** A span of another process. Most spans only have a position among others, so the other values are computed when they are read. */
export class ReceivedSpan implements FinishedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status: { readonly code: number };
  readonly events: NonNullable<FinishedSpan['events']>;
  readonly links: FinishedSpan['links'];
  readonly parentSpanContext?: NonNullable<FinishedSpan['parentSpanContext']>;
  readonly resource: SpanSource;
  readonly bytes: number;
  /** Time of arrival on the monotonic clock. */
  readonly arrivalMillis: number;
  readonly #span: ExportedSpan;

  constructor(span: ExportedSpan, resource: SpanSource, share: number, arrivalMillis: number) {
    const { parentSpanId, flags } = span;
    // OTLP has one kind more than the API: unspecified, which counts as INTERNAL.
    this.kind = Math.max(0, span.kind - 1);
    this.name = span.name;
    this.attributes = span.attributes;
    this.status = span.statusCode === 0 ? UNSET : { code: span.statusCode };
    this.events = span.events.length === 0 ? NONE : usedEvents(span.events);
    const [link] = span.links;
    const isLinked = link && isId(link.traceId, NO_TRACE_ID) && isId(link.spanId, NO_SPAN_ID);
    this.links = isLinked ? [{ context: link }] : NONE;
    if (isId(parentSpanId, NO_SPAN_ID)) {
      const isRemote = flags & HAS_IS_REMOTE ? (flags & IS_REMOTE) !== 0 : undefined;
      this.parentSpanContext = { spanId: parentSpanId, isRemote };
    }
    this.resource = resource;
    this.bytes = share + EXCESS * span.bytes;
    this.arrivalMillis = arrivalMillis;
    this.#span = span;
  }

  get startTime(): HrTime {
    return toHrTime(this.#span.startNanos);
  }

  get duration(): HrTime {
    const { startNanos, endNanos } = this.#span;
    return toHrTime(Math.max(0, endNanos - startNanos));
  }

  /** Whether the span may have data for its request. */
  get hasFacts(): boolean {
    const { attributes, events, status } = this;
    return attributes !== NO_ATTRIBUTES || events !== NONE || status !== UNSET;
  }

  spanContext(): SpanContext {
    const { traceId, spanId } = this.#span;
    return { traceId, spanId, traceFlags: 1 };
  }
}

const UNSET = { code: 0 };

/** Returns the last exception and the events for Matomo. */
function usedEvents(events: readonly ExportedEvent[]): ReceivedSpan['events'] {
  const exception = events.findLast(({ name }) => name === 'exception');
  const type = exception?.attributes['exception.type'];
  return [
    ...(exception ? [{ name: 'exception', attributes: { 'exception.type': type } }] : []),
    ...hitEventsOf(events)
      .slice(0, MAX_ADDITIONAL_HITS)
      .map(({ name, attributes, nanos }) => ({
        name,
        attributes,
        ...(nanos > 0 && { time: toHrTime(nanos) }),
      })),
  ];
}

function hitEventsOf(events: readonly ExportedEvent[]): readonly ExportedEvent[] {
  return events.filter(({ name }) => name === HIT_EVENT);
}

/** Creates the function that selects attributes of spans that are not SERVER spans. */
export function createIsKept({ userIdAttribute }: RequestReading): IsKept {
  const own = userIdAttribute === undefined ? [] : [userIdAttribute];
  const names = ['error.type', ...ROUTE_BELOW_ATTRIBUTES, ...OPERATION_ATTRIBUTES, ...own];
  const kept = new Set(names);
  const isKept = (name: string) => name.startsWith('matomo.') || kept.has(name);
  const firstBytes = new Set(['matomo.', ...names].map((name) => Buffer.from(name)[0] as number));
  return Object.assign(isKept, { firstBytes });
}

/** Creates spans from an export with this number of bytes. Some spans are rejected. Their sender gets the reasons. */
export function toReceivedSpans(resources: readonly ResourceSpans[], bytes: number) {
  const all = resources.flatMap(({ spans }) => spans);
  const ofSpans = all.reduce((sum, span) => sum + span.bytes, 0);
  const share = SPAN_BYTES + (EXCESS * (bytes - ofSpans)) / all.length;
  const now = performance.now();
  const received: ReceivedSpan[] = [];
  const reasons = new Set<string>();
  for (const { attributes, spans } of resources) {
    const source = toSource(attributes);
    for (const span of spans) {
      const reason = reasonToReject(span);
      if (reason === undefined) received.push(new ReceivedSpan(span, source, share, now));
      else reasons.add(reason);
      if (span.events.length <= MAX_ADDITIONAL_HITS) continue;
      if (hitEventsOf(span.events).length > MAX_ADDITIONAL_HITS) reasons.add(TOO_MANY_HIT_EVENTS);
    }
  }
  return { spans: received, rejected: all.length - received.length, reasons };
}

const TOO_MANY_HIT_EVENTS = `matomo.hit events beyond the first ${MAX_ADDITIONAL_HITS} of a span are not read`;
const NO_TRACE_ID = '0'.repeat(32);
const NO_SPAN_ID = '0'.repeat(16);
const MAX_KIND = 5; // SPAN_KIND_CONSUMER

function reasonToReject(span: ExportedSpan): string | undefined {
  if (!isId(span.traceId, NO_TRACE_ID)) return 'a trace ID is invalid';
  if (!isId(span.spanId, NO_SPAN_ID)) return 'a span ID is invalid';
  if (span.kind < 0 || span.kind > MAX_KIND) return 'the kind of a span is unknown';
  return span.startNanos === 0 ? 'a span has no start time' : undefined;
}

function isId(id: string, none: string): boolean {
  return id.length === none.length && id !== none;
}

const SERVICE = ['service.namespace', 'service.name', 'service.instance.id'];

function toSource(attributes: Attributes): SpanSource {
  const service = SERVICE.map((name) => textOf(attributes[name]) ?? '').join('\0');
  return {
    attributes,
    isPython: attributes['telemetry.sdk.language'] === 'python',
    service: hash('sha256', service), // the key of each trace contains it, and names may be long
  };
}

function toHrTime(nanos: number): HrTime {
  const rest = nanos % 1e9;
  return [(nanos - rest) / 1e9, rest];
}
