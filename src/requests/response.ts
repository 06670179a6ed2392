import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestMessage } from '../common/channel-listener.js';
import { memoize } from '../common/generation-cache.js';
import type { Attributes } from '../common/otel-types.js';
import { hasBody, type IsAiChatbot, readBodySize, toSize } from '../hit/bots/ai-chatbot-hit.js';
import type { ChatbotResponse } from '../hit/http-request.js';
import { decodeLatin1 } from '../hit/text.js';
import { textOf } from './finished-span.js';
import { clientOf, responseHeaderIn } from './read-headers.js';
import type { EndedRequest, Request } from './request.js';

/** Not public, but unchanged since Node.js 0.x. */
export interface WrittenResponse {
  /** The status line and all headers as Node.js writes them. */
  readonly _header?: unknown;
  readonly _headerSent?: boolean;
  /** `false` for HEAD, 204 and 304. */
  readonly _hasBody?: boolean;
  readonly _sent100?: boolean;
  /** Also writes informational responses (1xx). */
  _writeRaw?(data: string | Uint8Array, ...rest: unknown[]): boolean;
}

/** Finds a header by its lower-case name in a status line and headers as they were written. */
const patternOf = /* @__PURE__ */ memoize(
  (name: string) => new RegExp(`^${name.replace(/[^\w-]/g, '\\$&')}:([^\r\n]*)`, 'im'),
);

/**
 * A header of the response by its lower-case name: from Node's response if there is one, else from attributes. `undefined` if it was
 * not sent.
 */
export function readResponseHeader(request: Request, name: string): string | undefined {
  const { response } = request;
  const text = response ? sentHeader(response, name) : responseHeaderIn(request.attributes, name);
  return text === undefined ? undefined : decodeLatin1(text).trim() || undefined;
}

type Response = NonNullable<Request['response']>;

function sentHeader(response: Response, name: string): string | undefined {
  if (response.headersSent === false) return undefined;
  const value = response.getHeader(name);
  if (value !== undefined) return Array.isArray(value) ? value.join(', ') : String(value);
  const { _header: head } = response as WrittenResponse;
  // Headers passed to `writeHead`, which `getHeader` does not return.
  return typeof head === 'string' ? patternOf(name).exec(head)?.[1] : undefined;
}

/** `undefined` if no headers were sent. Read of every request, so the spelling of most applications is looked for first. */
export function sentContentType(response: Response): string | undefined {
  const { _header: head } = response as WrittenResponse;
  if (typeof head === 'string' && response.getHeader('content-type') === undefined) {
    const start = head.indexOf(CONTENT_TYPE);
    if (start >= 0) return head.slice(start + CONTENT_TYPE.length, head.indexOf('\r', start));
  }
  return sentHeader(response, 'content-type');
}

const CONTENT_TYPE = '\nContent-Type:';

/** From attributes of captured headers. */
export function contentTypeIn(attributes: Attributes): string | undefined {
  const value =
    attributes['http.response.header.content-type'] ??
    attributes['http.response.header.content_type'];
  return textOf(Array.isArray(value) ? value[0] : value);
}

const EVENT_STREAM = /^\s*text\/event-stream(?:[\s;]|$)/i;

/** Whether a response is a stream of events, which ends when one of both sides leaves. */
export function isEventStream(contentType: string | undefined): boolean {
  return contentType !== undefined && EVENT_STREAM.test(contentType);
}

export function statusAttribute(attributes: Attributes): number | undefined {
  const status = attributes['http.response.status_code'] ?? attributes['http.status_code'];
  const code = typeof status === 'string' ? Number(status) : status;
  return typeof code === 'number' && code >= 100 && code <= 599 ? code : undefined;
}

/**
 * Measures the body of a complete response if `isMeasured` accepts the user agent. The size is what the connection wrote between two
 * events of Node.js, minus headers and informational responses (1xx). So it is right for compression, TLS and keep-alive, and includes
 * the framing of a chunked body. Over HTTP/2, all responses are measured.
 */
export function measureResponse(
  announced: Request,
  { request, response }: RequestMessage,
  isMeasured: IsAiChatbot,
): void {
  announced.client = clientOf(request.headers);
  if (isMeasured(announced.client?.userAgent, announced.client)) measure(announced, response);
}

/**
 * Node.js assigns the socket when the previous response is written. This listener runs before the one that passes the socket on,
 * so bytes of other pipelined responses are never counted.
 */
function measure(announced: Request, response: ServerResponse): void {
  const informationalBytes = countInformational(response as WrittenResponse);
  response.once('socket', (socket: Socket) => {
    if (response.headersSent) return; // written before its turn on a pipelined connection
    const before = socket.bytesWritten;
    response.once('finish', () => {
      const { _header: header } = response as WrittenResponse;
      if (typeof header !== 'string') return;
      const size = socket.bytesWritten - before - header.length - informationalBytes();
      if (size >= 0) announced.bodyBytes = size;
    });
  });
}

/** Counts the bytes of informational responses: all that Node.js writes, or buffers for a pipelined connection, before the headers. */
function countInformational(response: WrittenResponse): () => number {
  const { _writeRaw: writeRaw } = response;
  let bytes = 0;
  if (writeRaw) {
    response._writeRaw = function countedWriteRaw(data, ...rest) {
      if (this._headerSent === false) bytes += data.length;
      return writeRaw.call(this, data, ...rest);
    };
  }
  return () => bytes;
}

/** Content type and size of the response to an AI chatbot: from Node's response if there is one, else from attributes. */
export function readChatbotResponse(ended: EndedRequest): ChatbotResponse {
  const { request, response, announced } = ended;
  const size = response
    ? toSize('bodyBytes' in response ? response.bodyBytes : announced.bodyBytes)
    : readBodySize(ended.attributes);
  return {
    contentType: response ? sentContentType(response) : contentTypeIn(ended.attributes),
    bodyBytes: hasBody(request.method, request.statusCode) ? size : undefined,
  };
}
