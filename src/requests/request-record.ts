import type { AttributeValue } from '@opentelemetry/api';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  Annotations,
  type ChatbotResponse,
  type HttpRequest,
  hasAnnotations,
} from '../hit/http-request.js';
import { isPerfKey } from '../hit/parameter-names.js';
import {
  type CapturedRequest,
  type FollowedRequest,
  type Notable,
  type Notes,
  notesFor,
} from './captured-requests.js';
import { type FinishedSpan, toMillis } from './finished-span.js';
import { annotateGraphql, isGraphqlAnnotated } from './graphql-span.js';
import { routeBelow } from './routes/route-below.js';
import { hasHitEvent } from './span-hit-events.js';

const PREFIX = 'matomo.';
const CVAR_PREFIX = 'matomo.cvar.';

/** Where requests can be found as long as something may still be added to them. */
export interface RequestIndex {
  remove(record: RequestRecord): void;
}

/** Everything that is known of one request while its spans come in. */
export class RequestRecord implements FollowedRequest {
  readonly traceId: string;
  readonly spanId: string;
  readonly startMillis: number;
  /** The server span, until it has ended. */
  span: object | undefined;
  /** Let go of at the end of the request: Node's objects are large, and a hit may wait for long. */
  captured: CapturedRequest | undefined;
  /** Spans that were given a perf key at their start and have not ended. */
  runningSpans = 0;
  /** The first route that a span below named. */
  nestedRoute: string | undefined;
  /** Set at the end of the server span; its route may still come from a nested span that ends later. */
  request: HttpRequest | undefined;
  /** The site that it was tracked for, once that is known; 0: none, and no further hit of it is sent. */
  site: number | undefined;
  /** Whether its visitor is tracked, once that is decided. */
  isInSample: boolean | undefined;
  /** Hits besides the page view that finished spans asked for. */
  furtherHits: readonly FurtherHit[] | undefined;
  next: FollowedRequest | undefined;
  /** Its hit has left or will not be made: nothing that comes now counts. */
  closed = false;
  #descendants: Annotations | undefined;
  #own: Annotations | undefined;
  /** Outlives `captured`: it may be written to as long as the hit has not left. */
  readonly #noted: Notable;
  readonly #index: RequestIndex;

  constructor(span: FinishedSpan, captured: CapturedRequest | undefined, index: RequestIndex) {
    const { traceId, spanId } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.startMillis = toMillis(span.startTime);
    this.span = span;
    this.captured = captured;
    this.#noted = captured ?? { notes: undefined };
    this.#index = index;
  }

  get follower(): object {
    return this.#index;
  }

  /** What `track` and its kin say, of one request to all processors that follow it. */
  get notes(): Notes {
    return notesFor(this.#noted);
  }

  /** What the spans below say, in the order in which they end. */
  get descendants(): Annotations {
    this.#descendants ??= new Annotations();
    return this.#descendants;
  }

  /** What the server span says. */
  get own(): Annotations {
    this.#own ??= new Annotations();
    return this.#own;
  }

  /** Nothing that comes from now on counts; what came does. */
  close(): void {
    this.closed = true;
    this.#index.remove(this);
    const annotations = this.collectAnnotations();
    if (this.request && annotations) this.request.annotations = annotations;
  }

  /** What has been said of the request so far; `undefined`: nothing. */
  collectAnnotations(): Annotations[] | undefined {
    const { notes } = this.#noted;
    if ((this.#descendants ?? notes ?? this.#own) === undefined) return undefined;
    return [this.#descendants, notes, this.#own].filter(hasAnnotations);
  }

  /** The request as far as it is known now; once the record is closed that does not change. */
  get currentRequest(): HttpRequest | undefined {
    const { request } = this;
    if (this.closed || !request) return request;
    const annotations = this.collectAnnotations();
    return annotations ? { ...request, annotations } : request;
  }

  /** Whether the application took the request back. */
  get ignored(): boolean {
    const { notes } = this.#noted;
    return this.#descendants?.ignored || notes?.ignored || this.#own?.ignored || false;
  }

  /** Whether work that was promised a place in the hit has not ended. */
  get running(): boolean {
    return this.runningSpans > 0 || (this.#noted.notes?.running ?? 0) > 0;
  }
}

/** A record whose server span has ended. */
export type EndedRecord = RequestRecord & {
  request: HttpRequest;
  /** Of a request to another thread, which knows more of its response than attributes say. */
  readonly chatbotResponse?: ChatbotResponse | undefined;
};

export function endRecord(record: RequestRecord, request: HttpRequest): EndedRecord {
  record.request = request;
  return record as EndedRecord;
}

/** What is read of spans, as configured. */
export interface SpanReading {
  /** Attribute that says who the user is. */
  readonly userIdAttribute: string | undefined;
  /** Whether the class of an error is wanted. */
  readonly errors: boolean;
  readonly reportPerfKey: (value: AttributeValue) => void;
}

/** Whether a span below the server span counts for the hit. Called for every span of the application. */
export function isAnnotatedBelow(span: FinishedSpan, reading: SpanReading): boolean {
  return isAnnotated(span, reading) || routeBelow(span) !== undefined;
}

/** Whether a span carries anything for Matomo. */
function isAnnotated(span: FinishedSpan, { userIdAttribute, errors }: SpanReading): boolean {
  if (errors && span.status.code === ERROR) return true;
  if (hasHitEvent(span)) return true;
  for (const name in span.attributes) {
    if (name.charCodeAt(0) === 109 /* m */ && name.startsWith(PREFIX)) return true;
    if (name === userIdAttribute) return true;
  }
  return isGraphqlAnnotated(span, errors);
}

/** Takes what an ended span carries for Matomo over into the annotations of its request. */
function annotate(annotations: Annotations, span: FinishedSpan, reading: SpanReading): void {
  const { attributes } = span;
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined) continue;
    if (name === reading.userIdAttribute) annotations.userId = String(value);
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
  annotateGraphql(annotations, span, errorType);
}

/** Takes over what a span below the server span carries. */
export function annotateBelow(
  record: RequestRecord,
  span: FinishedSpan,
  reading: SpanReading,
): void {
  annotate(record.descendants, span, reading);
  record.nestedRoute ??= routeBelow(span);
}

/** Takes over what the server span itself carries. */
export function annotateOwn(record: RequestRecord, span: FinishedSpan, reading: SpanReading): void {
  if (isAnnotated(span, reading) || mayHaveFailed(span)) annotate(record.own, span, reading);
}

/** A server span may tell an error without having the status of one. */
function mayHaveFailed({ events, attributes }: FinishedSpan): boolean {
  return (events !== undefined && events.length > 0) || attributes['error.type'] !== undefined;
}

/** Class of the last exception that a span recorded, else its `error.type` where that is no status such as `500`. */
function errorTypeOf(span: FinishedSpan): string | undefined {
  const exception = span.events?.findLast(({ name }) => name === 'exception');
  const type = exception?.attributes?.['exception.type'] ?? span.attributes['error.type'];
  return typeof type === 'string' && type !== '' && !/^\d{3}$/.test(type) ? type : undefined;
}

const ERROR = 2; // SpanStatusCode.ERROR

/** Makes the time of a span one of the page view's timings. */
export const PERF_KEY_ATTRIBUTE = 'matomo.perf_key';

export function addTiming(
  annotations: Annotations,
  key: keyof NonNullable<Annotations['timings']>,
  millis: number,
): void {
  annotations.timings ??= {};
  annotations.timings[key] = (annotations.timings[key] ?? 0) + millis;
}

function isTrue(value: AttributeValue): boolean {
  return value === true || value === 'true' || value === 1;
}
