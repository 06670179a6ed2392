import type { Attributes, AttributeValue, HrTime, SpanContext } from '../../common/otel-types.js';
import { type FinishedSpan, methodOf, SERVER_SPAN } from '../../requests/finished-span.js';
import type { WaitingSpan } from '../../requests/group-spans.js';
import { HIT_EVENT, MAX_FURTHER_HITS } from '../../requests/matomo-attributes.js';
import { linkedRequestOf } from '../../requests/operations/mcp.js';
import {
  cutText,
  enumValue,
  integer,
  isObject,
  type Json,
  NO_ATTRIBUTES,
  nanos,
  objects,
  readAttributes,
  type ValueReader,
} from './read-values.js';
import type { SpanSelection } from './span-selection.js';

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

type Events = NonNullable<FinishedSpan['events']>[number][];

const OBJECT_BYTES = 500;
const ATTRIBUTE_BYTES = 40;

const HAS_IS_REMOTE = 0x100; // SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
const IS_REMOTE = 0x200; // SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK

/** A span of another process, read from an object in the shape of OTLP's JSON. */
export class ReceivedSpan implements FinishedSpan, WaitingSpan<ReceivedSpan> {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly status: { readonly code: number };
  /** The last exception, and the events for Matomo. */
  readonly events: Events;
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
  readonly startTime: HrTime;
  readonly duration: HrTime;

  constructor(
    json: Json,
    scope: SpanScope,
    values: ValueReader,
    { keepsAttribute }: Pick<SpanSelection, 'keepsAttribute'>,
    isStandIn = false,
  ) {
    const kind = enumValue(json.kind, OTLP_SPAN_KINDS);
    const isServer = kind === OTLP_SERVER_SPAN;
    const parentSpanId = values.readId(json.parentSpanId);
    const flags = json.flags === 0 ? 0 : integer(json.flags);
    this.traceId = values.readId(json.traceId);
    this.spanId = values.readId(json.spanId);
    this.kind = kind > 0 ? kind - 1 : 0; // the API has no unspecified kind, which counts as INTERNAL
    this.attributes = readAttributes(
      json.attributes,
      values,
      isServer ? undefined : keepsAttribute,
    );
    this.events = json.events === undefined ? NO_EVENTS : readEvents(json.events, values);
    this.isEmpty = this.attributes === NO_ATTRIBUTES && this.events.length === 0;
    // The name tells what a route belongs to.
    const name = isServer || this.attributes !== NO_ATTRIBUTES ? json.name : '';
    this.name = typeof name === 'string' ? cutText(name, values) : '';
    const startNanos = nanos(json.startTimeUnixNano);
    const durationNanos = Math.max(0, nanos(json.endTimeUnixNano) - startNanos);
    this.startTime = this.isEmpty ? NO_TIME : toHrTime(startNanos);
    this.duration = this.isEmpty ? NO_TIME : toHrTime(durationNanos);
    this.status = isObject(json.status) ? readStatus(json.status) : UNSET;
    this.parentSpanId =
      parentSpanId === '' || parentSpanId === NO_SPAN_ID ? undefined : parentSpanId;
    this.isParentRemote = flags & HAS_IS_REMOTE ? (flags & IS_REMOTE) !== 0 : undefined;
    this.isStandIn = isStandIn;
    this.standIn = undefined;
    const linked = json.links === undefined ? undefined : this.#requestLinkedBy(json.links, values);
    if (linked) {
      const ids = { traceId: json.traceId, spanId: json.spanId };
      this.standIn = new ReceivedSpan(ids, scope, values, { keepsAttribute }, true);
      this.traceId = linked.traceId;
      this.parentSpanId = linked.spanId;
      this.isParentRemote = false;
    }
    this.resource = scope.source;
    this.bytes = bytesOf(this.name, this.attributes) + scope.source.extraBytes;
    for (const { name, attributes } of this.events) this.bytes += bytesOf(name, attributes);
    this.isRequest =
      this.kind === SERVER_SPAN && scope.isTaken && methodOf(this.attributes) !== undefined;
  }

  /** The request that brought the message of an MCP span, whose own parent is the call of the client. */
  #requestLinkedBy(links: unknown, values: ValueReader): ReturnType<typeof linkedRequestOf> {
    const [link] = objects(links, 'links');
    const context = link && {
      traceId: values.readId(link.traceId),
      spanId: values.readId(link.spanId),
    };
    if (context?.traceId.length !== 32 || context.spanId.length !== 16) return undefined;
    const { kind, attributes, parentSpanId, isParentRemote } = this;
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

/** More than any SDK keeps of a span. */
const MAX_EVENTS = 10_000;
const TOO_MANY_EVENTS = `events beyond the first ${MAX_EVENTS} of a span are not read`;
const TOO_MANY_HIT_EVENTS = `matomo.hit events beyond the first ${MAX_FURTHER_HITS} of a span are not read`;

function readEvents(list: unknown, values: ValueReader): Events {
  let exception: Events[number] | undefined;
  const hits: Events = [];
  let left = MAX_EVENTS;
  for (const { name, timeUnixNano, attributes } of objects(list, 'events')) {
    if (left === 0) {
      values.reasons.add(TOO_MANY_EVENTS);
      break;
    }
    left -= 1;
    if (name === 'exception') {
      const type = readAttributes(attributes, values, isExceptionType);
      exception =
        typeof type['exception.type'] === 'string' ? { name, attributes: type } : undefined;
    } else if (name === HIT_EVENT && hits.length < MAX_FURTHER_HITS) {
      const at = nanos(timeUnixNano);
      const read = readAttributes(attributes, values);
      hits.push({ name, attributes: read, ...(at > 0 && { time: toHrTime(at) }) });
    } else if (name === HIT_EVENT) values.reasons.add(TOO_MANY_HIT_EVENTS);
  }
  return exception ? [exception, ...hits] : hits;
}

const isExceptionType = (name: string): boolean => name === 'exception.type';

function readStatus({ code }: Json): { readonly code: number } {
  return STATUSES[enumValue(code, STATUS_CODES)] ?? UNSET;
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

const NO_EVENTS: Events = [];
const UNSET = { code: 0 };
const STATUSES = [UNSET, { code: 1 }, { code: 2 }];
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** Names of span kinds in OTLP, by their numbers there: one more than those of the API. */
const OTLP_SPAN_KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];

/** The number of SPAN_KIND_SERVER in OTLP; the API's is 1. */
export const OTLP_SERVER_SPAN = 2;

const NO_TIME: HrTime = [0, 0];

function toHrTime(nanos: number): HrTime {
  const rest = nanos % 1e9;
  return [(nanos - rest) / 1e9, rest];
}

/** The key of a trace: the trace ID and the service of its spans. `join` makes one flat text; a template keeps its parts in memory. */
export function traceKeyOf({ traceId, resource }: ReceivedSpan): string {
  return [traceId, resource.service].join('/');
}

/** An invalid ID, which some senders write instead of none. */
export const NO_SPAN_ID = '0'.repeat(16);
