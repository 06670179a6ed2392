import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { StreamMessage } from '../common/channel-listener.js';
import { emitWith, replaceMethod, wrapEmit } from './emit-in-context.js';
import type { Http2Request, Http2Response, Peer } from './http2-exchange.js';
import { isClientError } from './incomplete-response.js';
import { ownRequest, type Request, type RequestStorage } from './request.js';

interface Session {
  readonly peer: Peer;
  /** Requests whose streams are not closed. */
  readonly open: Set<Request>;
  /** The client ended it because of an error. */
  isAborted: boolean;
}

/**
 * Whether a stream is a request that may make a hit: not a push, which the server begins, not `CONNECT`, which opens a tunnel or a
 * WebSocket, and not gRPC.
 */
export function isRequestStream({ stream, headers }: StreamMessage): boolean {
  const { id = 0 } = stream;
  if (id % 2 === 0 || headers[':method'] === 'CONNECT') return false;
  const contentType = headers['content-type'];
  return typeof contentType !== 'string' || !GRPC.test(contentType);
}

const GRPC = /^application\/grpc/i;

/** The sessions of HTTP/2 servers. A session closes all of its streams when it closes. */
export class Http2Sessions {
  readonly #storage: RequestStorage;
  readonly #sessions = new WeakMap<ServerHttp2Session, Session>();
  /** Weak, because a stream that the application passes to a server as a connection may never close. */
  readonly #open = new Set<WeakRef<Session['open']>>();

  constructor(storage: RequestStorage) {
    this.#storage = storage;
  }

  /** The requests whose streams are not closed. */
  *listOpen(): IterableIterator<Request> {
    for (const reference of this.#open) yield* reference.deref() ?? [];
  }

  /** The connection of a stream that begins. */
  peerOf(stream: ServerHttp2Stream): Peer {
    return this.#sessionOf(stream.session as ServerHttp2Session).peer;
  }

  /** Watches a stream until it is closed. */
  watch(stream: ServerHttp2Stream, announced: Request, onClose: () => void): void {
    const response = announced.response as Http2Response;
    const session = this.#sessionOf(stream.session as ServerHttp2Session);
    session.open.add(announced);
    stream.once('close', () => {
      session.open.delete(announced);
      onClose();
    });
    // Node.js calls those that read the body in the context of whatever the connection did before.
    emitWith(this.#storage, stream, announced);
    watchEnd(stream, response, session);
    countWrites(stream, response);
  }

  #sessionOf(node: ServerHttp2Session): Session {
    const known = this.#sessions.get(node);
    if (known) return known;
    const session: Session = { peer: readPeer(node), open: new Set(), isAborted: false };
    this.#sessions.set(node, session);
    const reference = new WeakRef(session.open);
    this.#open.add(reference);
    node.once('close', () => this.#open.delete(reference));
    this.#watchSession(node, session);
    return session;
  }

  /** Calls the listeners of each stream that begins in the async context of its request. */
  #watchSession(node: ServerHttp2Session, session: Session): void {
    wrapEmit(node, (emit, self, event) => {
      const [name, value] = event;
      if (name === 'goaway' && value !== NO_ERROR) session.isAborted = true;
      const announced = name === 'stream' ? ownRequest(value as object) : undefined;
      if (!announced) return Reflect.apply(emit, self, event);
      try {
        return this.#storage.run(announced, Reflect.apply, emit, self, event);
      } finally {
        if (announced.incoming)
          (announced.incoming as Http2Request).compatible = compatibleRequestOf(value as object);
      }
    });
  }
}

const NO_ERROR = 0;

function readPeer({ socket, encrypted }: ServerHttp2Session): Peer {
  const { remoteAddress, remotePort } = socket;
  return encrypted ? { remoteAddress, remotePort, encrypted } : { remoteAddress, remotePort };
}

/** Node.js resets a stream in the same way for both sides, so what the application calls is watched. */
function watchEnd(stream: ServerHttp2Stream, response: Http2Response, session: Session): void {
  const { close, destroy } = stream;

  function recordEnd(error?: unknown): void {
    if (stream.closed) return;
    const isByClient = session.isAborted || isClientError(error) || isDisconnected(stream);
    response.closedBy = isByClient ? 'client' : 'server';
  }

  function closeStream(this: ServerHttp2Stream, ...args: unknown[]): void {
    recordEnd();
    Reflect.apply(close, this, args);
  }

  function destroyStream(this: ServerHttp2Stream, ...args: unknown[]): unknown {
    recordEnd(args[0]);
    return Reflect.apply(destroy, this, args);
  }

  replaceMethod(stream, 'close', closeStream);
  replaceMethod(stream, 'destroy', destroyStream);
}

function isDisconnected({ session }: ServerHttp2Stream): boolean {
  try {
    return session?.socket.destroyed !== false;
  } catch {
    return true; // the session has no socket any more
  }
}

type WriteCallback = (error?: Error | null) => void;
type Chunk = string | Uint8Array;

/** Node.js counts the bytes of a stream, but does not show them. */
function countWrites(stream: ServerHttp2Stream, response: Http2Response): void {
  const { _write: write, _writev: writev } = stream;

  function counted(bytes: number, callback: WriteCallback): WriteCallback {
    response.writtenBytes += bytes;
    return (error) => {
      if (!error && !stream.destroyed) response.sentBytes += bytes;
      callback(error);
    };
  }

  function countedWrite(
    this: ServerHttp2Stream,
    chunk: Chunk,
    encoding: BufferEncoding,
    callback: WriteCallback,
  ): void {
    write.call(this, chunk, encoding, counted(sizeOf(chunk, encoding), callback));
  }

  function countedWritev(
    this: ServerHttp2Stream,
    chunks: { chunk: Chunk; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    let bytes = 0;
    for (const { chunk, encoding } of chunks) bytes += sizeOf(chunk, encoding);
    writev?.call(this, chunks, counted(bytes, callback));
  }

  replaceMethod(stream, '_write', countedWrite);
  if (writev) replaceMethod(stream, '_writev', countedWritev);
}

function sizeOf(chunk: Chunk, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength;
}

/** Not public, but unchanged since Node.js 10. */
let compatibleKey: symbol | undefined;

function compatibleRequestOf(stream: object): object | undefined {
  compatibleKey ??= Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'request',
  );
  return compatibleKey && (stream as Record<symbol, object | undefined>)[compatibleKey];
}
