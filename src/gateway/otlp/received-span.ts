import type { Attributes, AttributeValue, HrTime, SpanContext } from '../../common/otel-types.js';
import { type FinishedSpan, methodOf } from '../../request/finished-span.js';
import { linkedRequestOf } from '../../request/operations/mcp.js';
import type { WaitingSpan } from '../../spans/group-spans.js';
import { type Keeps, NO_ATTRIBUTES, NO_EVENTS, type SpanEvent, toHrTime } from './read-values.js';

/** The source of spans: their resource. */
export interface SpanSource {
  readonly attributes: Attributes;
  readonly isPython: boolean;
  /** Added to the bytes of each span of the resource, because each may be the last to keep it in memory. */
  readonly extraBytes: number;
  /** The service and its instance. Spans of different services never belong to the same request. */
  readonly service: string;
  /** Whether its service is selected. */
  readonly isTaken: boolean;
}

/** What all spans of an instrumentation scope have in common. */
export interface SpanScope {
  readonly source: SpanSource;
  /** Whether its SERVER spans are requests. */
  readonly isTaken: boolean;
}

export type Ids = Pick<SpanContext, 'traceId' | 'spanId'>;

/** A span of an export, in any encoding. What takes time to decode is read by a method. */
export abstract class OtlpSpan {
  /** IDs in hex, `''` if they are invalid. */
  traceId = '';
  spanId = '';
  parentSpanId = '';
  /** The number of the kind in OTLP. */
  kind = 0;
  flags = 0;
  statusCode = 0;
  /** Nanoseconds since the epoch, 0 if there are none. A number is exact to a fourth of a microsecond; a `bigint` takes longer. */
  startNanos = 0;
  endNanos = 0;

  abstract readName(): string;
  /** Reads all attributes, or those that are kept. */
  abstract readAttributes(isKept?: Keeps): Attributes;
  abstract readEvents(): readonly SpanEvent[];
  /** Reads the first link. */
  abstract readLink(): Ids | undefined;
}

/** What says where a span is between others. */
type Place = Readonly<Pick<OtlpSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'kind' | 'flags'>>;

/** The number of SPAN_KIND_SERVER in OTLP; the API's is 1. */
export const OTLP_SERVER_SPAN = 2;

/** An invalid ID, which some senders write instead of none. */
export const NO_SPAN_ID = '0'.repeat(16);

const HAS_IS_REMOTE = 0x100; // SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
const IS_REMOTE = 0x200; // SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK

/** What is used of a span, apart from its place between others. */
interface SpanContents
  extends Pick<FinishedSpan, 'name' | 'attributes'>,
    Readonly<Pick<OtlpSpan, 'statusCode' | 'startNanos' | 'endNanos'>> {
  /** The last exception, and the events for Matomo. */
  readonly events: readonly SpanEvent[];
  readonly isRequest: boolean;
  readonly bytes: number;
  /** The trace that it was moved from. */
  readonly ownTraceId: string | undefined;
}

const OBJECT_BYTES = 500;
const ATTRIBUTE_BYTES = 40;

/** Most spans share it: the garbage collector copies each span that waits, so it has few fields. */
const NOTHING: SpanContents = {
  name: '',
  attributes: NO_ATTRIBUTES,
  statusCode: 0,
  events: NO_EVENTS,
  startNanos: 0,
  endNanos: 0,
  isRequest: false,
  bytes: OBJECT_BYTES,
  ownTraceId: undefined,
};
const STAND_IN: SpanContents = { ...NOTHING };

/** A span of another process. */
export class ReceivedSpan implements FinishedSpan, WaitingSpan<ReceivedSpan> {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly isParentRemote: boolean | undefined;
  readonly kind: number;
  readonly resource: SpanSource;
  readonly #contents: SpanContents;
  arrivedMillis = 0;
  group: WaitingSpan<ReceivedSpan>['group'] = undefined;
  isAncestorMissing = false;

  /** `linked`: the request that it is moved to. */
  constructor(span: Place, source: SpanSource, contents: SpanContents, linked?: Ids) {
    this.traceId = linked?.traceId ?? span.traceId;
    this.spanId = span.spanId;
    this.parentSpanId = linked?.spanId ?? parentIdOf(span);
    this.isParentRemote = linked ? false : isParentRemote(span);
    this.kind = toSpanKind(span.kind);
    this.resource = source;
    this.#contents = contents;
  }

  get name(): string {
    return this.#contents.name;
  }

  get attributes(): Attributes {
    return this.#contents.attributes;
  }

  get events(): readonly SpanEvent[] {
    return this.#contents.events;
  }

  get status(): FinishedSpan['status'] {
    return { code: this.#contents.statusCode };
  }

  get startTime(): HrTime {
    return toHrTime(this.#contents.startNanos);
  }

  get duration(): HrTime {
    const { startNanos, endNanos } = this.#contents;
    return toHrTime(Math.max(0, endNanos - startNanos));
  }

  get isRequest(): boolean {
    return this.#contents.isRequest;
  }

  get isEmpty(): boolean {
    return this.#contents === NOTHING || this.isStandIn;
  }

  get bytes(): number {
    return this.#contents.bytes + this.resource.extraBytes;
  }

  get isStandIn(): boolean {
    return this.#contents === STAND_IN;
  }

  /** Of a span that was moved to another trace: an empty one in its own, so that spans below it wait no longer than it does. */
  createStandIn(): ReceivedSpan | undefined {
    const { ownTraceId: traceId } = this.#contents;
    if (traceId === undefined) return undefined;
    const { spanId, resource } = this;
    const place = { traceId, spanId, parentSpanId: '', kind: 0, flags: 0 };
    return new ReceivedSpan(place, resource, STAND_IN);
  }

  spanContext(): SpanContext {
    return { traceId: this.traceId, spanId: this.spanId, traceFlags: 1 };
  }
}

/** Makes a span of one in an export. `keepsAttribute` says which attributes are kept of spans that are not SERVER spans. */
export function toReceivedSpan(
  span: OtlpSpan,
  { source, isTaken }: SpanScope,
  keepsAttribute: Keeps,
): ReceivedSpan {
  const isServer = span.kind === OTLP_SERVER_SPAN;
  const attributes = span.readAttributes(isServer ? undefined : keepsAttribute);
  const events = span.readEvents();
  if (attributes === NO_ATTRIBUTES && events.length === 0) {
    return new ReceivedSpan(span, source, NOTHING);
  }
  // The name tells what a route belongs to.
  const name = isServer || attributes !== NO_ATTRIBUTES ? span.readName() : '';
  let bytes = bytesOf(name, attributes);
  for (const event of events) bytes += bytesOf(event.name, event.attributes);
  const linked = requestLinkedBy(span, attributes);
  const contents: SpanContents = {
    name,
    attributes,
    statusCode: span.statusCode,
    events,
    startNanos: span.startNanos,
    endNanos: span.endNanos,
    isRequest: isServer && isTaken && methodOf(attributes) !== undefined,
    bytes,
    ownTraceId: linked && span.traceId,
  };
  return new ReceivedSpan(span, source, contents, linked);
}

/** The request that brought the message of an MCP span, whose own parent is the call of the client. */
function requestLinkedBy(span: OtlpSpan, attributes: Attributes): Ids | undefined {
  const context = span.readLink();
  if (context?.traceId.length !== 32 || context.spanId.length !== 16) return undefined;
  const spanId = parentIdOf(span);
  const isRemote = isParentRemote(span);
  return linkedRequestOf({
    kind: toSpanKind(span.kind),
    attributes,
    parentSpanId: spanId,
    links: [{ context }],
    ...(spanId !== undefined &&
      isRemote !== undefined && { parentSpanContext: { spanId, isRemote } }),
  });
}

function parentIdOf({ parentSpanId }: Place): string | undefined {
  return parentSpanId === '' || parentSpanId === NO_SPAN_ID ? undefined : parentSpanId;
}

function isParentRemote({ flags }: Place): boolean | undefined {
  return flags & HAS_IS_REMOTE ? (flags & IS_REMOTE) !== 0 : undefined;
}

/** The number in the API, which has no unspecified kind: that counts as INTERNAL. */
function toSpanKind(kind: number): number {
  return kind > 0 ? kind - 1 : 0;
}

/** Roughly the memory of an object with a name and attributes. */
export function bytesOf(name: string, attributes: Attributes = NO_ATTRIBUTES): number {
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

function addLength(sum: number, item: unknown): number {
  return sum + (typeof item === 'string' ? item.length : 0) + 16;
}

/** The key of a trace: the trace ID and the service of its spans. `join` makes one flat text; a template keeps its parts in memory. */
export function traceKeyOf({ traceId, resource }: ReceivedSpan): string {
  return [traceId, resource.service].join('/');
}
