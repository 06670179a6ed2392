import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RpcMetadata } from '../common/otel-global.js';
import type { Attributes } from '../common/otel-types.js';
import type { CheckedHit } from '../hit/additional-hit.js';
import type { HitText } from '../hit/hit-text.js';
import { Annotations, type HttpRequest, hasAnnotations, toErrorType } from '../hit/http-request.js';
import { storeAnnotations } from '../hit/visitor/client.js';
import { type FinishedSpan, splitTarget, toMillis } from './finished-span.js';
import type { Http2Request, Http2Response } from './http2-message.js';
import { type ServiceDefaults, serviceDefaultsOf } from './matomo-attributes.js';
import { nodeAttributes } from './node-request.js';
import type { NamedOperation } from './operations.js';
import { headersIn, nodeHeaders, readHeader, readRawHeader } from './read-headers.js';
import { currentStatusOf } from './response.js';

/** Additions of the application, frameworks and the connection, which most requests do not have. */
export class Additions extends Annotations {
  /** The route template that a framework announced. */
  route: string | undefined = undefined;
  /** The operation that a framework announced. */
  operation: NamedOperation | undefined = undefined;
  /** Whether that operation has failed. */
  hasFailed = false;
  /** The status of its response, if the application has ended the connection before that was finished. */
  endStatus: number | undefined = undefined;
}

const NO_ROUTES: readonly string[] = [];

/** Additions of spans other than the SERVER span, which most requests do not have. */
export class SpanFacts {
  /** Annotations of child spans, in the order in which they end. */
  readonly below = new Annotations();
  /** Annotations of the SERVER span. */
  readonly own = new Annotations();
  /** The first routes that child spans report, or further SERVER spans. */
  routes: readonly string[] = NO_ROUTES;
  /** The operation that the SERVER span names, else the last one of MCP or the first one that a child span names. */
  operation: NamedOperation | undefined = undefined;
  /** Whether a span of an operation has an error. */
  hasFailed = false;
}

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** The hits of a request besides its page view. */
export class AddedHits {
  /** All of them, sent or not. */
  count = 0;
  /** Wait for the end of the request, since the first one came. */
  waiting: CheckedHit[] = [];
  /** Ends the wait. */
  timer: NodeJS.Timeout | undefined = undefined;
}

type SpanState = 'none' | 'open' | 'ended';

/**
 * One request, from its beginning to its end: what Node.js announced, and what spans and the application add to it. It is open until it is
 * released, which its end does in one place. After that, only `hits` and `shared` are left of it.
 */
export class Request {
  /**
   * Method, path and query of Node's request are read immediately: Express rewrites `request.url` while it routes, and others serve HEAD
   * as GET.
   */
  readonly method: string;
  path: string;
  query: string | undefined;
  /** On the monotonic clock, to measure the duration; 0 if Node.js did not announce it. */
  readonly startedMillis: number;
  /** Epoch milliseconds. A clock that is set later does not move the request. */
  readonly announcedMillis: number;

  /** Released when the request ends, as is all that is large: async contexts may keep this object for long. */
  incoming: IncomingMessage | Http2Request | undefined = undefined;
  response: ServerResponse | Http2Response | undefined = undefined;
  /** The recorded SERVER span, which describes the request. */
  span: FinishedSpan | undefined = undefined;
  /** Whether there is, or was, a recorded SERVER span, and whether it has ended. */
  spanState: SpanState = 'none';
  /** What the HTTP instrumentation stores in the context: the SERVER span, recorded or not, and the route that others add. */
  rpc: RpcMetadata | undefined = undefined;
  /** Time on the monotonic clock at which the response was finished, or was known not to be; 0 before. */
  closedMillis = 0;
  /** Over HTTP/1.1. `writableFinished` is also true of a response whose connection has failed before it was sent. */
  isSent = false;
  /** Over HTTP/1.1: what its connection had written when it began, as a negative number. Once it is sent, plus what it had written then. */
  sentBytes = 0;
  additions: Additions | undefined = undefined;
  spanFacts: SpanFacts | undefined = undefined;
  /** The request as it was read, while its hits are built. */
  http: HttpRequest | undefined = undefined;
  /** Created on demand. */
  hits: AddedHits | undefined = undefined;
  /** The parts that later hits share with the page view, made when they are needed if there is none; `none` if no hit may be sent. */
  shared: HitText | (() => HitText) | 'none' | undefined = undefined;
  /** The headers, as the request was last read. */
  #headers: IncomingHttpHeaders | undefined = undefined;
  /** Attributes of a request without a SERVER span, made once. */
  #attributes: Attributes | undefined = undefined;

  constructor(method = 'GET', target = '/', startedMillis = 0) {
    this.method = method;
    if (target.startsWith('/')) {
      const question = target.indexOf('?');
      this.path = question < 0 ? target : target.slice(0, question);
      this.query = question < 0 ? undefined : target.slice(question + 1);
    } else {
      const { path, query } = splitTarget(target);
      this.path = path;
      this.query = query;
    }
    this.startedMillis = startedMillis;
    this.announcedMillis = startedMillis > 0 ? Date.now() : 0;
  }

  /** A request that Node.js announces. */
  static ofNode(
    incoming: IncomingMessage | Http2Request,
    response: ServerResponse | Http2Response,
    target: string | undefined,
  ): Request {
    const request = new Request(incoming.method, target, performance.now());
    request.incoming = incoming;
    request.response = response;
    return request;
  }

  /** Makes a request of a SERVER span that nothing announced. */
  static ofSpan(span: FinishedSpan): Request {
    const request = new Request();
    request.describeBy(span);
    return request;
  }

  /** Sets the SERVER span, which has started. */
  describeBy(span: FinishedSpan): void {
    this.span = span;
    this.spanState = 'open';
  }

  /** Bun announces a request after its SERVER span has started. */
  takeSpanOf(other: Request): void {
    if (other.span) this.describeBy(other.span);
    other.release();
  }

  /** Removes a SERVER span that is not of HTTP, and so only a part of the request. */
  dropSpan(): void {
    this.span = undefined;
    this.spanState = 'none';
  }

  /** Whether it has ended, so that nothing is added to it any more. */
  get isEnded(): boolean {
    return this.incoming === undefined && this.span === undefined;
  }

  /** Start in epoch milliseconds, of the SERVER span or when Node.js announced the request. */
  get startMillis(): number {
    return this.span ? toMillis(this.span.startTime) : this.announcedMillis;
  }

  /** Milliseconds from the announcement by Node.js until the response is closed; 0 without one. */
  get elapsedMillis(): number {
    if (!this.incoming) return 0;
    return (this.closedMillis || performance.now()) - this.startedMillis;
  }

  /** ID of the trace of the SERVER span, recorded or not; empty if there is none. */
  get traceId(): string {
    return (this.span ?? this.rpc?.span)?.spanContext().traceId ?? '';
  }

  get spanId(): string {
    return (this.span ?? this.rpc?.span)?.spanContext().spanId ?? '';
  }

  /** Attributes of the SERVER span, or what Node.js knows under the same names, which is only read if an option needs it. */
  get attributes(): Attributes {
    if (this.span) return this.span.attributes;
    if (!this.incoming) return NO_ATTRIBUTES;
    this.#attributes ??= nodeAttributes(this, currentStatusOf(this) ?? 200);
    return this.#attributes;
  }

  /** The defaults of the resource of its service. */
  get service(): ServiceDefaults {
    return serviceDefaultsOf(this.span?.resource);
  }

  /** Node's headers, or those in attributes as they are now: an open span may get further ones. */
  readHeaders(): IncomingHttpHeaders {
    const { headers } = this.incoming ?? {};
    if (!headers) this.#headers = headersIn(this.attributes);
    else if (headers.host !== undefined && headers['user-agent'] !== undefined)
      this.#headers = headers;
    else this.#headers = nodeHeaders(headers);
    return this.#headers;
  }

  /** A header by its lower-case name, as it was when the request was last read. */
  header(name: string): string | undefined {
    return readHeader(this.#headers ?? this.readHeaders(), name);
  }

  /** A header that the application has set, or else as the client sent it, even if the application has deleted it. */
  headerAsSent(name: string): string | undefined {
    const { incoming } = this;
    return this.header(name) ?? (incoming && readRawHeader(incoming, name));
  }

  /** A header as the client or a proxy sent it, also if the application has replaced it to pass the request on. */
  rawHeader(name: string): string | undefined {
    const { incoming } = this;
    return (incoming && readRawHeader(incoming, name)) ?? this.header(name);
  }

  ensureAdditions(): Additions {
    this.additions ??= new Additions();
    return this.additions;
  }

  ensureSpanFacts(): SpanFacts {
    this.spanFacts ??= new SpanFacts();
    return this.spanFacts;
  }

  /** Notes that the announced operation has failed with this class or code of an error. The status may still be 200. */
  failOperation(errorType: string): void {
    if (this.isEnded) return;
    const additions = this.ensureAdditions();
    additions.hasFailed = true;
    additions.operationError = toErrorType(errorType);
  }

  /** Stores the annotations so far in `http`, the weakest first. */
  applyAnnotations(): void {
    const { http, service, additions, spanFacts } = this;
    const ofService = service.annotations;
    if (!http || (ofService ?? additions ?? spanFacts) === undefined) return;
    const all = [ofService, spanFacts?.below, additions, spanFacts?.own];
    storeAnnotations(http, all.filter(hasAnnotations));
  }

  /** Releases everything but what later hits share. */
  release(): void {
    this.incoming = undefined;
    this.response = undefined;
    this.span = undefined;
    this.rpc = undefined;
    this.path = '/';
    this.query = undefined;
    this.additions = undefined;
    this.spanFacts = undefined;
    this.http = undefined;
    this.#headers = undefined;
    this.#attributes = undefined;
  }
}

/** The request of servers of this package, which makes no hit and is not counted. */
export const UNTRACKED = /* @__PURE__ */ new Request();
