import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type RequestMessage, UNTRACKED_SERVER } from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';
import { Connection, connectionOf } from '../request/connection.js';
import { enterRequest, ownerOf, runIn, setOwner } from '../request/contexts.js';
import type { Ends } from '../request/ends.js';
import { Request, UNTRACKED } from '../request/request.js';
import { rawStatusOf } from '../request/response.js';
import type { ConnectionWatch } from './capture.js';
import { emitIn, wrapEmit } from './emit.js';
import { linkServerSpan, linkServerSpans } from './server-span.js';

/** The property with the response whose turn it is: not public, but unchanged since Node.js 0.x. */
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** The number of events with listeners, which is not public: `eventNames` of a stream makes a list at each call. */
type Listened = IncomingMessage & { readonly _eventsCount: number };

export const IS_BUN = process.versions.bun !== undefined;

/** Node.js 24 and later emit what comes after the headers in no async context. */
const LOSES_CONTEXT = Number.parseInt(process.versions.node, 10) > 22;

/** Servers whose `emit` calls the listeners of `clientError` in no request. */
const leaving = new WeakSet<object>();

/** Begins and ends requests over HTTP/1.1. */
export class Http1Capture {
  readonly #watcher: Pick<ConnectionWatch, 'begin'>;
  readonly #ends: Ends;
  /** One listener for all connections, each of which may stay open for long. */
  readonly #endConnection: (this: Socket) => void;

  constructor(watcher: Pick<ConnectionWatch, 'begin'>, ends: Ends) {
    this.#watcher = watcher;
    this.#ends = ends;
    this.#endConnection = function endConnection(this: Socket): void {
      const connection = connectionOf(this);
      if (connection) endAll(connection, ends);
    };
  }

  /** Begins a request, in whose async context this is called. */
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
    // A pipelined response waits for the one before it, so the bytes that it has written are not known.
    request.sentBytes = isNext ? -socket.bytesWritten : Number.NaN;
    const { headers } = incoming;
    const hasBody = (headers['content-length'] ?? headers['transfer-encoding']) !== undefined;
    if (!isNext || (LOSES_CONTEXT && hasBody)) emitIn(incoming, request);
    // The response whose turn it is writes this one, too, and the connection closes them together.
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
    // Once the connection is closed, its address is unknown, unless it was read before.
    const { remoteAddress } = socket;
    if (IS_BUN) setHidden(socket, 'remoteAddress', remoteAddress);
  };

  /**
   * The async context may be that of another request, which has ended the response. Node.js calls this before the application's listeners
   * of `finish` and `close`.
   */
  readonly finish = ({ request: incoming, socket }: Partial<RequestMessage>): void => {
    const request = incoming && ownerOf(incoming);
    if (!request || !socket) return;
    enterRequest(request);
    // The end of a request without a body that nobody reads.
    if (LOSES_CONTEXT && (incoming as Listened)._eventsCount > 0 && !incoming.readableEnded)
      emitIn(incoming, request);
    // Node.js calls back all writes of a connection that has failed as if they had succeeded.
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
 * Node.js 20 and 22 close no response that still waits for a pipelined one before it when the connection closes. The listeners of the first
 * open request, and of its response, are called in its async context.
 */
function endAll({ open, watched }: Connection, ends: Ends): void {
  if (watched) ends.unwatch(watched);
  for (const each of open) runIn(each, () => ends.close(each));
  const [first] = open;
  if (first) enterRequest(first);
  open.length = 0;
}

/** The timer of an idle connection is that of the request before, which may be another client's. */
function leaveIdle(this: Socket): void {
  enterRequest(connectionOf(this)?.open[0]);
}

/** Node.js 20 and 22 emit what is no request in the async context of the request before it on the connection. */
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
 * The application may answer by the socket itself. Later, nothing shows which side was the first to end the connection. If that was the
 * client, Node.js ends the other side.
 */
function endSocket(this: Socket, ...args: unknown[]): unknown {
  const connection = connectionOf(this);
  try {
    if (connection && !this.readableEnded && !this.destroyed)
      setEndStatus(connection.open, args[0]);
  } catch {
    // The application has replaced what is read of the response: then the end of the request fails, which is counted.
  }
  return Reflect.apply(connection?.end ?? Object.getPrototypeOf(this).end, this, args);
}

/** Sets the status of open responses when a connection ends. Those behind the first one are never sent. */
function setEndStatus(open: readonly Request[], bytes: unknown): void {
  for (const [i, each] of open.entries()) {
    const written = i > 0 || each.response?.headersSent ? undefined : rawStatusOf(bytes);
    each.ensureAdditions().endStatus ??= written ?? 500;
  }
}
