import type { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { UNTRACKED_SERVER } from '../common/channel-listener.js';
import { copyText } from '../common/generation-cache.js';
import type { Attributes } from '../common/otel-types.js';
import type { FurtherHit } from '../hit/further-hit.js';
import {
  Annotations,
  type HttpRequest,
  hasAnnotations,
  type TrackedRequest,
  toErrorType,
} from '../hit/http-request.js';
import { annotated } from '../hit/visitor/client.js';
import type { Connection } from './connections.js';
import { type FinishedSpan, methodOf, splitTarget, toMillis } from './finished-span.js';
import type { Http2Request, Http2Response } from './http2.js';
import { type ServiceDefaults, serviceDefaultsOf } from './matomo-attributes.js';
import { nodeAttributes } from './node-request.js';
import type { McpReport } from './operations/mcp.js';
import type { NamedOperation } from './operations/operation-target.js';
import { headersIn, nodeHeaders, readHeader, readRawHeader } from './read-headers.js';
import type { RequestFinder } from './request-of-span.js';
import { currentStatusOf } from './response.js';

/** What the application, frameworks and the connection add to a request. Most requests have nothing of it. */
export class Additions extends Annotations {
  /** The operation that a framework announced. */
  operation: NamedOperation | undefined = undefined;
  /** Whether that, or an MCP call, has failed. */
  hasFailed = false;
  /** What `trackMcp` has seen of its messages. */
  mcp: McpReport | undefined = undefined;
  /** The connection failed with bytes of the response that had not been sent. */
  isCutOff = false;
  /** The status of its response, if the application has ended the connection before Node.js has finished that. */
  endStatus: number | undefined = undefined;
  /** Bytes of the body as sent, if it was measured and is complete. Over HTTP/2, the response has them. */
  bodyBytes: number | undefined = undefined;
}

const NO_ROUTES: readonly string[] = [];

/** What spans add to a request, besides what its SERVER span describes. Most requests have nothing of it. */
export class SpanAdditions {
  /** Annotations of child spans, in the order in which they end. */
  readonly below = new Annotations();
  /** Annotations of the SERVER span. */
  readonly own = new Annotations();
  /** The first routes that child spans report, or SERVER spans nested in that of the request. */
  routes: readonly string[] = NO_ROUTES;
  /** The operation that the SERVER span names, else the last one of MCP or the first one that a child span names. */
  operation: NamedOperation | undefined = undefined;
  /** Whether a span of an operation has an error. */
  hasFailed = false;
  /** Hits besides the page view, from events of finished spans. */
  hits: readonly FurtherHit[] | undefined = undefined;
}

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/**
 * One request: what Node.js announced, what spans and the application's code add to it until its hit is built, and what was decided about
 * its hits. It is made when Node.js announces it, or for its SERVER span. It is open until `http` is set, then ended, and closed when
 * its hit is built or will not be made.
 *
 * The first processor that tracks a request uses the one in the async context. Others have their own, linked by `ofNextProcessor`: they read
 * and decide by other options.
 */
export class Request {
  // From Node.js, when it announces the request. Other processors have copies.

  /** The one in the async context, to which Node.js and frameworks add what becomes known later. */
  readonly announced: Request;
  /** Released when the request ends, as are `response` and `span`: they are large, and hits and async contexts keep this object. */
  incoming: IncomingMessage | Http2Request | undefined;
  response: ServerResponse | Http2Response | undefined;
  /**
   * Method, path and query are read immediately: Express rewrites `request.url` while it routes, and others serve HEAD as GET. Only those of
   * Node's request.
   */
  method: string;
  path: string;
  query: string | undefined;
  /** Epoch milliseconds, once they are read: a SERVER span has its own, and to read the clock takes 2 % of a hit. */
  announcedMillis: number;
  /** On the monotonic clock, to measure the duration; 0 if Node.js did not announce it. */
  startedMillis: number;

  // The rest of what is announced, only used of the one in the async context.

  /** The request arrived at a server of this package: it makes no hit and is not counted. */
  untracked = false;
  /** Over HTTP/1.1, until the request is released. */
  connection: Connection | undefined = undefined;
  /** What the connection had written before the response; unknown until its turn if requests are pipelined. */
  bytesBefore: number | undefined = undefined;
  /** Whether Node.js has finished its response. `writableFinished` is also true of one that was ended after it was destroyed. */
  isFinished = false;
  /** Whether the connection has taken all of its response. Over HTTP/2, the response knows that. */
  isSent = false;
  /** On the monotonic clock, when its response was finished, or will not be; 0 before. */
  closedMillis = 0;
  /** It was closed in this turn of the event loop, after which it ends, also if its span ended before. */
  isEnding = false;
  /** The ID of the span that was active at that time, unless it has one itself: it may be that of another request. */
  closedBySpan: string | undefined = undefined;
  /** The next request on the same connection. */
  nextOnConnection: Request | undefined = undefined;
  /** The same request of another processor. */
  ofNextProcessor: Request | undefined = undefined;
  /** The route template that a framework announced. */
  route: string | undefined = undefined;
  /** Created on demand. The application may add to it until the hit is built. */
  additions: Additions | undefined = undefined;

  // Of the processor that tracks it, from the SERVER span to the hit.

  /** Set as soon as a processor tracks it. */
  finder: RequestFinder | undefined;
  /** Ends the request once after its response is closed, if it has no SERVER span or that has ended. */
  onClosed: ((request: Request) => void) | undefined = undefined;
  /** Its SERVER span, which describes it if it has one. */
  span: FinishedSpan | undefined = undefined;
  traceId = '';
  spanId = '';
  /** Created on demand. */
  spanAdditions: SpanAdditions | undefined = undefined;
  /** Those of Node.js. */
  #attributes: Attributes | undefined = undefined;
  /** A map is made of the attributes once for each time that the request is read. */
  #headers: IncomingHttpHeaders | undefined = undefined;
  #service: ServiceDefaults | undefined = undefined;
  /** What was read of it when it ended. A nested span that ends later may still set its route. */
  http: HttpRequest | undefined = undefined;
  closed = false;

  // Of the pipeline, which decides about its hits.

  /** The site of all of its hits, once decided. 0: none is sent. */
  site: number | undefined = undefined;
  /** Whether its visitor is in the sample, once decided. */
  hasSampledVisitor: boolean | undefined = undefined;
  /** What callbacks of options get, once one has been asked. */
  tracked: TrackedRequest | undefined = undefined;
  /** What the pipeline stores for its further hits, and alone knows. A `WeakMap` would cost more than these hits. */
  ofFurtherHits: object | undefined = undefined;

  /** @param other the same request of another processor */
  constructor(finder?: RequestFinder, other?: Request) {
    this.announced = other?.announced ?? this;
    this.incoming = other?.incoming;
    this.response = other?.response;
    this.method = other?.method ?? 'GET';
    this.path = other?.path ?? '/';
    this.query = other?.query;
    this.announcedMillis = other?.announcedMillis ?? 0;
    this.startedMillis = other?.startedMillis ?? 0;
    this.finder = finder;
  }

  /** A request that Node.js announces. */
  static ofNode(
    incoming: IncomingMessage | Http2Request,
    response: ServerResponse | Http2Response,
    target: string,
    server: object | undefined,
  ): Request {
    const request = new Request();
    const { path, query } = splitTarget(target);
    request.incoming = incoming;
    request.response = response;
    request.method = incoming.method ?? 'GET';
    request.path = path;
    request.query = query;
    request.startedMillis = performance.now(); // imported: the global object is behind a getter, which takes 1 % of a hit
    request.untracked = server !== undefined && UNTRACKED_SERVER in server;
    return request;
  }

  /** A request with this SERVER span, which nothing announced. */
  static of(span: FinishedSpan): Request {
    const request = new Request();
    request.startSpan(span);
    return request;
  }

  /** Its SERVER span has started. */
  startSpan(span: FinishedSpan): void {
    const { traceId, spanId } = span.spanContext();
    this.span = span;
    this.traceId = traceId;
    this.spanId = spanId;
    this.#service = undefined; // it may have been read for a hit that did not wait for the span
  }

  /** Its SERVER span has turned out not to be of HTTP: it is only a part of the request. */
  dropSpan(): void {
    this.span = undefined;
    this.spanId = '';
  }

  /** Epoch milliseconds: of its SERVER span, else when Node.js announced it. */
  get startMillis(): number {
    const { http, span, incoming, startedMillis } = this;
    if (http) return http.startMillis;
    if (span) return toMillis(span.startTime);
    if (incoming)
      this.announcedMillis ||= Date.now() - Math.ceil(performance.now() - startedMillis);
    return this.announcedMillis;
  }

  /** Since Node.js announced it, until its response is closed; 0 if it did not. */
  get elapsedMillis(): number {
    if (!this.incoming) return 0;
    return (this.announced.closedMillis || performance.now()) - this.startedMillis;
  }

  /** Whether an HTTP SERVER span of it has started, or it has ended. */
  get isTraced(): boolean {
    return this.announced.isAny(hasHttpSpan);
  }

  /** Whether something is so of the announced request for any processor. */
  isAny(isSo: (request: Request) => boolean): boolean {
    let each: Request | undefined = this;
    while (each && !isSo(each)) each = each.ofNextProcessor;
    return each !== undefined;
  }

  /** Attributes of the SERVER span, or what Node.js knows under the same names, which is only read if an option needs it. */
  get attributes(): Attributes {
    if (this.span) return this.span.attributes;
    if (!this.incoming) return NO_ATTRIBUTES;
    this.#attributes ??= nodeAttributes(this, currentStatusOf(this) ?? 200);
    return this.#attributes;
  }

  /** What the resource of its service says. */
  get service(): ServiceDefaults {
    this.#service ??= serviceDefaultsOf(this.span?.resource);
    return this.#service;
  }

  /** Node's headers, or those in attributes as they are now: an open span may get further ones. */
  readHeaders(): IncomingHttpHeaders {
    const { headers } = this.incoming ?? {};
    this.#headers = headers ? nodeHeaders(headers) : headersIn(this.attributes);
    return this.#headers;
  }

  /** A header by its lower-case name, as it was when the request was last read. */
  header(name: string): string | undefined {
    return readHeader(this.#headers ?? this.readHeaders(), name);
  }

  /** The same or, if the application has deleted it, what the client sent. A value that the application has set wins. */
  headerAsSent(name: string): string | undefined {
    const { incoming } = this;
    return this.header(name) ?? (incoming && readRawHeader(incoming, name));
  }

  /** What is not described by Node.js or spans, shared by all processors that track the request. */
  ensureAdditions(): Additions {
    const { announced } = this;
    announced.additions ??= new Additions();
    return announced.additions;
  }

  ensureSpanAdditions(): SpanAdditions {
    this.spanAdditions ??= new SpanAdditions();
    return this.spanAdditions;
  }

  /** The operation that it announced has failed with this class or code of an error. The response may still have status 200. */
  failOperation(errorType: string): void {
    const additions = this.ensureAdditions();
    additions.hasFailed = true;
    additions.operationError = toErrorType(errorType);
  }

  /** Whether the application called `ignore` or set `matomo.ignore`. */
  get ignored(): boolean {
    const { spanAdditions, service } = this;
    const ofSpans = spanAdditions?.below.ignored || spanAdditions?.own.ignored;
    return ofSpans || this.announced.additions?.ignored || service.annotations?.ignored || false;
  }

  /** All annotations so far; `undefined` if there are none. */
  collectAnnotations(): Annotations[] | undefined {
    const { spanAdditions } = this;
    const { additions } = this.announced;
    const ofService = this.service.annotations;
    if ((ofService ?? additions ?? spanAdditions) === undefined) return undefined;
    return [ofService, spanAdditions?.below, additions, spanAdditions?.own].filter(hasAnnotations);
  }

  /** The ended request with the annotations so far. It no longer changes once it is closed. */
  get currentHttp(): HttpRequest | undefined {
    const { http } = this;
    if (this.closed || !http) return http;
    const annotations = this.collectAnnotations();
    return annotations ? annotated({ ...http }, annotations) : http;
  }

  /** The open request as if it had ended in this moment. Decisions about it do not count for the request itself. */
  snapshot(http: HttpRequest): EndedRequest {
    const copy = new Request(undefined, this);
    if (this.span) copy.startSpan(this.span);
    copy.spanAdditions = this.spanAdditions;
    return copy.end({ ...http, annotations: this.collectAnnotations() ?? [] });
  }

  /** Its span and Node's objects are read until they are released. */
  end(http: HttpRequest): EndedRequest {
    this.http = http;
    return this as EndedRequest;
  }

  /** Called when all was decided that its span and Node's objects are needed for. */
  release(): void {
    this.span = undefined;
    this.#attributes = undefined;
    this.#headers = undefined;
    this.incoming = undefined;
    this.response = undefined;
    this.path = '/';
    this.query = undefined;
    this.onClosed = undefined;
    this.connection = undefined;
    this.tracked = undefined;
  }

  /** Called when its further hits were built. If another processor has ended the request, one without a span has no end. */
  releaseIfOver(): void {
    const hasEnded = this.announced.isAny(({ http }) => http !== undefined);
    if (hasEnded && !this.span && !this.http) this.release();
  }

  /** Stores the annotations so far in the ended request. Returns whether they name another client than the one that was read. */
  annotate(): boolean {
    const { http } = this;
    const annotations = this.collectAnnotations();
    if (!http || !annotations) return false;
    const { address, client } = http;
    annotated(http, annotations);
    return http.address !== address || http.client !== client;
  }

  /** Stops adding annotations and stores those that arrived in the request. */
  close(): void {
    this.closed = true;
    this.annotate();
  }

  /** Called after the hit was built: an idle connection keeps the async context of its last request, and so this object. */
  shorten(): void {
    if (this.http) this.http = shortenRequest(this.http);
  }
}

export interface EndedRequest extends Request {
  http: HttpRequest;
  readonly currentHttp: HttpRequest;
}

/** A SERVER span may get its attributes later. Once the request has ended, it is released. */
function hasHttpSpan({ http, span }: Request): boolean {
  return http !== undefined || (span !== undefined && methodOf(span.attributes) !== undefined);
}

/** The request of the current async context. */
export type RequestStorage = AsyncLocalStorage<Request | undefined>;

/** Whether the hits of a request were built for every processor, so that its annotations are not read any more. */
export function isClosed(announced: Request): boolean {
  return !announced.isAny(({ closed }) => !closed);
}

/** Where calls are counted and logged that make no hit, or not all of one. */
export interface HitReports {
  /** A call that makes no hit. */
  refuseHit(key: string, message: string): void;
  /** Part of a hit was dropped. */
  reportHit(key: string, message: string): void;
}

/** Receives requests and calls that make hits. */
export interface RequestSink {
  readonly reports: HitReports;
  /** Each HTTP request once, when it has ended. Releases its span and Node's objects. Never throws. */
  addRequest(request: EndedRequest): void;
  /** The same of one that cannot be read, because the application has replaced what is read: its page view is lost. */
  loseRequest(error: unknown): void;
  /** A hit besides a page view, and the request to which it belongs. `unknown`: nothing is known of that request any more. */
  addFurtherHit(hit: FurtherHit, request: Request | 'unknown' | undefined): void;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}

/** As long as the URL of a hit. */
const MAX_TARGET_LENGTH = 1024;

/**
 * The request with a shorter target, for hits of its visitor that are tracked after its own hit was built. Cuts between segments of
 * the path and between parameters, so that what is left is redacted as before.
 */
export function shortenRequest(http: HttpRequest): HttpRequest {
  const { path, query, referrer } = http;
  const isTargetShort = path.length + (query?.length ?? 0) <= MAX_TARGET_LENGTH;
  const isReferrerShort = (referrer?.length ?? 0) <= MAX_TARGET_LENGTH;
  if (isTargetShort && isReferrerShort) return http;
  return {
    ...http,
    // A short path can still refer to the whole target.
    path: copyText(cutAt('/', path) || '/'),
    query: query === undefined ? undefined : copyText(cutAt('&', query)) || undefined,
    referrer: isReferrerShort ? referrer : undefined,
  };
}

/** Cuts a text that is too long at its last separator, which stays at the end of a path, but not of a query. */
function cutAt(separator: '/' | '&', text: string): string {
  if (text.length <= MAX_TARGET_LENGTH) return text;
  const end = text.lastIndexOf(separator, MAX_TARGET_LENGTH - 1);
  return text.slice(0, separator === '/' ? end + 1 : Math.max(0, end));
}
