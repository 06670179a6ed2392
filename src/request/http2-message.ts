import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** The peer of a session, read when its first stream begins, because the address is unknown once the connection has closed. */
export interface Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Only set with TLS. */
  readonly encrypted?: boolean | undefined;
}

/** A request over HTTP/2, with the properties that are read of an `IncomingMessage` over HTTP/1.1. */
export class Http2Request {
  /** The version in the notation of OpenTelemetry. Node.js writes `2.0`. */
  readonly httpVersion = '2';
  readonly method: string | undefined;
  readonly socket: Peer;
  /** Names and values as the client sent them. A copy, because the application can change the original object. */
  readonly rawHeaders: readonly string[];
  /** The request of the compatibility API, on which frameworks store their data. */
  compatible: object | undefined;
  readonly #sent: IncomingHttpHeaders;
  #headers: IncomingHttpHeaders | undefined;

  constructor(socket: Peer, sent: IncomingHttpHeaders) {
    this.socket = socket;
    this.#sent = sent;
    this.method = sent[':method'];
    this.rawHeaders = toRawHeaders(sent);
  }

  /** Headers as over HTTP/1.1: without pseudo-headers, and with `host`. */
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

/** Alternating names and values as over HTTP/1.1, with `host`. */
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

/** A response over HTTP/2, with the properties that are read of a `ServerResponse` over HTTP/1.1. */
export class Http2Response {
  /** Bytes of the body that were written to the stream. Files that Node.js sends itself are not included. */
  writtenBytes = 0;
  /** Whether the server closed the stream or its session before both sides had ended. */
  isEndedByServer = false;
  /** Whether the connection accepted the complete response. Known once the stream has closed. */
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

  /** A sent header by its lower-case name. */
  getHeader(name: string): string | number | string[] | undefined {
    const { sentHeaders } = this.#stream;
    if (!sentHeaders) return undefined;
    const value = sentHeaders[name];
    if (value !== undefined) return value;
    for (const each in sentHeaders) if (each.toLowerCase() === name) return sentHeaders[each];
    return undefined;
  }

  /**
   * Whether the response was sent completely. A client may disconnect
   * after the last byte, before the server calls `end()`.
   */
  get isComplete(): boolean {
    const { headersSent, aborted, writableFinished } = this.#stream;
    if (!headersSent) return false;
    // Node.js may destroy a stream that both sides have ended before the callback of the last write.
    if (this.isSent) return true;
    // Node.js ends the writable side of an aborted stream, which then finishes if no write is pending. A stream without a body is never aborted.
    if (aborted) return writableFinished && this.writtenBytes >= this.#contentLength;
    return writableFinished && !this.#isFile;
  }

  /** Bytes of the body; `undefined` if the response is incomplete. */
  get bodyBytes(): number | undefined {
    if (!this.isComplete) return undefined;
    return this.#isFile ? this.#contentLength : this.writtenBytes;
  }

  /** The length of the body; `NaN` if it is not known. */
  get #contentLength(): number {
    return Number(this.getHeader('content-length'));
  }

  /** Whether Node.js sends a file. Node.js does so without writes, and ends the writable side of the stream immediately. */
  get #isFile(): boolean {
    return 'ownsFd' in this.#stream;
  }
}
