import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from '../common/node-http.js';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import { hasBody, readBodySize, toSize } from '../hit/bots/ai-chatbot-hit.js';
import { decodeLatin1 } from '../hit/text.js';
import { ERROR_STATUS, type FinishedSpan, micrometerIn, UNSET_STATUS } from './finished-span.js';
import type { Http2Response } from './http2-message.js';
import { isHttp2 } from './node-request.js';
import { firstText, responseHeaderIn } from './read-headers.js';
import type { Request } from './request.js';

/** Properties that are not public, but have not changed since Node.js 0.x. */
interface WrittenResponse {
  /** The status line and all headers as Node.js writes them. */
  readonly _header?: unknown;
  readonly statusMessage?: unknown;
}

// An application may have replaced the properties that the next two functions read. Then the response counts as sent, and the failure is
// reported when the request ends.

/** Whether the headers of a response were sent. */
export function hasBegun({ response }: Pick<Request, 'response'>): boolean {
  try {
    return response?.headersSent === true;
  } catch {
    return true;
  }
}

/** Whether a response has not closed yet. */
export function isOpen({ response }: Pick<Request, 'response'>): boolean {
  try {
    return response?.closed === false;
  } catch {
    return false;
  }
}

/** A header of the response by its lower-case name: from Node's response, else from attributes. `undefined` if it was not sent. */
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
  // `getHeader` does not return headers that were passed to `writeHead`.
  if (typeof head !== 'string') return undefined;
  const start = head.toLowerCase().indexOf(`\n${name}:`);
  return start < 0 ? undefined : head.slice(start + name.length + 2, head.indexOf('\r', start));
}

/** The content type of a response, empty if it has none; `undefined` if it is unknown. */
export function contentTypeOf(request: Request): string | undefined {
  // Attributes are created when they are read. A request with a response does not need them.
  return request.response
    ? (responseHeader(request.response, 'content-type') ?? '')
    : contentTypeIn(request.attributes);
}

/** The content type in attributes of captured headers. */
function contentTypeIn(attributes: Attributes): string | undefined {
  return firstText(
    attributes['http.response.header.content-type'] ??
      attributes['http.response.header.content_type'],
  );
}

/** Matches streams of JSON lines or records, multipart streams whose parts replace each other, watches of Kubernetes, and media. */
const ENDLESS =
  /^\s*(?:(audio|video)\/|(?:text\/event-stream|multipart\/x-mixed-replace|(?:application|text)\/(?:[a-z\d.-]+[+-])?(?:nd-?json|json-?l(?:ines)?|json-seq)|application\/(?:x-json-stream|stream\+[a-z\d.-]+))\s*(?:;|$))|;\s*stream=watch\s*(?:;|$)/i;

/**
 * Whether a response has a content type without an end. Such a response ends when one side disconnects, so its duration says nothing about
 * the server. Audio and video are endless if they have no length.
 */
export function isEndless(request: Request, contentType: string): boolean {
  const match = ENDLESS.exec(contentType);
  if (!match) return false;
  const [, medium] = match;
  return medium === undefined || !hasLength(request);
}

function hasLength(request: Request): boolean {
  return request.response
    ? responseHeader(request.response, 'content-length') !== undefined
    : readBodySize(request.attributes) !== undefined;
}

/**
 * The sent status, which the application can no longer change; `undefined` if the headers were not sent. The property `statusCode` may differ:
 * Restify sets it when a client disconnects.
 */
export function sentStatusOf({ response }: Request): number | undefined {
  if (!response?.headersSent) return undefined;
  const { _header: head, statusMessage } = response as WrittenResponse;
  // If the property matches the status message, Node.js has set both when it wrote the head. Reading the head would make V8 flatten its string.
  if (STATUS_CODES[response.statusCode] === statusMessage) return response.statusCode;
  const status = typeof head === 'string' ? Number(head.slice(STATUS_START, STATUS_END)) : 0;
  return status || response.statusCode;
}

/** The sent status or, before the headers are sent, the status that the response has now. */
export function currentStatusOf(request: Request): number | undefined {
  return sentStatusOf(request) ?? request.response?.statusCode;
}

const STATUS_START = 'HTTP/1.1 '.length;
const STATUS_END = STATUS_START + 3;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)\b/;

/** The status in the first bytes that the application itself writes to a socket; `undefined` if they are not the beginning of a response. */
export function rawStatusOf(bytes: unknown): number | undefined {
  const isText = typeof bytes === 'string';
  if (!isText && !(bytes instanceof Uint8Array)) return undefined;
  const head = isText ? bytes : Buffer.from(bytes.subarray(0, STATUS_END + 1)).toString('latin1');
  return Number(STATUS_LINE.exec(head)?.[1]) || undefined;
}

/** The status in attributes. Every number of three digits is accepted, because some servers define their own statuses. */
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
  if (code === 0) return CLIENT_CLOSED_REQUEST; // Envoy and nginx write 0 if the client left before there was a status
  return Number.isInteger(code) && code >= 100 && code <= 999 ? code : undefined;
}

/**
 * The status of a request that is only known from an ended span without a status. In Go, a handler that writes nothing has answered with 200,
 * and a handler that panics leaves an exception, but no status.
 */
export function impliedStatus({ status, events }: FinishedSpan): number {
  const hasFailed =
    status.code === ERROR_STATUS ||
    (status.code === UNSET_STATUS && events?.some(({ name }) => name === 'exception'));
  return hasFailed ? 500 : 200;
}

/** Bytes of the body as sent, from Node's response, else from attributes; `undefined` if the number is not certain. */
export function readBodyBytes(
  request: Request,
  method: string,
  statusCode: number,
): number | undefined {
  const { response } = request;
  if (!hasBody(method, statusCode)) return undefined;
  return toSize(response ? bodyBytesOf(request, response) : readBodySize(request.attributes));
}

/** Bytes of the body. Without a length, these are the bytes that the connection has written, with the framing of a chunked body. */
function bodyBytesOf({ isSent, sentBytes }: Request, response: Response): number | undefined {
  if ('bodyBytes' in response) return response.bodyBytes;
  if (!isSent) return undefined;
  const length = responseHeader(response, 'content-length');
  return length === undefined ? sentBytes - headBytesOf(response) : Number(length);
}

/** Bytes of the status line and all headers. */
function headBytesOf(response: Response): number {
  const { _header: head } = response as WrittenResponse;
  return typeof head === 'string' ? head.length : Number.NaN;
}

export const CLIENT_CLOSED_REQUEST = 499;

/**
 * The status of a response that was not finished, whatever status it began with; `undefined` if it was finished or is still open. The first that
 * applies: the status that Node.js or the application has written to the socket instead of a response; 499 if the client disconnected; 500.
 * Not called for a stream without an end, which is always cut off.
 */
export function unfinishedStatus(request: Request): number | undefined {
  const { incoming, response, additions } = request;
  if (!incoming || !response) return undefined;
  if (isHttp2(incoming)) {
    const { closed, isComplete, isEndedByServer } = response as Http2Response;
    if (!closed || isComplete) return undefined;
    return isEndedByServer ? 500 : CLIENT_CLOSED_REQUEST;
  }
  const { socket } = incoming;
  if (!(response as ServerResponse).destroyed && !socket?.destroyed) return undefined;
  if (isClientError(socket?.errored)) {
    const { code = '' } = socket.errored as NodeJS.ErrnoException;
    const isWritten = socket.bytesWritten + request.sentBytes > 0;
    const hasLeft = socket.readableEnded || response.headersSent || !isWritten;
    return (hasLeft ? undefined : statusWrittenFor(code)) ?? CLIENT_CLOSED_REQUEST;
  }
  // A socket that the server destroys has received neither an end nor an error.
  return additions?.endStatus ?? (socket?.readableEnded ? CLIENT_CLOSED_REQUEST : 500);
}

/** The status that Node.js writes to the socket if it cannot parse a request whose response has not begun. */
function statusWrittenFor(errorCode: string): number | undefined {
  if (errorCode === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (errorCode === 'HPE_HEADER_OVERFLOW') return 431;
  if (errorCode === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413;
  return errorCode.startsWith('HPE_') ? 400 : undefined;
}

/** Error codes of Node.js that the peer of a connection causes, in addition to those of the HTTP parser (`HPE_…`). */
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
