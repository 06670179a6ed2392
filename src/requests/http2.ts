import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { StreamMessage } from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';
import { areStreamsCaptured, type Capture, emitWith, wrapEmit } from './connections.js';
import { ownerOf, setOwner } from './owner.js';
import { Request } from './request.js';
import { isClientError } from './response.js';

/** The connection of a session, as it was when its first stream began: its address is unknown once it is closed. */
interface Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Only with TLS. */
  readonly encrypted?: boolean | undefined;
}

/** A request over HTTP/2, with what is read of an `IncomingMessage` over HTTP/1.1. */
export class Http2Request {
  /** As OpenTelemetry writes it. Node.js writes `2.0`. */
  readonly httpVersion = '2';
  readonly method: string | undefined;
  readonly socket: Peer;
  /** As the client sent them: the application can change the object that has them. */
  readonly rawHeaders: readonly string[];
  /** The request of the compatibility API, on which frameworks store what they know. */
  compatible: object | undefined;
  readonly #sent: IncomingHttpHeaders;
  #headers: IncomingHttpHeaders | undefined;

  constructor(socket: Peer, sent: IncomingHttpHeaders) {
    this.socket = socket;
    this.#sent = sent;
    this.method = sent[':method'];
    this.rawHeaders = toRawHeaders(sent);
  }

  /** As over HTTP/1.1: without pseudo-headers, and with `host`. */
  get headers(): IncomingHttpHeaders {
    this.#headers ??= toPlainHeaders(this.#sent);
    return this.#headers;
  }
}

function toPlainHeaders(sent: IncomingHttpHeaders): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = Object.create(null);
  for (const name in sent) if (!name.startsWith(':')) headers[name] = sent[name];
  const host = sent[':authority'] ?? sent.host;
  if (host !== undefined) headers.host = host;
  return headers;
}

/** Names and values in turns, as over HTTP/1.1, with `host`. */
function toRawHeaders(sent: IncomingHttpHeaders): string[] {
  const raw: string[] = [];
  for (const sentName in sent) {
    const value = sent[sentName];
    const name = sentName === ':authority' ? 'host' : sentName;
    if (typeof value === 'string') raw.push(name, value);
    else for (const each of value ?? []) raw.push(name, each);
  }
  return raw;
}

/** A response over HTTP/2, with what is read of a `ServerResponse` over HTTP/1.1. */
export class Http2Response {
  /** Bytes of the body that Node.js was given to write, without files that it sends itself. */
  writtenBytes = 0;
  /** The server closed the stream or its session before both sides had ended. */
  isEndedByServer = false;
  /** The connection has taken all of the response. Known once the stream is closed. */
  isSent = false;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get statusCode(): number {
    return Number(this.getHeader(':status')) || 200;
  }

  /** A header that was sent, by its lower-case name. */
  getHeader(name: string): string | number | string[] | undefined {
    const { sentHeaders } = this.#stream;
    if (!sentHeaders) return undefined;
    const value = sentHeaders[name];
    if (value !== undefined) return value;
    for (const each in sentHeaders) if (each.toLowerCase() === name) return sentHeaders[each];
    return undefined;
  }

  /** Whether all of the response was sent. A client may leave after the last byte and before the server calls `end()`. */
  get isComplete(): boolean {
    const { headersSent, aborted, writableFinished } = this.#stream;
    if (!headersSent) return false;
    // Node.js may destroy a stream that both sides have ended before it calls back the last write.
    if (this.isSent) return true;
    // Node.js ends the writable side of an aborted stream. It is finished if no write was pending. One without a body is never aborted.
    if (aborted) return writableFinished && this.writtenBytes >= this.#contentLength;
    return writableFinished && !this.#isFile;
  }

  /** Bytes of the body; `undefined` if the response is incomplete. */
  get bodyBytes(): number | undefined {
    if (!this.isComplete) return undefined;
    return this.#isFile ? this.#contentLength : this.writtenBytes;
  }

  /** `NaN` if it is not known. */
  get #contentLength(): number {
    return Number(this.getHeader('content-length'));
  }

  /** Whether Node.js sends a file. It does so without writes, and ends the writable side of the stream at once. */
  get #isFile(): boolean {
    return 'ownsFd' in this.#stream;
  }
}

interface Session {
  readonly peer: Peer;
  /** Requests whose streams are not closed. */
  readonly open: Set<Request>;
}

/**
 * Whether a stream is a request that may make a hit: not a push, which the server begins, not `CONNECT`, which opens a tunnel or a
 * WebSocket, and not gRPC.
 */
function isRequestStream({ stream, headers }: StreamMessage): boolean {
  const { id = 0 } = stream;
  if (id % 2 === 0 || headers[':method'] === 'CONNECT') return false;
  const contentType = headers['content-type'];
  return typeof contentType !== 'string' || !GRPC.test(contentType);
}

const GRPC = /^application\/grpc/i;

/** Requests over HTTP/2: how they begin, and end. A session closes all of its streams when it closes. */
export class Http2Sessions {
  readonly #capture: Capture;
  readonly #sessions = new WeakMap<ServerHttp2Session, Session>();

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** The request of a stream that begins, which is watched until it is closed; `undefined` if it makes no hit. */
  add(message: StreamMessage): Request | undefined {
    if (!areStreamsCaptured() || !isRequestStream(message)) return undefined;
    const { stream, headers } = message;
    const node = stream.session as ServerHttp2Session & { readonly server?: object };
    const session = this.#sessionOf(node);
    const incoming = new Http2Request(session.peer, headers);
    const response = new Http2Response(stream);
    const announced = Request.ofNode(incoming, response, headers[':path'] ?? '/', node.server);
    setOwner(stream, announced);
    session.open.add(announced);
    stream.once('close', () => this.#end(announced, session));
    // Node.js calls those that read the body in the context of whatever the connection did before.
    emitWith(this.#capture.storage, stream, announced);
    watchEnd(stream, response);
    countWrites(stream, response);
    return announced;
  }

  /** A stream is closed. Node.js emits that later. */
  close({ stream }: Partial<StreamMessage>): void {
    const announced = stream && ownerOf(stream);
    const response = announced?.response as Http2Response | undefined;
    if (!announced || !response) return;
    // To abort a stream, Node.js ends it.
    response.isSent = stream.state?.localClose === 1 && !stream.aborted;
    // Node.js 22 and 24 never do if the client resets the stream without an error while a write is pending.
    const isStuck = !response.isSent && !response.isEndedByServer && stream.writableLength > 0;
    const session = isStuck && this.#sessions.get(stream.session as ServerHttp2Session);
    if (session) this.#capture.storage.run(announced, () => this.#end(announced, session));
  }

  #end(announced: Request, session: Session): void {
    session.open.delete(announced);
    this.#capture.closed.add(announced);
  }

  #sessionOf(node: ServerHttp2Session): Session {
    const known = this.#sessions.get(node);
    if (known) return known;
    const { remoteAddress, remotePort } = node.socket;
    const peer = { remoteAddress, remotePort, encrypted: node.encrypted };
    const session: Session = { peer, open: new Set() };
    this.#sessions.set(node, session);
    const reference = new WeakRef(session.open);
    const { connections } = this.#capture;
    connections.add(reference);
    node.once('close', () => connections.delete(reference));
    this.#watchSession(node);
    return session;
  }

  /** Calls the listeners of each stream that begins in the async context of its request. */
  #watchSession(node: ServerHttp2Session): void {
    wrapEmit(node, (emit, self, event) => {
      const [name, value] = event;
      const announced = name === 'stream' ? ownerOf(value) : undefined;
      if (!announced) return Reflect.apply(emit, self, event);
      try {
        return this.#capture.storage.run(announced, Reflect.apply, emit, self, event);
      } finally {
        if (announced.incoming)
          (announced.incoming as Http2Request).compatible = compatibleRequestOf(value as object);
      }
    });
  }
}

/** Node.js resets a stream in the same way for both sides, so what the application calls is watched. */
function watchEnd(stream: ServerHttp2Stream, response: Http2Response): void {
  for (const name of ['close', 'destroy'] as const) {
    const method = stream[name];
    setHidden(stream, name, function end(this: ServerHttp2Stream, ...args: unknown[]): unknown {
      if (!stream.closed && !isClientError(args[0]) && !isDisconnected(stream))
        response.isEndedByServer = true;
      return Reflect.apply(method, this, args);
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

/** Node.js counts the bytes of a stream, but does not show them. */
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

/** Not public, but unchanged since Node.js 10. */
let compatibleKey: symbol | undefined;

function compatibleRequestOf(stream: object): object | undefined {
  compatibleKey ??= Object.getOwnPropertySymbols(stream).find(
    ({ description }) => description === 'request',
  );
  return compatibleKey && (stream as Record<symbol, object | undefined>)[compatibleKey];
}
