import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import { hasBody, readBodySize, toSize } from '../hit/bots/ai-chatbot-hit.js';
import { decodeLatin1 } from '../hit/text.js';
import { ERROR_STATUS, type FinishedSpan, micrometerIn, UNSET_STATUS } from './finished-span.js';
import type { Http2Response } from './http2-message.js';
import { isHttp2 } from './node-request.js';
import { firstText, responseHeaderIn } from './read-headers.js';
import type { ReadRequest, Request } from './request.js';

/** Not public, but unchanged since Node.js 0.x. */
interface WrittenResponse {
  /** The status line and all headers as Node.js writes them. */
  readonly _header?: unknown;
  /** `false` for HEAD, 204 and 304. */
  readonly _hasBody?: boolean;
  readonly _sent100?: boolean;
}

// An application may have replaced what these two read. Then the response counts as sent, and the end of its request reports that.

/** Whether the headers of a response were sent. */
export function hasBegun({ response }: Pick<Request, 'response'>): boolean {
  try {
    return response?.headersSent === true;
  } catch {
    return true;
  }
}

/** Whether a response is not closed. */
export function isOpen({ response }: Pick<Request, 'response'>): boolean {
  try {
    return response?.closed === false;
  } catch {
    return false;
  }
}

/**
 * A header of the response by its lower-case name: from Node's response if there is one, else from attributes. `undefined` if it was
 * not sent.
 */
export function readResponseHeader(request: Request, name: string): string | undefined {
  const { response } = request;
  const text = response
    ? responseHeader(response, name)
    : responseHeaderIn(request.attributes, name);
  return text === undefined ? undefined : decodeLatin1(text).trim() || undefined;
}

type Response = NonNullable<Request['response']>;

function responseHeader(response: Response, name: string): string | undefined {
  if (response.headersSent === false) return undefined;
  const value = response.getHeader(name);
  if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value);
  const { _header: head } = response as WrittenResponse;
  // Headers passed to `writeHead`, which `getHeader` does not return.
  return typeof head === 'string' ? writtenHeader(head, name) : undefined;
}

/** A header by its lower-case name in a status line and headers as they were written. */
function writtenHeader(head: string, name: string): string | undefined {
  const start = head.toLowerCase().indexOf(`\n${name}:`);
  return start < 0 ? undefined : head.slice(start + name.length + 2, head.indexOf('\r', start));
}

/** The content type of a response, empty if it has none; `undefined` if that is not known. */
export function contentTypeOf({ response, attributes }: Request): string | undefined {
  if (!response) return contentTypeIn(attributes);
  return responseHeader(response, 'content-type') ?? '';
}

/** From attributes of captured headers. */
function contentTypeIn(attributes: Attributes): string | undefined {
  return firstText(
    attributes['http.response.header.content-type'] ??
      attributes['http.response.header.content_type'],
  );
}

const EVENT_STREAM = /^\s*text\/event-stream(?:[\s;]|$)/i;

/** Whether a response is a stream of events. */
export function isEventStream(contentType: string | undefined): boolean {
  return contentType !== undefined && EVENT_STREAM.test(contentType);
}

/** Lines or records of JSON, parts that replace each other, watches of Kubernetes, and media. */
const ENDLESS =
  /^\s*(?:(audio|video)\/|(?:text\/event-stream|multipart\/x-mixed-replace|(?:application|text)\/(?:[a-z\d.-]+[+-])?(?:nd-?json|json-?l(?:ines)?|json-seq)|application\/(?:x-json-stream|stream\+[a-z\d.-]+))\s*(?:;|$))|;\s*stream=watch\s*(?:;|$)/i;

/**
 * Whether a response has a content type without an end: it ends when one of both sides leaves, so its duration says nothing about the
 * server. Audio and video have none if they have no length.
 */
export function isEndless(request: Request, contentType: string | undefined): boolean {
  const match = contentType ? ENDLESS.exec(contentType) : null;
  if (!match) return false;
  const [, medium] = match;
  return medium === undefined || !hasLength(request);
}

function hasLength({ response, attributes }: Request): boolean {
  if (!response) return readBodySize(attributes) !== undefined;
  return responseHeader(response, 'content-length') !== undefined;
}

/**
 * The status that was sent, which the application can no longer change; `undefined` before. The property may say something else: Restify
 * sets it when a client leaves.
 */
export function sentStatusOf({ response, additions }: Request): number | undefined {
  if (!response?.headersSent) return undefined;
  const { _header: head } = response as WrittenResponse;
  const status = typeof head === 'string' ? Number(head.slice(STATUS_START, STATUS_END)) : 0;
  return additions?.endStatus ?? (status || response.statusCode);
}

/** The same or, before, the status that the response would have now. */
export function currentStatusOf(request: Request): number | undefined {
  return sentStatusOf(request) ?? request.response?.statusCode;
}

const STATUS_START = 'HTTP/1.1 '.length;
const STATUS_END = STATUS_START + 3;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)\b/;

/** The status of a response that the application has written to the socket itself; `undefined` if it begins in another way. */
export function rawStatusOf(bytes: unknown): number | undefined {
  const isText = typeof bytes === 'string';
  if (!isText && !(bytes instanceof Uint8Array)) return undefined;
  const head = isText ? bytes : Buffer.from(bytes.subarray(0, STATUS_END + 1)).toString('latin1');
  return Number(STATUS_LINE.exec(head)?.[1]) || undefined;
}

/** Every number of three digits is a status: some servers have their own. */
export function statusAttribute(attributes: Attributes): number | undefined {
  return (
    toStatus(attributes['http.response.status_code']) ??
    toStatus(attributes['http.status_code']) ??
    toStatus(micrometerIn(attributes)?.status)
  );
}

function toStatus(value: AttributeValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  const code = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  if (typeof code !== 'number') return undefined;
  if (code === 0) return CLIENT_CLOSED_REQUEST; // of Envoy and nginx: the client left before there was a status
  return Number.isInteger(code) && code >= 100 && code <= 999 ? code : undefined;
}

/**
 * The status of a request of which nothing but its ended span is known, which has none. In Go, a handler that writes nothing has answered
 * with 200, and one that panics leaves an exception, but no status.
 */
export function impliedStatus({ status, events }: FinishedSpan): number {
  const hasFailed =
    status.code === ERROR_STATUS ||
    (status.code === UNSET_STATUS && events?.some(({ name }) => name === 'exception'));
  return hasFailed ? 500 : 200;
}

/** Bytes of the body as sent, from Node's response if there is one, else from attributes; `undefined` if that is not certain. */
export function readBodyBytes(request: ReadRequest): number | undefined {
  const { http, response } = request;
  if (!hasBody(http.method, http.statusCode)) return undefined;
  return toSize(response ? bodyBytesOf(request, response) : readBodySize(request.attributes));
}

/** Without a length, over HTTP/1.1 it is what the connection has written, with the framing of a chunked body. */
function bodyBytesOf({ sending, sentBytes }: Request, response: Response): number | undefined {
  if ('bodyBytes' in response) return response.bodyBytes;
  if (sending !== 'sent') return undefined;
  const length = responseHeader(response, 'content-length');
  return length === undefined ? sentBytes - headBytesOf(response) : Number(length);
}

/** Of the status line and all headers, and of the response that asks for the body. */
function headBytesOf(response: Response): number {
  const { _header: head, _sent100: hasContinued } = response as WrittenResponse;
  const ofHead = typeof head === 'string' ? head.length : Number.NaN;
  return ofHead + (hasContinued ? CONTINUE_BYTES : 0);
}

export const CLIENT_CLOSED_REQUEST = 499;

const CONTINUE_BYTES = 'HTTP/1.1 100 Continue\r\n\r\n'.length;
const CONTENT_LENGTH = /^content-length:[ \t]*(\d+)/im;

/**
 * The status of an incomplete response, whatever it began with; `undefined` if it is complete. `status` is what the span says or, without
 * one, Node.js:
 *
 * | the response                                 | ends the request, if it has no span | status                                                     |
 * |----------------------------------------------|-------------------------------------|------------------------------------------------------------|
 * | is finished                                  | http1.ts                            | its own                                                    |
 * | is destroyed, or its connection closes       | http1.ts                            | 499 if the client left, else 500 or an error that was sent |
 * | is cut off: the server ends the socket       | http1.ts                            | its own, or the one that was written to the socket         |
 * | is on a stream of HTTP/2 that closes         | http2.ts                            | the same, or its own if it is complete                     |
 * | has no status because the handler has thrown | http1.ts                            | 500 (here; with a span, in `readRequest`)                  |
 *
 * A response that waits for a pipelined one before it is not destroyed with its connection. One that goes on after its span has ended, as
 * with `@hono/otel`, is not incomplete, and neither is a stream without an end.
 */
export function incompleteStatus(
  request: Request,
  status: number | undefined,
  isEndless: boolean,
): number | undefined {
  const { incoming, response, additions } = request;
  if (!incoming || !response || status === undefined || isEndless) return undefined;
  let hasClientLeft: boolean;
  if (isHttp2(incoming)) {
    const ofStream = response as Http2Response;
    if (!ofStream.closed || ofStream.isComplete) return undefined;
    hasClientLeft = !ofStream.isEndedByServer;
  } else {
    const { socket } = incoming;
    if (!(response as ServerResponse).destroyed && !socket?.destroyed) return undefined;
    const { endStatus } = additions ?? {};
    if (endStatus !== undefined && !isClientError(socket?.errored)) return endStatus;
    if (isSent(request, response as ServerResponse, socket)) return undefined;
    // If the server calls `destroy()`, the socket has seen neither an end nor an error.
    hasClientLeft = socket.readableEnded || isClientError(socket.errored);
  }
  const written = writtenStatusOf(request);
  if (written !== undefined) return written;
  if (hasClientLeft) return CLIENT_CLOSED_REQUEST;
  const sent = sentStatusOf(request);
  return sent !== undefined && sent >= 400 ? sent : 500;
}

/**
 * Whether all of the response was sent. A client may leave after the last byte and before the server calls `end()`: then
 * Node.js never finishes the response. And it finishes one whose last write fails.
 */
function isSent(
  { additions, sending, sentBytes }: Request,
  response: ServerResponse,
  socket: Socket | undefined,
): boolean {
  if (sending === 'sent') return true;
  const hasFailed = (socket?.errored as NodeJS.ErrnoException | null)?.syscall === 'write';
  if (additions?.isCutOff || hasFailed) return false;
  if (sending === 'finished') return true;
  const { _header: head, _hasBody: hasBody } = response as WrittenResponse;
  if (typeof head !== 'string') return false;
  const length = hasBody === false ? 0 : Number(CONTENT_LENGTH.exec(head)?.[1]);
  // More bytes are informational responses (1xx), of any size: a response after them may be incomplete.
  return Number(socket?.bytesWritten) + sentBytes - headBytesOf(response) === length;
}

/** By the error of a connection: what Node.js and Fastify write to it, if the response has not begun. */
const WRITTEN: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** The status of what was written to the connection instead of a response, because the request timed out or cannot be parsed. */
function writtenStatusOf({ incoming, response, sentBytes }: Request): number | undefined {
  const { socket } = incoming as { readonly socket?: Socket };
  const { code = '' } = (socket?.errored ?? {}) as NodeJS.ErrnoException;
  const isWritten = Number(socket?.bytesWritten) + sentBytes > 0 && !response?.headersSent;
  if (!isWritten) return undefined;
  return WRITTEN[code] ?? (code.startsWith('HPE_') ? 400 : undefined);
}

/** Error codes of Node.js that the peer of a connection causes, besides those of the HTTP parser (`HPE_…`). */
const CLIENT_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP_REQUEST_TIMEOUT',
  'ERR_HTTP2_ERROR', // frames that the protocol forbids
  'ERR_HTTP2_SESSION_ERROR', // GOAWAY with an error
]);

export function isClientError(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return CLIENT_ERRORS.has(code) || (code?.startsWith('HPE_') ?? false);
}
