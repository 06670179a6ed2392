import { copyText } from '../common/generation-cache.js';
import type { Attributes } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  Annotations,
  type HttpRequest,
  hasAnnotations,
  type TrackedRequest,
} from '../hit/http-request.js';
import {
  annotationsFor,
  type CapturedRequest,
  CodeAnnotations,
  type StoredRecord,
} from './captured-request.js';
import { type FinishedSpan, toMillis } from './finished-span.js';
import { nodeAttributes } from './node-request.js';
import type { NamedOperation } from './operations/index.js';
import { readHeader, readHeaderAsSent } from './read-headers.js';
import { type ServiceDefaults, serviceDefaultsOf } from './resource.js';

/** What finds the requests of spans. */
interface RequestIndex {
  remove(request: Request): void;
}

const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * One request, as one processor sees it: what spans and the application's code add to it until its hit is built, and what was decided about
 * its hits. It is open until `request` is set, then ended, and closed when its hit is built or will not be made.
 */
export class Request implements StoredRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Its SERVER span, which describes it if it has one. Released when the request ends, as is what Node.js announced. */
  span: FinishedSpan | undefined;
  /** What Node.js announced: its objects are large, and a hit may be pending for a long time. */
  captured: CapturedRequest | undefined;
  #attributes: Attributes | undefined = undefined;
  /** It ends although its SERVER span has not: Node.js does not close its response. */
  isUnended = false;
  /** Set when the request ends. A nested span that ends later may still set its route. */
  request: HttpRequest | undefined = undefined;
  closed = false;
  /** The first route named by a child span, or by a SERVER span nested in that of the request. */
  nestedRoute: string | undefined = undefined;
  /** The operation that the server span names, else the last one of MCP or the first one that a child span names. */
  spanOperation: NamedOperation | undefined = undefined;
  /** Whether a span of an operation has an error. */
  hasFailedSpan = false;
  /** Spans that had a perf key when they started and have not ended. */
  runningSpans = 0;
  /** The site that tracks the request, once known. 0: none, so further hits are not sent. */
  site: number | undefined = undefined;
  /** Whether `doNotTrack`, `consent`, `ignoreAddresses` and `ignore` let its hits be sent, once known. It is decided for all of them. */
  isPermitted: boolean | undefined = undefined;
  /** Whether its visitor is in the sample, once decided. */
  isInSample: boolean | undefined = undefined;
  /** What callbacks of options get, once one has been asked. */
  tracked: TrackedRequest | undefined = undefined;
  /** Hits besides the page view, from events of spans that have ended. */
  furtherHits: readonly FurtherHit[] | undefined = undefined;
  /** By which the index of spans has it, if it holds it weakly. */
  reference: WeakRef<Request> | undefined = undefined;
  /** What another processor stored with the same captured request. */
  next: StoredRecord | undefined = undefined;
  /** From `annotate`, `measure` and `ignore`, which may add to it until the hit is sent, also after `captured` is released. */
  fromCode: CodeAnnotations | undefined;
  readonly #index: RequestIndex | undefined;
  #ofDescendants: Annotations | undefined = undefined;
  #ofSpan: Annotations | undefined = undefined;
  #service: ServiceDefaults | undefined = undefined;

  /**
   * @param span its SERVER span; `undefined` if it has none, at least not yet
   * @param captured what Node.js announced
   */
  constructor(span: FinishedSpan | undefined, captured?: CapturedRequest, index?: RequestIndex) {
    const context = span?.spanContext();
    this.span = span;
    this.traceId = context?.traceId ?? '';
    this.spanId = context?.spanId ?? '';
    this.captured = captured;
    this.fromCode = captured?.fromCode;
    this.#index = index;
  }

  get processor(): object | undefined {
    return this.#index;
  }

  /** Epoch milliseconds. */
  get startMillis(): number {
    const { request, span, captured } = this;
    if (request) return request.startMillis;
    return span ? toMillis(span.startTime) : (captured?.startMillis ?? 0);
  }

  /** Whether a span is that of the request, which has not ended. */
  isOf(span: object): boolean {
    return this.span === span;
  }

  /** Attributes of the SERVER span, or what Node.js knows under the same names, which is only read if an option needs it. */
  get attributes(): Attributes {
    const { span, captured } = this;
    if (span && !this.isUnended) return span.attributes;
    this.#attributes ??= captured && nodeAttributes(captured);
    return this.#attributes ?? NO_ATTRIBUTES;
  }

  /** What the resource of its service says. */
  get service(): ServiceDefaults {
    this.#service ??= serviceDefaultsOf(this.span?.resource);
    return this.#service;
  }

  /** A header by its lower-case name, as it is now. */
  header(name: string): string | undefined {
    const headers = this.captured?.request?.headers;
    return readHeader(headers, headers ? NO_ATTRIBUTES : this.attributes, name);
  }

  /** The same or, if the application has deleted it, what the client sent. */
  headerAsSent(name: string): string | undefined {
    const request = this.captured?.request;
    return readHeaderAsSent(request, request ? NO_ATTRIBUTES : this.attributes, name);
  }

  /** The annotations from code, shared by all processors that track the request; creates them if there are none. */
  annotationsFromCode(): CodeAnnotations {
    this.fromCode ??= this.captured ? annotationsFor(this.captured) : new CodeAnnotations();
    return this.fromCode;
  }

  /** Annotations of child spans, in the order in which they end. */
  get ofDescendants(): Annotations {
    this.#ofDescendants ??= new Annotations();
    return this.#ofDescendants;
  }

  /** Annotations of the server span. */
  get ofSpan(): Annotations {
    this.#ofSpan ??= new Annotations();
    return this.#ofSpan;
  }

  /** Whether the application called `ignore` or set `matomo.ignore`. */
  get ignored(): boolean {
    const { fromCode } = this;
    const ofSpans = this.#ofDescendants?.ignored || this.#ofSpan?.ignored;
    return ofSpans || fromCode?.ignored || this.service.annotations?.ignored || false;
  }

  /** Whether a timing that belongs to the hit has not ended. */
  get running(): boolean {
    return this.runningSpans > 0 || (this.fromCode?.running ?? 0) > 0;
  }

  /** All annotations so far; `undefined` if there are none. */
  collectAnnotations(): Annotations[] | undefined {
    const { fromCode } = this;
    const ofService = this.service.annotations;
    if ((ofService ?? this.#ofDescendants ?? fromCode ?? this.#ofSpan) === undefined)
      return undefined;
    return [ofService, this.#ofDescendants, fromCode, this.#ofSpan].filter(hasAnnotations);
  }

  /** The ended request with the annotations so far. It no longer changes once it is closed. */
  get currentRequest(): HttpRequest | undefined {
    const { request } = this;
    if (this.closed || !request) return request;
    const annotations = this.collectAnnotations();
    return annotations ? { ...request, annotations } : request;
  }

  /** The open request as if it had ended in this moment. Decisions about it do not count for the request itself. */
  snapshot(request: HttpRequest): EndedRequest {
    const copy = new Request(this.span, this.captured);
    return copy.end({ ...request, annotations: this.collectAnnotations() ?? [] });
  }

  /** Its SERVER span will not end, and so does not get the status of the response. */
  endWithStatus(statusCode: number): void {
    this.#attributes = { ...this.attributes, 'http.response.status_code': statusCode };
    this.isUnended = true;
  }

  /** Its span and Node's objects are read until they are released. */
  end(request: HttpRequest): EndedRequest {
    if (!this.isUnended) this.#attributes = undefined;
    this.request = request;
    return this as EndedRequest;
  }

  /** Called when all was decided that its span and Node's objects are needed for. */
  release(): void {
    this.span = undefined;
    this.#attributes = undefined;
    this.captured = undefined;
  }

  /** Stops adding annotations and stores those that arrived in the request. */
  close(): void {
    this.closed = true;
    this.#index?.remove(this);
    const annotations = this.collectAnnotations();
    if (this.request && annotations) this.request.annotations = annotations;
  }

  /** Called after the hit was built: an idle connection keeps the async context of its last request, and so this object. */
  shorten(): void {
    if (this.request) this.request = shortenRequest(this.request);
  }
}

export interface EndedRequest extends Request {
  request: HttpRequest;
}

/** Receives requests and calls that make hits. */
export interface RequestSink {
  /** Each HTTP request once, when it has ended. Its span and Node's objects are released then. */
  addRequest(ended: EndedRequest): void;
  /** A hit besides a page view, and the request to which it belongs. `unknown`: nothing is known of that request any more. */
  addFurtherHit(hit: FurtherHit, request: Request | 'unknown' | undefined): void;
  /** A call that makes no hit, which is counted and logged. */
  refuseHit(key: string, message: string): void;
  /** Part of a hit was dropped, which is logged. */
  reportHit(key: string, message: string): void;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
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
