import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node writes the status line and all headers as this text. Not public, and unchanged since Node 0.x. */
interface WrittenResponse {
  readonly _header?: unknown;
}

/** Bytes of the bodies of responses that are complete. */
const sizes = new WeakMap<object, number>();

/**
 * From now on measures responses to the user agents that it is asked about, until what it returns is called. For others
 * only the question is asked. Size is what the connection has written between Node's own events, less the headers: this holds
 * for compression, TLS and keep-alive. The framing of a chunked body is part of it.
 */
export function measureResponses(isMeasured: (userAgent: string) => boolean): () => void {
  const requests = channel('http.server.request.start');
  function onRequest(message: unknown): void {
    const { request, response } = message as {
      request: IncomingMessage;
      response: ServerResponse;
    };
    const userAgent = request.headers['user-agent'];
    if (userAgent !== undefined && isMeasured(userAgent)) measure(response);
  }
  requests.subscribe(onRequest);
  return () => void requests.unsubscribe(onRequest);
}

/**
 * Node gives a response its socket when the one before is written, and this listener comes before the one that gives the
 * socket to the next: bytes of pipelined responses are of neither.
 */
function measure(response: ServerResponse): void {
  response.once('socket', (socket: Socket) => {
    if (response.headersSent) return; // written before it was its turn on a pipelined connection
    const before = socket.bytesWritten;
    response.once('finish', () => {
      const { _header: header } = response as WrittenResponse;
      if (typeof header !== 'string') return;
      const size = socket.bytesWritten - before - header.length;
      if (size >= 0) sizes.set(response, size);
    });
  });
}

/** Bytes of the body as sent; `undefined` if the response is incomplete or was not measured. */
export function measuredSize(response: object): number | undefined {
  return sizes.get(response);
}

/** Also of what `writeHead` was given, which `getHeader` does not know. */
export function contentTypeOf(response: ServerResponse): string | undefined {
  const given = response.getHeader('content-type');
  if (given !== undefined) return String(given);
  const { _header: header } = response as WrittenResponse;
  return typeof header === 'string' ? CONTENT_TYPE.exec(header)?.[1] : undefined;
}

const CONTENT_TYPE = /^content-type:([^\r\n]*)/im;
