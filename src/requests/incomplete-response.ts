import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Http2Response, isHttp2 } from './http2-exchange.js';
import type { Request } from './request.js';
import type { WrittenResponse } from './response.js';

export const CLIENT_CLOSED_REQUEST = 499;

const CONTINUE_BYTES = 'HTTP/1.1 100 Continue\r\n\r\n'.length;
const CONTENT_LENGTH = /^content-length:[ \t]*(\d+)/im;

/**
 * The status of an incomplete response, although it began with 200; `undefined` if it is complete. A crash before any status
 * is not incomplete, and neither is a response that continues after its span has ended, as with `@hono/otel`. A response that
 * waits for a pipelined one before it is not destroyed with its connection.
 */
export function incompleteStatus({ incoming, response, announced }: Request): number | undefined {
  if (!incoming || !response) return undefined;
  if (isHttp2(incoming)) return incompleteHttp2Status(response as Http2Response);
  const { socket } = incoming;
  if (!response.destroyed && !socket?.destroyed) return undefined;
  if (isComplete(announced, response as ServerResponse, socket)) return undefined;
  return endedStatus(response, isEndedByClient(socket));
}

function incompleteHttp2Status(response: Http2Response): number | undefined {
  if (!response.destroyed || response.isComplete) return undefined;
  return endedStatus(response, response.closedBy !== 'server');
}

function endedStatus(response: ServerResponse | Http2Response, hasClientLeft: boolean): number {
  if (hasClientLeft) return CLIENT_CLOSED_REQUEST;
  return response.headersSent && response.statusCode >= 400 ? response.statusCode : 500;
}

/**
 * Whether all of the response was sent. A client may leave after the last byte and before the server calls `end()`: then
 * Node.js never finishes the response. And it finishes one whose last write fails.
 */
function isComplete(
  { isCutOff, later, bytesBefore }: Request,
  response: ServerResponse,
  socket: Socket | undefined,
): boolean {
  const isLatest = later === undefined;
  const hasFailed =
    isLatest && (socket?.errored as NodeJS.ErrnoException | null)?.syscall === 'write';
  if (isCutOff || hasFailed) return false;
  if (response.writableFinished) return true;
  const {
    _header: header,
    _hasBody: hasBody,
    _sent100: hasContinued,
  } = response as WrittenResponse;
  if (typeof header !== 'string' || bytesBefore === undefined) return false;
  const length = hasBody === false ? 0 : Number(CONTENT_LENGTH.exec(header)?.[1]);
  const others = bytesBefore + header.length + (hasContinued ? CONTINUE_BYTES : 0);
  return Number(socket?.bytesWritten) - others >= length;
}

/** Error codes of Node.js that the peer of a connection causes, besides those of the HTTP parser (`HPE_…`). */
const CLIENT_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP_REQUEST_TIMEOUT',
  'ERR_HTTP2_ERROR', // frames that the protocol forbids
]);

/**
 * Whether the client, not the server, ended a connection before the response was complete. If the server calls `destroy()`, the
 * socket has seen neither an end nor an error.
 */
function isEndedByClient({ readableEnded, errored }: Socket): boolean {
  return readableEnded || isClientError(errored);
}

export function isClientError(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return CLIENT_ERRORS.has(code) || (code?.startsWith('HPE_') ?? false);
}
