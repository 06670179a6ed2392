import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { type StreamMessage, UNTRACKED_SERVER } from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';
import { ownerOf, runIn, setOwner } from '../request/contexts.js';
import type { Ends } from '../request/ends.js';
import { Http2Request, Http2Response, type Peer } from '../request/http2-message.js';
import { Request } from '../request/request.js';
import { isClientError } from '../request/response-status.js';
import type { ConnectionWatch } from './capture.js';
import { emitIn, wrapEmit } from './emit.js';
import { IS_BUN } from './http1.js';

interface Session {
  readonly peer: Peer;
  /** Requests whose streams are not closed. */
  readonly open: Set<Request>;
}

/**
 * Whether a stream is a request that may be tracked: not a push, which the server begins, not `CONNECT`, which opens a tunnel or a
 * WebSocket, and not gRPC.
 */
function isRequestStream({ stream, headers }: StreamMessage): boolean {
  const { id = 0 } = stream;
  if (id % 2 === 0 || headers[':method'] === 'CONNECT') return false;
  const contentType = headers['content-type'];
  return typeof contentType !== 'string' || !GRPC.test(contentType);
}

const GRPC = /^application\/grpc/i;

/** Captures requests over HTTP/2. A session that closes also closes its streams. */
export class Http2Capture {
  readonly #watch: ConnectionWatch;
  readonly #ends: Ends;
  readonly #sessions = new WeakMap<ServerHttp2Session, Session>();

  constructor(watch: ConnectionWatch, ends: Ends) {
    this.#watch = watch;
    this.#ends = ends;
  }

  /** Begins a stream. A stream that is a request is watched until it closes. */
  begin(message: StreamMessage): void {
    const { stream, headers } = message;
    if (ownerOf(stream)) return;
    this.#watch.beginStream(!IS_BUN); // Bun calls the listeners of streams in no async context
    if (IS_BUN || !isRequestStream(message)) return;
    const node = stream.session as ServerHttp2Session & { readonly server?: object };
    if (node.server && UNTRACKED_SERVER in node.server) return;
    const session = this.#sessionOf(node);
    const incoming = new Http2Request(session.peer, headers);
    const response = new Http2Response(stream);
    const request = Request.ofNode(incoming, response, headers[':path']);
    setOwner(stream, request);
    session.open.add(request);
    stream.once('close', () => this.#end(request, session));
    // Node.js calls listeners that read the body in the async context of the previous activity on the connection.
    emitIn(stream, request);
    watchEnd(stream, response, request);
    countWrites(stream, response);
    this.#watch.begin();
  }

  /** Handles a stream that has closed, before Node.js emits `close`. */
  close({ stream }: Partial<StreamMessage>): void {
    const request = stream && ownerOf(stream);
    const response = request?.response as Http2Response | undefined;
    if (!request || !response) return;
    // Node.js also ends the local side of a stream to abort it.
    response.isSent = stream.state?.localClose === 1 && !stream.aborted;
    // Node.js 22 and 24 do not call the callback of a pending write if the client resets the stream without an error.
    const isStuck = !response.isSent && !response.isEndedByServer && stream.writableLength > 0;
    const session = isStuck && this.#sessions.get(stream.session as ServerHttp2Session);
    if (session) runIn(request, () => this.#end(request, session));
  }

  #end(request: Request, session: Session): void {
    session.open.delete(request);
    this.#ends.close(request);
  }

  #sessionOf(node: ServerHttp2Session): Session {
    const known = this.#sessions.get(node);
    if (known) return known;
    const { remoteAddress, remotePort } = node.socket;
    const peer = { remoteAddress, remotePort, encrypted: node.encrypted };
    const session: Session = { peer, open: new Set() };
    this.#sessions.set(node, session);
    const watched = this.#ends.watch(session.open);
    node.once('close', () => this.#ends.unwatch(watched));
    watchSession(node);
    return session;
  }
}

/** Calls the listeners of a new stream in the async context of its request. */
function watchSession(node: ServerHttp2Session): void {
  wrapEmit(
    node,
    (current) =>
      function emit(this: unknown, ...event) {
        const [name, value] = event;
        const request = name === 'stream' ? ownerOf(value) : undefined;
        if (!request) return Reflect.apply(current(), this, event);
        try {
          return runIn(request, Reflect.apply, current(), this, event);
        } finally {
          if (request.incoming)
            (request.incoming as Http2Request).compatible = compatibleRequestOf(value as object);
        }
      },
  );
}

/**
 * Node.js resets a stream in the same way for both sides, so calls of the application are watched. A handler that destroys a session destroys all
 * of its streams. The callbacks of their pending writes must not run in the async context of that handler.
 */
function watchEnd(stream: ServerHttp2Stream, response: Http2Response, request: Request): void {
  for (const name of ['close', 'destroy'] as const) {
    const method = stream[name];
    setHidden(stream, name, function end(this: ServerHttp2Stream, ...args: unknown[]): unknown {
      if (!stream.closed && !isClientError(args[0]) && !isDisconnected(stream))
        response.isEndedByServer = true;
      return runIn(request, Reflect.apply, method, this, args);
    });
  }
}

function isDisconnected({ session }: ServerHttp2Stream): boolean {
  try {
    return session?.socket.destroyed !== false;
  } catch {
    return true; // the session has no socket any more
  }
}

type Chunk = string | Uint8Array;

/** Counts the bytes of a stream. Node.js does so, too, but does not expose the number. */
function countWrites(stream: ServerHttp2Stream, response: Http2Response): void {
  const { _write: write, _writev: writev } = stream;
  setHidden(stream, '_write', (chunk: Chunk, encoding: BufferEncoding, callback: () => void) => {
    response.writtenBytes += sizeOf(chunk, encoding);
    write.call(stream, chunk, encoding, callback);
  });
  if (!writev) return;
  setHidden(
    stream,
    '_writev',
    (chunks: { chunk: Chunk; encoding: BufferEncoding }[], callback: () => void) => {
      for (const { chunk, encoding } of chunks) response.writtenBytes += sizeOf(chunk, encoding);
      writev.call(stream, chunks, callback);
    },
  );
}

function sizeOf(chunk: Chunk, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
}

/** A symbol of Node.js that is not public, but has not changed since version 10. */
let compatibleKey: symbol | undefined;

function compatibleRequestOf(stream: object): object | undefined {
  compatibleKey ??= Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'request',
  );
  return compatibleKey && (stream as Record<symbol, object | undefined>)[compatibleKey];
}
