import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestMessage } from '../common/channel-listener.js';
import { hasBody, type IsAiChatbot, readBodySize, toSize } from '../hit/bots/ai-chatbot-hit.js';
import type { ChatbotResponse } from '../hit/http-request.js';
import { clientOf } from './read-headers.js';
import type { EndedRequest, Request } from './request.js';
import { contentTypeIn, sentContentType, type WrittenResponse } from './response-header.js';

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
  const client = clientOf(request.headers);
  if (isMeasured(client?.userAgent, client)) measure(announced, response);
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
