import type { Attributes, AttributeValue, HrTime, SpanContext } from '../../common/otel-types.js';
import { type FinishedSpan, methodOf, SERVER_SPAN } from '../../requests/finished-span.js';
import type { WaitingSpan } from '../../requests/group-spans.js';
import { HIT_EVENT } from '../../requests/hit-events.js';
import { linkedRequestOf } from '../../requests/operations/mcp.js';
import type { SpanSelection } from './span-selection.js';

/** A span event named `matomo.hit`. */
export interface HitEvent {
  readonly nanos: bigint;
  readonly attributes: Attributes;
}

/** Fields of a span as an export has them, in any encoding. */
export interface SpanFields {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** Number of the kind in OTLP. */
  kind: number;
  startNanos: bigint;
  endNanos: bigint;
  attributes: Attributes;
  statusCode: number;
  /** Class of the last exception that the span recorded. */
  exceptionType: string | undefined;
  /** Events named `matomo.hit`. */
  hitEvents: HitEvent[];
  /** The first link. */
  link: Pick<SpanContext, 'traceId' | 'spanId'> | undefined;
  flags: number;
  /** Name of the instrumentation scope. */
  scope: string;
}

/** The source of spans: their resource. */
export interface SpanSource {
  readonly attributes: Attributes;
  readonly isPython: boolean;
  /** Added to the bytes of each span of the resource, because each may be the last to keep it in memory. */
  readonly extraBytes?: number;
  /** The service and its instance. Spans of different services never belong to the same request. */
  readonly service: string;
  /** Whether its service is selected. */
  readonly isTaken: boolean;
}

const OBJECT_BYTES = 500;
const ATTRIBUTE_BYTES = 40;

const HAS_IS_REMOTE = 0x100; // SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
const IS_REMOTE = 0x200; // SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK

/** A span of another process. */
export class ReceivedSpan implements FinishedSpan, WaitingSpan<ReceivedSpan> {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status: { readonly code: number };
  readonly events: NonNullable<FinishedSpan['events']>;
  readonly parentSpanId: string | undefined;
  readonly isParentRemote: boolean | undefined;
  readonly resource: SpanSource;
  readonly isRequest: boolean;
  readonly isEmpty: boolean;
  readonly bytes: number;
  /** Of a span that was moved to another trace: an empty one in its own, so that spans below it wait no longer than it does. */
  readonly standIn: ReceivedSpan | undefined;
  readonly isStandIn: boolean;
  arrivedMillis = 0;
  group: WaitingSpan<ReceivedSpan>['group'] = undefined;
  isAncestorMissing = false;

  readonly #startNanos: bigint;
  readonly #endNanos: bigint;

  constructor(
    fields: SpanFields,
    source: SpanSource,
    selection: Pick<SpanSelection, 'takesScope'>,
    isStandIn = false,
  ) {
    const { attributes, exceptionType, hitEvents, parentSpanId, flags } = fields;
    this.traceId = fields.traceId;
    this.spanId = fields.spanId;
    this.name = fields.name;
    this.kind = toSpanKind(fields.kind);
    this.isEmpty =
      attributes === NO_ATTRIBUTES && exceptionType === undefined && hitEvents.length === 0;
    this.#startNanos = this.isEmpty ? 0n : fields.startNanos;
    this.#endNanos = this.isEmpty ? 0n : fields.endNanos;
    this.attributes = attributes;
    this.status = STATUSES[fields.statusCode] ?? UNSET;
    this.events = eventsOf(fields);
    this.parentSpanId =
      parentSpanId === '' || parentSpanId === NO_SPAN_ID ? undefined : parentSpanId;
    this.isParentRemote = flags & HAS_IS_REMOTE ? (flags & IS_REMOTE) !== 0 : undefined;
    const linked = fields.link && this.#linkedTo(fields.link);
    this.isStandIn = isStandIn;
    this.standIn =
      linked &&
      new ReceivedSpan(
        { ...EMPTY_SPAN, traceId: fields.traceId, spanId: fields.spanId },
        source,
        selection,
        true,
      );
    if (linked) {
      this.traceId = linked.traceId;
      this.parentSpanId = linked.spanId;
      this.isParentRemote = false;
    }
    this.resource = source;
    this.bytes = bytesOf(this.name, attributes) + (source.extraBytes ?? 0);
    for (const event of hitEvents) this.bytes += bytesOf(HIT_EVENT, event.attributes);
    this.isRequest =
      this.kind === SERVER_SPAN &&
      methodOf(attributes) !== undefined &&
      selection.takesScope(fields.scope);
  }

  get startTime(): HrTime {
    return toHrTime(this.#startNanos);
  }

  get duration(): HrTime {
    const nanos = this.#endNanos - this.#startNanos;
    return toHrTime(nanos > 0n ? nanos : 0n);
  }

  /** The request that brought the message of an MCP span, whose own parent is the call of the client. */
  #linkedTo(context: NonNullable<SpanFields['link']>): SpanFields['link'] {
    const { kind, attributes, parentSpanId, isParentRemote } = this;
    const { traceId, spanId } = context;
    if (traceId.length !== 32 || spanId.length !== 16) return undefined;
    return linkedRequestOf({
      kind,
      attributes,
      parentSpanId,
      links: [{ context }],
      ...(parentSpanId !== undefined &&
        isParentRemote !== undefined && {
          parentSpanContext: { spanId: parentSpanId, isRemote: isParentRemote },
        }),
    });
  }

  spanContext(): SpanContext {
    return { traceId: this.traceId, spanId: this.spanId, traceFlags: 1 };
  }
}

function eventsOf({ exceptionType, hitEvents }: SpanFields): ReceivedSpan['events'] {
  if (exceptionType === undefined && hitEvents.length === 0) return NO_EVENTS;
  const exceptions =
    exceptionType === undefined
      ? []
      : [{ name: 'exception', attributes: { 'exception.type': exceptionType } }];
  const hits = hitEvents.map(({ nanos, attributes }) => ({
    name: HIT_EVENT,
    attributes,
    ...(nanos > 0n && { time: toHrTime(nanos) }),
  }));
  return [...exceptions, ...hits];
}

function bytesOf(name: string, attributes: Attributes): number {
  let bytes = OBJECT_BYTES + name.length;
  for (const key in attributes) bytes += ATTRIBUTE_BYTES + bytesOfAttribute(key, attributes[key]);
  return bytes;
}

/** The length of the texts of an attribute. */
export function bytesOfAttribute(name: string, value: AttributeValue | undefined): number {
  const text = typeof value === 'string' ? value.length : 0;
  const texts = Array.isArray(value) ? value.reduce(addLength, 0) : 0;
  return name.length + text + texts;
}

const UNSET = { code: 0 };
const STATUSES = [UNSET, { code: 1 }, { code: 2 }];
/** Shared: most spans have none that are used. */
export const NO_ATTRIBUTES: Attributes = Object.freeze({});
export const NO_HIT_EVENTS = Object.freeze<HitEvent[]>([]) as HitEvent[];
/** A span of which nothing is known. */
export const EMPTY_SPAN: Readonly<SpanFields> = {
  traceId: '',
  spanId: '',
  parentSpanId: '',
  name: '',
  kind: 0,
  startNanos: 0n,
  endNanos: 0n,
  attributes: NO_ATTRIBUTES,
  statusCode: 0,
  exceptionType: undefined,
  hitEvents: NO_HIT_EVENTS,
  link: undefined,
  flags: 0,
  scope: '',
};
const NO_EVENTS: ReceivedSpan['events'] = [];

function addLength(sum: number, item: unknown): number {
  return sum + (typeof item === 'string' ? item.length : 0) + 16;
}

const NANOS = 1_000_000_000n;

function toHrTime(nanos: bigint): HrTime {
  return [Number(nanos / NANOS), Number(nanos % NANOS)];
}

/** The key of a trace: the trace ID and the service of its spans. */
export function traceKeyOf({ traceId, resource }: ReceivedSpan): string {
  return `${traceId}/${resource.service}`;
}

/** An invalid ID, which some senders write instead of none. */
export const NO_SPAN_ID = '0'.repeat(16);

/** The number of SPAN_KIND_SERVER in OTLP; the API's is 1. */
export const OTLP_SERVER_SPAN = 2;

/** The number of a kind in the API. An unspecified kind counts as INTERNAL. */
function toSpanKind(otlpKind: number): number {
  return otlpKind > 0 ? otlpKind - 1 : 0;
}
