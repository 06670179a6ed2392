import { copyText } from '../common/generation-cache.js';
import type { AttributeValue } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  Annotations,
  addTiming,
  type HttpRequest,
  hasAnnotations,
  toErrorType,
} from '../hit/http-request.js';
import { isPerfKey } from '../hit/parameters/tracking-parameters.js';
import {
  type Annotated,
  annotationsFor,
  type CapturedRequest,
  type CodeAnnotations,
} from './captured-requests.js';
import { type FinishedSpan, toMillis } from './finished-span.js';
import { hasHitEvent } from './hit-events.js';
import { isGraphqlSpan } from './operations/graphql.js';
import {
  isOperationSpan,
  type NamedOperation,
  nextOperation,
  operationOfSpan,
} from './operations/index.js';
import { isMcpSpan } from './operations/mcp.js';
import type { RequestHeaders } from './read-headers.js';
import { routeBelow } from './routes/route-below.js';

const PREFIX = 'matomo.';
const CVAR_PREFIX = 'matomo.cvar.';

/** What spans and the application's code add to a request until its hit is built. */
class RequestAnnotations {
  /** Spans that had a perf key when they started and have not ended. */
  runningSpans = 0;
  #descendants: Annotations | undefined;
  #own: Annotations | undefined;
  readonly #annotated: Annotated;

  constructor(annotated: Annotated) {
    this.#annotated = annotated;
  }

  /** From `annotate`, `measure` and `ignore`, shared by all processors that track the request. */
  get fromCode(): CodeAnnotations {
    return annotationsFor(this.#annotated);
  }

  /** Annotations of child spans, in the order in which they end. */
  get descendants(): Annotations {
    this.#descendants ??= new Annotations();
    return this.#descendants;
  }

  /** Annotations of the server span. */
  get own(): Annotations {
    this.#own ??= new Annotations();
    return this.#own;
  }

  /** All annotations so far; `undefined` if there are none. */
  collect(): Annotations[] | undefined {
    const { fromCode } = this.#annotated;
    if ((this.#descendants ?? fromCode ?? this.#own) === undefined) return undefined;
    return [this.#descendants, fromCode, this.#own].filter(hasAnnotations);
  }

  /** Whether the application called `ignore` or set `matomo.ignore`. */
  get ignored(): boolean {
    const { fromCode } = this.#annotated;
    return this.#descendants?.ignored || fromCode?.ignored || this.#own?.ignored || false;
  }

  /** Whether a timing that belongs to the hit has not ended. */
  get running(): boolean {
    return this.runningSpans > 0 || (this.#annotated.fromCode?.running ?? 0) > 0;
  }
}

/** What is known about one request, and what was decided about its hits. */
export class RequestRecord {
  readonly startMillis: number;
  /** Released when the request ends: Node's objects are large, and a hit may be pending for a long time. */
  captured: CapturedRequest | undefined;
  readonly annotations: RequestAnnotations;
  /** The first route named by a child span. */
  nestedRoute: string | undefined;
  /** The operation that the server span names, else the last one of MCP or the first one that a child span names. */
  spanOperation: NamedOperation | undefined;
  /** Whether a span of an operation has an error. */
  hasFailedSpan = false;
  /** Set when the server span ends. A nested span that ends later may still set its route. */
  request: HttpRequest | undefined;
  /** The site that tracks the request, once known. 0: none, so further hits are not sent. */
  site: number | undefined;
  /** Whether `doNotTrack`, `consent` and `ignore` let its hits be sent, once known. It is decided for all of them. */
  isPermitted: boolean | undefined;
  /** Whether its visitor is in the sample, once decided. */
  isInSample: boolean | undefined;
  /** Hits besides the page view, from events of spans that have ended. */
  furtherHits: readonly FurtherHit[] | undefined;
  /** The hit has been sent or will not be made: nothing more is added. */
  closed = false;
  readonly #traced: { remove(): void } | undefined;

  /** `traced`: its place among the requests that spans can belong to. */
  constructor(startMillis: number, captured?: CapturedRequest, traced?: { remove(): void }) {
    this.startMillis = startMillis;
    this.captured = captured;
    // `annotate` may write to it until the hit is sent, also after `captured` is released.
    this.annotations = new RequestAnnotations(captured ?? { fromCode: undefined });
    this.#traced = traced;
  }

  /** Stops adding annotations and stores those that arrived in the request. */
  close(): void {
    this.closed = true;
    this.#traced?.remove();
    const annotations = this.annotations.collect();
    if (this.request && annotations) this.request.annotations = annotations;
  }

  /** Called after the hit was built: an idle connection keeps the async context of its last request, and so this record. */
  shorten(): void {
    if (this.request) this.request = shortenRequest(this.request);
  }

  /** The request with the annotations so far. It no longer changes after the record is closed. */
  get currentRequest(): HttpRequest | undefined {
    const { request } = this;
    if (this.closed || !request) return request;
    const annotations = this.annotations.collect();
    return annotations ? { ...request, annotations } : request;
  }

  get ignored(): boolean {
    return this.annotations.ignored;
  }

  get running(): boolean {
    return this.annotations.running;
  }
}

/** A request whose server span has ended. */
export interface EndedRecord
  extends Pick<
    RequestRecord,
    | 'site'
    | 'isPermitted'
    | 'isInSample'
    | 'furtherHits'
    | 'closed'
    | 'ignored'
    | 'running'
    | 'currentRequest'
    | 'close'
    | 'shorten'
  > {
  request: HttpRequest;
  readonly captured: AvailableRequest | undefined;
}

/** What is left of Node's request, until it is released. */
interface AvailableRequest {
  readonly request:
    | (RequestHeaders & { readonly socket?: { readonly remoteAddress?: string | undefined } })
    | undefined;
  readonly response?: CapturedRequest['response'];
}

export function endRecord(record: RequestRecord, request: HttpRequest): EndedRecord {
  record.request = request;
  return record as RequestRecord & { request: HttpRequest };
}

/** What is read from spans, according to the options. */
export interface SpanReading {
  /** Attribute that contains the user. */
  readonly userIdAttribute: string | undefined;
  /** What is sent of the value of that attribute. */
  readonly toUserId: (name: string, value: string) => string;
  /** Whether the class of errors is read. */
  readonly errors: boolean;
  readonly reportPerfKey: (value: AttributeValue) => void;
}

/** Whether a child span affects the hit. Called for every span of the application. */
export function isAnnotatedBelow(span: FinishedSpan, reading: SpanReading): boolean {
  return isAnnotated(span, reading) || routeBelow(span) !== undefined;
}

/** Whether a span has anything for Matomo. */
export function isAnnotated(span: FinishedSpan, { userIdAttribute, errors }: SpanReading): boolean {
  if (errors && span.status.code === ERROR) return true;
  if (hasHitEvent(span)) return true;
  const { attributes } = span;
  if (userIdAttribute !== undefined && attributes[userIdAttribute] !== undefined) return true;
  for (const name in attributes) {
    if (name.charCodeAt(0) === 109 /* m */ && name.startsWith(PREFIX)) return true;
  }
  return isOperationSpan(span);
}

/** Copies what a span has for Matomo to the annotations of its request. */
function annotate(annotations: Annotations, span: FinishedSpan, reading: SpanReading): void {
  const { attributes } = span;
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined) continue;
    if (name === reading.userIdAttribute)
      annotations.userId = reading.toUserId(name, String(value));
    if (!name.startsWith(PREFIX)) continue;
    if (name.startsWith(CVAR_PREFIX)) {
      annotations.cvar ??= {};
      annotations.cvar[name.slice(CVAR_PREFIX.length)] = value;
    } else if (name === 'matomo.ignore') {
      if (isTrue(value)) annotations.ignored = true;
    } else if (name === PERF_KEY_ATTRIBUTE) {
      if (isPerfKey(value)) addTiming(annotations, value, toMillis(span.duration));
      else reading.reportPerfKey(value);
    } else {
      annotations.parameters ??= {};
      annotations.parameters[name.slice(PREFIX.length)] = value;
    }
  }
  const errorType = reading.errors ? errorTypeOf(span) : undefined;
  annotations.errorType = errorType ?? annotations.errorType;
  if (errorType !== undefined && (isGraphqlSpan(span) || isMcpSpan(span)))
    annotations.operationError = errorType;
}

function hasError(span: FinishedSpan): boolean {
  const { status, events, attributes } = span;
  if (status.code === ERROR || events?.some(({ name }) => name === 'exception')) return true;
  return attributes['error.type'] !== undefined && isMcpSpan(span);
}

/** Copies the annotations of a child span. */
export function annotateBelow(
  record: RequestRecord,
  span: FinishedSpan,
  reading: SpanReading,
): void {
  annotate(record.annotations.descendants, span, reading);
  record.spanOperation = nextOperation(record.spanOperation, span);
  record.hasFailedSpan ||= isOperationSpan(span) && hasError(span);
  record.nestedRoute ??= routeBelow(span);
}

/** Copies the annotations of the server span. */
export function annotateOwn(record: RequestRecord, span: FinishedSpan, reading: SpanReading): void {
  if (!isAnnotated(span, reading) && !mayHaveFailed(span)) return;
  annotate(record.annotations.own, span, reading);
  record.spanOperation = operationOfSpan(span) ?? record.spanOperation;
}

/** A server span can have an error without having the status of one. */
function mayHaveFailed({ events, attributes }: FinishedSpan): boolean {
  return (events !== undefined && events.length > 0) || attributes['error.type'] !== undefined;
}

/** Class of the last exception of a span, else its `error.type` unless that is a status such as `500`. */
function errorTypeOf(span: FinishedSpan): string | undefined {
  const exception = span.events?.findLast(({ name }) => name === 'exception');
  const type = exception?.attributes?.['exception.type'] ?? span.attributes['error.type'];
  if (typeof type !== 'string' || type === '' || /^\d{3}$/.test(type)) return undefined;
  return toErrorType(type);
}

const ERROR = 2; // SpanStatusCode.ERROR

/** The duration of a span with this attribute becomes a timing of the page view. */
export const PERF_KEY_ATTRIBUTE = 'matomo.perf_key';

function isTrue(value: AttributeValue): boolean {
  return value === true || value === 'true' || value === 1;
}

/** As long as the URL of a hit. */
const MAX_TARGET_LENGTH = 1024;

/**
 * The request with a shorter target, for hits of its visitor that are tracked after its own hit was built. Cuts between segments of
 * the path and between parameters, so that what is left is redacted as before.
 */
export function shortenRequest(request: HttpRequest): HttpRequest {
  const { path, query, referrer } = request;
  const isTargetShort = path.length + (query?.length ?? 0) <= MAX_TARGET_LENGTH;
  const isReferrerShort = (referrer?.length ?? 0) <= MAX_TARGET_LENGTH;
  if (isTargetShort && isReferrerShort) return request;
  return {
    ...request,
    // A short path can still refer to the whole target.
    path: copyText(cutBehind(path, '/') || '/'),
    query: query === undefined ? undefined : copyText(cutBehind(query, '&')) || undefined,
    referrer: isReferrerShort ? referrer : undefined,
  };
}

/** At most so long, up to the last separator. */
function cutBehind(text: string, separator: string): string {
  if (text.length <= MAX_TARGET_LENGTH) return text;
  return text.slice(0, text.lastIndexOf(separator, MAX_TARGET_LENGTH - 1) + 1);
}
