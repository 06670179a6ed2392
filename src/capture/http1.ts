import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type RequestMessage, UNTRACKED_SERVER } from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';
import { Connection, connectionOf } from '../request/connection.js';
import { enterRequest, ownerOf, runIn, setOwner } from '../request/contexts.js';
import type { Ends } from '../request/ends.js';
import { Request, UNTRACKED } from '../request/request.js';
import { rawStatusOf } from '../request/response-status.js';
import type { ConnectionWatch } from './capture.js';
import { emitIn, wrapEmit } from './emit.js';
import { linkServerSpan, linkServerSpans } from './server-span.js';

/** `_httpMessage` is the response whose turn it is. It is not public, but has not changed since Node.js 0.x. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** `_eventsCount` is the number of events with listeners. It is not public, but `eventNames` of a stream creates a list at each call. */
type Listened = IncomingMessage & { readonly _eventsCount: number };

export const IS_BUN = process.versions.bun !== undefined;

/** Node.js 24 and later emit the events after the headers without an async context. */
const LOSES_CONTEXT = Number.parseInt(process.versions.node, 10) > 22;

/** Servers whose `emit` calls listeners of `clientError` without a request. */
const leaving = new WeakSet<object>();

/** Captures requests over HTTP/1.1. */
export class Http1Capture {
  readonly #watcher: Pick<ConnectionWatch, 'begin'>;
  readonly #ends: Ends;
  /** One listener serves all connections, because many connections may stay open for long. */
  readonly #endConnection: (this: Socket) => void;

  constructor(watcher: Pick<ConnectionWatch, 'begin'>, ends: Ends) {
    this.#watcher = watcher;
    this.#ends = ends;
    this.#endConnection = function endConnection(this: Socket): void {
      const connection = connectionOf(this);
      if (connection) endAll(connection, ends);
    };
  }

  /** Begins a request. Called in the async context of that request. */
  readonly begin = ({ request: incoming, response, server }: RequestMessage): void => {
    if (ownerOf(incoming)) return; // the request that begins tracking may be announced twice
    if (UNTRACKED_SERVER in server) {
      enterRequest(UNTRACKED);
      return;
    }
    const request = Request.ofNode(incoming, response, incoming.url);
    setOwner(incoming, request);
    enterRequest(request);
    const socket: HttpSocket = incoming.socket;
    const isNext = (socket._httpMessage ?? response) === response;
    // A pipelined response waits for the previous one, so the number of bytes that it has written is unknown.
    request.sentBytes = isNext ? -socket.bytesWritten : Number.NaN;
    const { headers } = incoming;
    const hasBody = (headers['content-length'] ?? headers['transfer-encoding']) !== undefined;
    if (!isNext || (LOSES_CONTEXT && hasBody)) emitIn(incoming, request);
    // The previous response also writes this one, and the connection closes both together.
    if (!isNext) emitIn(response, request);
    this.#watcher.begin();
    const connection = connectionOf(socket);
    if (connection) connection.open.push(request);
    else {
      this.#watch(socket, request);
      linkServerSpans(server);
      if (!LOSES_CONTEXT) leaveInErrors(server);
    }
    if (IS_BUN) {
      linkServerSpan(request); // an instrumentation has seen the request before
      // No test shows what connections report at their end on Bun, so the end of the response counts, too.
      response.once('close', () => this.#ends.close(request));
    }
    // The address of a closed connection is unknown. Node.js remembers an address that was read before; on Bun, it must be stored.
    const { remoteAddress } = socket;
    if (IS_BUN) setHidden(socket, 'remoteAddress', remoteAddress);
  };

  /**
   * Handles a finished response. The current async context may be that of another request, which has ended the response. Node.js calls this
   * before the application's listeners of `finish` and `close`.
   */
  readonly finish = ({ request: incoming, socket }: Partial<RequestMessage>): void => {
    const request = incoming && ownerOf(incoming);
    if (!request || !socket) return;
    enterRequest(request);
    // A request without a body emits `end` later if nobody has read it.
    if (LOSES_CONTEXT && (incoming as Listened)._eventsCount > 0 && !incoming.readableEnded)
      emitIn(incoming, request);
    // Node.js calls the callbacks of all writes on a failed connection as if the writes had succeeded.
    if (socket.destroyed) return;
    request.isSent = true;
    request.sentBytes += socket.bytesWritten;
    this.#ends.close(request);
    const open = connectionOf(socket)?.open;
    if (open?.[0] === request) open.shift();
  };

  #watch(socket: HttpSocket, request: Request): void {
    const connection = new Connection(socket, request);
    if (typeof socket.prependListener !== 'function') return; // a response that is not Node's
    connection.watched = this.#ends.watch(connection.open);
    setHidden(socket, 'end', endSocket);
    socket.prependListener('timeout', leaveIdle);
    socket.prependListener('close', this.#endConnection);
  }
}

/**
 * Node.js 20 and 22 do not close a response that waits for a previous pipelined one when the connection closes. Listeners of the first open
 * request, and of its response, are called in the async context of that request.
 */
function endAll({ open, watched }: Connection, ends: Ends): void {
  if (watched) ends.unwatch(watched);
  for (const each of open) runIn(each, () => ends.close(each));
  const [first] = open;
  if (first) enterRequest(first);
  open.length = 0;
}

/** The timer of an idle connection runs in the async context of the previous request, which may be another client's. */
function leaveIdle(this: Socket): void {
  enterRequest(connectionOf(this)?.open[0]);
}

/** Node.js 20 and 22 emit `clientError` in the async context of the previous request on the connection. */
function leaveInErrors(server: Server): void {
  if (leaving.has(server) || !server.listenerCount?.('clientError')) return;
  leaving.add(server);
  wrapEmit(
    server,
    (current) =>
      function emit(this: unknown, ...event) {
        if (event[0] !== 'clientError') return Reflect.apply(current(), this, event);
        return runIn(undefined, Reflect.apply, current(), this, event);
      },
  );
}

/**
 * Replaces `end` of a socket. The application may write a response to the socket itself. Later, nothing shows which side ended the connection
 * first. If the client did, Node.js ends the other side.
 */
function endSocket(this: Socket, ...args: unknown[]): unknown {
  const connection = connectionOf(this);
  try {
    if (connection && !this.readableEnded && !this.destroyed)
      setEndStatus(connection.open, args[0]);
  } catch {
    // The application has replaced a property of the response. Then the end of the request fails, too, and that failure is counted.
  }
  return Reflect.apply(connection?.end ?? Object.getPrototypeOf(this).end, this, args);
}

/** Sets the status of open responses when the server ends a connection. Responses behind the first one are never sent. */
function setEndStatus(open: readonly Request[], bytes: unknown): void {
  for (const [i, each] of open.entries()) {
    const written = i > 0 || each.response?.headersSent ? undefined : rawStatusOf(bytes);
    each.ensureAdditions().endStatus ??= written ?? 500;
  }
}
