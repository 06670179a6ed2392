import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** The connection of a session, as it was when its first stream began: its address is unknown once it is closed. */
export interface Peer {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Only with TLS. */
  readonly encrypted?: true;
}

/** As OpenTelemetry writes it. Node.js writes `2.0`. */
const HTTP_2 = '2';

/** A request over HTTP/2, with what is read of an `IncomingMessage` over HTTP/1.1. */
export class Http2Request {
  readonly httpVersion = HTTP_2;
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
    this.rawHeaders = toRawHeaders(sent);
  }

  get method(): string | undefined {
    return this.#sent[':method'];
  }

  /** As over HTTP/1.1: without pseudo-headers, and with `host`. */
  get headers(): IncomingHttpHeaders {
    this.#headers ??= toPlainHeaders(this.#sent);
    return this.#headers;
  }
}

/** Compares a property that both have, which is faster than to look for one that only one has. */
export function isHttp2(request: object | undefined): request is Http2Request {
  return (request as Partial<Http2Request> | undefined)?.httpVersion === HTTP_2;
}

/** The request on which frameworks store what they know: Node's own. Over HTTP/2, only the compatibility API has one. */
export function frameworkRequestOf(request: object | undefined): object | undefined {
  return isHttp2(request) ? request.compatible : request;
}

function toPlainHeaders(sent: IncomingHttpHeaders): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  for (const name in sent) if (!isPseudoHeader(name)) headers[name] = sent[name];
  const host = sent[':authority'] ?? sent.host;
  if (host !== undefined) headers.host = host;
  return headers;
}

/** Names and values in turns, as over HTTP/1.1. */
function toRawHeaders(sent: IncomingHttpHeaders): string[] {
  const raw: string[] = [];
  for (const name in sent) {
    const value = sent[name];
    if (typeof value === 'string') raw.push(name, value);
    else for (const each of value ?? []) raw.push(name, each);
  }
  return raw;
}

function isPseudoHeader(name: string): boolean {
  return name.charCodeAt(0) === 58; // a colon
}

/** Statuses of responses without a body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A response over HTTP/2, with what is read of a `ServerResponse` over HTTP/1.1. */
export class Http2Response {
  /** Bytes of the body that the application has written, without files that Node.js sends itself. */
  writtenBytes = 0;
  /** Those that the connection has taken. */
  sentBytes = 0;
  /** Who closed the stream or its session before both sides had ended; a reset by the client is not known here. */
  closedBy: 'server' | 'client' | undefined;
  readonly #stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get closed(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  get destroyed(): boolean {
    return this.closed;
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
    const { headersSent, aborted, rstCode, writableFinished } = this.#stream;
    if (!headersSent) return false;
    if (this.sentBytes >= this.#bodyLength) return true;
    if (aborted) return false;
    // Node.js may destroy a stream that both sides have ended before it calls back the last write.
    return (writableFinished && !this.#isFile) || (rstCode === 0 && this.closedBy === undefined);
  }

  /** Bytes of the body; `undefined` if the response is incomplete. */
  get bodyBytes(): number | undefined {
    if (!this.isComplete) return undefined;
    return this.#isFile ? this.#bodyLength : this.writtenBytes;
  }

  /** What the headers say; `NaN` if they do not. */
  get #bodyLength(): number {
    if ((this.#stream as { headRequest?: boolean }).headRequest || BODILESS.has(this.statusCode))
      return 0;
    return Number(this.getHeader('content-length'));
  }

  /** Whether Node.js sends a file. It does so without writes, and ends the writable side of the stream at once. */
  get #isFile(): boolean {
    return 'ownsFd' in this.#stream;
  }
}
