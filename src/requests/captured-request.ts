import type { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject } from '../common/channel-listener.js';
import type { Span } from '../common/otel-types.js';
import { UNTRACKED_SERVER } from '../common/untracked-server.js';
import { Annotations } from '../hit/http-request.js';
import { splitTarget } from './finished-span.js';
import type { Http2Request, Http2Response } from './http2-exchange.js';
import type { NamedOperation } from './operations/index.js';
import type { McpReport } from './operations/mcp-report.js';

/** What `annotate`, `measure` and `ignore` added to one request. */
export class CodeAnnotations extends Annotations {
  /** Timings that have started and not ended. */
  running = 0;
}

/** A request as Node.js announced it, before any of its spans. */
export interface CapturedRequest {
  /** Both are released when every processor has read them: they are large, and the async context keeps this object alive. */
  request: IncomingMessage | Http2Request | undefined;
  response: ServerResponse | Http2Response | undefined;
  /** How many processors have not read them yet. */
  readers: number;
  /** Path and query are read immediately: Express rewrites `request.url` while it routes. Released with the request. */
  path: string;
  query: string | undefined;
  readonly startMillis: number;
  /** The same on the monotonic clock, to measure the duration. */
  readonly startedMillis: number;
  /** Created on demand, because most requests have none. */
  fromCode: CodeAnnotations | undefined;
  /** The span of this request, after it has started. */
  span: Span | undefined;
  /** The route template that a framework announced. */
  route: string | undefined;
  /** The operation that a framework announced. */
  operation: NamedOperation | undefined;
  /** Whether that has failed. */
  hasFailedOperation: boolean;
  /** What `trackMcp` has seen of its messages. */
  mcp: McpReport | undefined;
  /** What each processor stores with this request, as a linked list. It lives as long as the async context. */
  records: StoredRecord | undefined;
  /** The request arrived at a server of this package: it makes no hit and is not counted. */
  readonly untracked: boolean;
  /** Ends the request if it has no span, once, when its response is finished or will not be. */
  onClosed: ((captured: CapturedRequest) => void) | undefined;
  /** What the connection had written before the response; unknown until its turn if requests are pipelined. */
  bytesBefore: number | undefined;
  /** Bytes of the body as sent; `undefined` if the response is incomplete or was not measured. Over HTTP/2, its response has them. */
  bodyBytes: number | undefined;
  /** The connection failed with bytes of the response that had not been sent. */
  isCutOff: boolean;
  /** The next request on the same connection. */
  later: CapturedRequest | undefined;
}

/** The request of the current async context. */
export type RequestStorage = AsyncLocalStorage<CapturedRequest | undefined>;

/** What one processor stores with a request. Only that processor knows its type. */
export interface StoredRecord {
  readonly processor: object | undefined;
  /** Its hit was built: nothing more is added to it. */
  readonly closed: boolean;
  /** Those of the captured request, to which it has no link once its hit is pending. */
  fromCode: CodeAnnotations | undefined;
  next: StoredRecord | undefined;
}

export function createCaptured(
  request: CapturedRequest['request'],
  response: CapturedRequest['response'],
  target: string,
  server: object | undefined,
): CapturedRequest {
  const { path, query } = splitTarget(target);
  return {
    request,
    response,
    readers: 0,
    path,
    query,
    startMillis: Date.now(),
    startedMillis: performance.now(),
    fromCode: undefined,
    span: undefined,
    route: undefined,
    operation: undefined,
    hasFailedOperation: false,
    mcp: undefined,
    records: undefined,
    untracked: server !== undefined && UNTRACKED_SERVER in server,
    onClosed: undefined,
    bytesBefore: undefined,
    bodyBytes: undefined,
    isCutOff: false,
    later: undefined,
  };
}

/** The annotations from code of a request, which all processors share; creates them if there are none. */
export function annotationsFor(captured: CapturedRequest): CodeAnnotations {
  captured.fromCode ??= captured.records?.fromCode ?? new CodeAnnotations();
  for (let each = captured.records; each; each = each.next) each.fromCode = captured.fromCode;
  return captured.fromCode;
}

/** On Node's request or stream, so that nothing but that object keeps it in memory. A `WeakMap` costs a tenth of a hit. */
export const CAPTURED: unique symbol = Symbol.for('opentelemetry-matomo.captured.1');
export type Capturable = { [CAPTURED]?: CapturedRequest };

/** Each processor that uses a request calls this after it has read it. */
export function releaseRequest(captured: CapturedRequest): void {
  captured.readers -= 1;
  if (captured.readers > 0) return;
  captured.request = undefined;
  captured.response = undefined;
  captured.span = undefined;
  captured.path = '/';
  captured.query = undefined;
  captured.onClosed = undefined;
}

/** What was captured of one of Node's requests or streams. The compatibility API of HTTP/2 has the stream of its request. */
export function capturedOf(request: object): CapturedRequest | undefined {
  const own = ownCaptured(request);
  if (own) return own;
  const { stream } = request as { readonly stream?: unknown };
  return isObject(stream) ? ownCaptured(stream) : undefined;
}

export function ownCaptured(request: object): CapturedRequest | undefined {
  return (request as Capturable)[CAPTURED];
}
