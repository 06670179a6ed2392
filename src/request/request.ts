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
import { currentStatusOf } from './response-status.js';

/** Data that the application, frameworks and the connection add. Most requests have none. */
export class Additions extends Annotations {
  /** The route template that a framework announced. */
  route: string | undefined = undefined;
  /** The operation that a framework announced. */
  operation: NamedOperation | undefined = undefined;
  /** Whether the announced operation has failed. */
  hasFailed = false;
  /** The status of the response if the application ended the connection before the response was finished. */
  endStatus: number | undefined = undefined;
}

const NO_ROUTES: readonly string[] = [];

/** Data from spans other than the SERVER span. Most requests have none. */
export class SpanFacts {
  /** Annotations of child spans, in the order in which they end. */
  readonly below = new Annotations();
  /** Annotations of the SERVER span. */
  readonly own = new Annotations();
  /** Routes that child spans or further SERVER spans report, up to a limit. */
  routes: readonly string[] = NO_ROUTES;
  /** The operation that the SERVER span names; else the last MCP operation or the first other operation of child spans. */
  operation: NamedOperation | undefined = undefined;
  /** Whether a span of an operation has an error. */
  hasFailed = false;
}

export const NO_ATTRIBUTES: Attributes = Object.freeze({});

/** The additional hits of a request. */
export class AddedHits {
  /** The number of additional hits, sent or not. */
  count = 0;
  /** Hits that wait for the end of the request. The wait begins with the first hit. */
  waiting: CheckedHit[] = [];
  /** Ends the wait. */
  timer: NodeJS.Timeout | undefined = undefined;
}

type SpanState = 'none' | 'open' | 'ended';

/**
 * One request from its beginning to its end, with everything that Node.js, spans and the application report about it. When the request ends,
 * `release` removes everything large except `hits` and `shared`.
 */
export class Request {
  /** Method, path and query are read immediately: Express rewrites `request.url` while it routes, and other frameworks serve HEAD as GET. */
  readonly method: string;
  path: string;
  query: string | undefined;
  /** Start on the monotonic clock, to measure the duration; 0 if Node.js did not announce the request. */
  readonly startedMillis: number;
  /** Start in epoch milliseconds. Later changes of the system clock do not move it. */
  readonly announcedMillis: number;

  /** Released when the request ends, like all large values, because async contexts may keep this object for long. */
  incoming: IncomingMessage | Http2Request | undefined = undefined;
  response: ServerResponse | Http2Response | undefined = undefined;
  /** The recorded SERVER span, which describes the request. */
  span: FinishedSpan | undefined = undefined;
  /** Whether there is, or was, a recorded SERVER span, and whether it has ended. */
  spanState: SpanState = 'none';
  /**
   * The metadata that the HTTP instrumentation stores in the context: the
   * SERVER span, recorded or not, and a route that frameworks add.
   */
  rpc: RpcMetadata | undefined = undefined;
  /** Time on the monotonic clock at which the response was finished or failed; 0 until then. */
  closedMillis = 0;
  /**
   * Whether an HTTP/1.1 response was sent. `writableFinished` does
   * not say that: it is also true if the connection failed before.
   */
  isSent = false;
  /**
   * Over HTTP/1.1: the number of bytes of the response, once it is sent. Until then, the negative number of bytes
   * that the connection had written when the request began. `NaN` if the response is pipelined.
   */
  sentBytes = 0;
  additions: Additions | undefined = undefined;
  spanFacts: SpanFacts | undefined = undefined;
  /** The request as it was read. Set while its hits are built. */
  http: HttpRequest | undefined = undefined;
  /** Created on first use. */
  hits: AddedHits | undefined = undefined;
  /**
   * The parts that later hits share with the page view. A function builds
   * them if there is no page view. `none` if no hit may be sent.
   */
  shared: HitText | (() => HitText) | 'none' | undefined = undefined;
  /** The headers, as the request was last read. */
  #headers: IncomingHttpHeaders | undefined = undefined;
  /** Attributes of a request without a SERVER span, created on first use. */
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

  /** Creates a request that Node.js announces. */
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

  /** Creates a request from a SERVER span if Node.js did not announce the request. */
  static ofSpan(span: FinishedSpan): Request {
    const request = new Request();
    request.describeBy(span);
    return request;
  }

  /** Sets the SERVER span when it starts. */
  describeBy(span: FinishedSpan): void {
    this.span = span;
    this.spanState = 'open';
  }

  /** Moves the SERVER span from another request: Bun announces a request only after its SERVER span has started. */
  takeSpanOf(other: Request): void {
    if (other.span) this.describeBy(other.span);
    other.release();
  }

  /** Removes a SERVER span that is not of HTTP, and so describes only a part of the request. */
  dropSpan(): void {
    this.span = undefined;
    this.spanState = 'none';
  }

  /** Whether the request has ended, so that nothing can be added to it. */
  get isEnded(): boolean {
    return this.incoming === undefined && this.span === undefined;
  }

  /** Start in epoch milliseconds: that of the SERVER span, else the time at which Node.js announced the request. */
  get startMillis(): number {
    return this.span ? toMillis(this.span.startTime) : this.announcedMillis;
  }

  /** Milliseconds from the announcement by Node.js until the response closed; 0 if Node.js did not announce the request. */
  get elapsedMillis(): number {
    if (!this.incoming) return 0;
    return (this.closedMillis || performance.now()) - this.startedMillis;
  }

  /** Trace ID of the SERVER span, recorded or not; empty if there is none. */
  get traceId(): string {
    return (this.span ?? this.rpc?.span)?.spanContext().traceId ?? '';
  }

  get spanId(): string {
    return (this.span ?? this.rpc?.span)?.spanContext().spanId ?? '';
  }

  /**
   * Attributes of the SERVER span, or equivalent values from Node.js.
   * Those are read lazily, because only some options need them.
   */
  get attributes(): Attributes {
    if (this.span) return this.span.attributes;
    if (!this.incoming) return NO_ATTRIBUTES;
    this.#attributes ??= nodeAttributes(this, currentStatusOf(this) ?? 200);
    return this.#attributes;
  }

  /** The defaults from the resource of the request's service. */
  get service(): ServiceDefaults {
    return serviceDefaultsOf(this.span?.resource);
  }

  /** Node's headers, or the headers in attributes. The attributes of an open span may change, so they are read again at each call. */
  readHeaders(): IncomingHttpHeaders {
    const { headers } = this.incoming ?? {};
    if (!headers) this.#headers = headersIn(this.attributes);
    else if (headers.host !== undefined && headers['user-agent'] !== undefined)
      this.#headers = headers;
    else this.#headers = nodeHeaders(headers);
    return this.#headers;
  }

  /** A header by its lower-case name, as of the last call of `readHeaders`. */
  header(name: string): string | undefined {
    return readHeader(this.#headers ?? this.readHeaders(), name);
  }

  /** A header that the application has set, else the one that the client sent, even if the application has deleted it. */
  headerAsSent(name: string): string | undefined {
    const { incoming } = this;
    return this.header(name) ?? (incoming && readRawHeader(incoming, name));
  }

  /** A header as the client or a proxy sent it, even if the application has replaced it to pass the request on. */
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

  /** Records that the announced operation has failed with an error of this class or code. The status may still be 200. */
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

  /** Releases everything that later hits do not need. */
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

/** Stands for requests to servers of this package, which are neither tracked nor counted. */
export const UNTRACKED = /* @__PURE__ */ new Request();
