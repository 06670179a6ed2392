import type { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import type { RequestMessage } from '../common/channel-listener.js';
import { setHidden } from '../common/foreign-objects.js';
import { activeSpan } from '../common/otel-global.js';
import { AsyncScope } from '../common/timers.js';
import type { Client } from '../hit/visitor/client.js';
import { ownerOf, setOwner } from './owner.js';
import { Request, type RequestStorage } from './request.js';
import { rawStatusOf, sentStatusOf } from './response.js';

/** What is common to all connections. */
export interface Capture {
  readonly storage: RequestStorage;
  /** The requests of each connection that is open. Weak, because a stream that the application passes to a server as a connection may never close. */
  readonly connections: Set<WeakRef<Iterable<Request>>>;
  readonly closed: ClosedRequests;
}

/**
 * The requests of one connection that have not ended, in the order of their responses. Those that have ended are not read when the
 * next one arrives: the CPU's caches no longer have them, which took half of the time of `Connections.add`.
 */
export class Connection {
  #oldest: Request | undefined = undefined;
  #newest: Request | undefined = undefined;
  /** The client of its latest request, which most later ones have, too. */
  client: Client | undefined = undefined;

  add(announced: Request): void {
    announced.connection = this;
    if (this.#oldest && this.#newest) this.#newest.nextOnConnection = announced;
    else this.#oldest = announced;
    this.#newest = announced;
  }

  removeEnded(): void {
    while (this.#oldest && this.#oldest.closedMillis > 0) this.#oldest = takeNext(this.#oldest);
  }

  *[Symbol.iterator](): IterableIterator<Request> {
    for (let each = this.#oldest; each; each = each.nextOnConnection) yield each;
  }
}

/** A connection, with the response whose turn it is. */
type HttpSocket = Socket & {
  _httpMessage?: ServerResponse | null;
  [CONNECTION]?: Connection;
};

/** Not public. `eventNames` of a stream takes a tenth of a hit. */
type Listened = IncomingMessage & { readonly _eventsCount: number };

/** On Node's socket: a `WeakMap` is asked for each request. */
const CONNECTION = Symbol('opentelemetry-matomo.connection');

/**
 * Requests over HTTP/1.1: how they begin, and end; with which status, `incompleteStatus` of response.ts says. Connections are watched,
 * because Node.js closes no response that still waits for a pipelined one before it when the connection closes.
 */
export class Connections {
  readonly #capture: Capture;

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  /** Stores the newest request of a connection in the async context. */
  add({ request: incoming, response, server }: RequestMessage): Request {
    const { storage, closed } = this.#capture;
    const announced = Request.ofNode(incoming, response, incoming.url ?? '/', server);
    setOwner(incoming, announced);
    storage.enterWith(announced);
    // No test shows what connections report at their end on Bun, so the end of the response counts, too.
    if (IS_BUN) response.once('close', () => closed.add(announced));
    const socket: HttpSocket = incoming.socket;
    const { headers } = incoming;
    if ((socket._httpMessage ?? response) !== response) {
      this.#addPipelined(incoming, response, announced);
    } else {
      announced.bytesBefore = socket.bytesWritten;
      if (
        LOSES_CONTEXT &&
        (headers['content-length'] ?? headers['transfer-encoding']) !== undefined
      )
        emitWith(storage, incoming, announced);
    }
    if (!socket[CONNECTION]) detachErrors(storage, server);
    const connection = socket[CONNECTION] ?? this.#watch(socket);
    connection.add(announced);
    return announced;
  }

  /**
   * The async context may be that of another request, which has ended the response. Node.js calls this before the application's listeners
   * of `finish` and `close`.
   */
  finish({ request: incoming, socket }: Partial<RequestMessage>): void {
    const announced = incoming && ownerOf(incoming);
    if (!announced || !socket) return;
    const { storage, closed } = this.#capture;
    if (storage.getStore() !== announced) storage.enterWith(announced);
    announced.isFinished = announced.closedMillis === 0; // it may be ended after the connection has closed
    // The end of a request without a body that nobody reads.
    if (LOSES_CONTEXT && (incoming as Listened)._eventsCount > 0 && !incoming.readableEnded)
      emitWith(storage, incoming, announced);
    // If the connection has failed, what was not sent is known when it is closed.
    if (socket.destroyed) return;
    announced.isSent = true;
    closed.add(announced);
    (socket as HttpSocket)[CONNECTION]?.removeEnded();
  }

  /** Its response gets the connection, and is finished, in the async context of the one before it. */
  #addPipelined(incoming: IncomingMessage, response: ServerResponse, announced: Request): void {
    const { storage } = this.#capture;
    emitWith(storage, incoming, announced);
    emitWith(storage, response, announced);
    response.once('socket', ({ bytesWritten }) => {
      announced.bytesBefore = bytesWritten;
    });
  }

  #watch(socket: HttpSocket): Connection {
    const connection = new Connection();
    if (typeof socket.emit !== 'function') return connection; // not Node's
    const { storage, connections, closed } = this.#capture;
    setHidden(socket, CONNECTION, connection);
    watchEnd(socket, connection);
    const reference = new WeakRef(connection);
    connections.add(reference);
    wrapEmit(socket, (emit, self, event) => {
      const [name] = event;
      if (name === 'error' && socket.writableLength > 0) cutOff(connection);
      // Before the application can finish their responses, which nobody gets.
      if (name === 'close')
        for (const each of connection) storage.run(each, () => closed.add(each));
      const incoming = socket._httpMessage?.req;
      const announced = incoming && ownerOf(incoming);
      // Its timer may have begun in an earlier request, and an idle connection is of no request.
      const isKnown = announced !== undefined || name === 'timeout';
      try {
        if (isKnown) return storage.run(announced, Reflect.apply, emit, self, event);
        return Reflect.apply(emit, self, event);
      } finally {
        if (name === 'close') {
          connections.delete(reference);
          connection.removeEnded();
        }
      }
    });
    return connection;
  }
}

const IS_BUN = process.versions.bun !== undefined;

/** Node.js 24 and later emit what comes after the headers in no async context. */
const LOSES_CONTEXT = Number.parseInt(process.versions.node, 10) > 22;

/** Bun announces streams of HTTP/2, but calls their listeners in no async context. */
export function areStreamsCaptured(): boolean {
  return !IS_BUN;
}

/**
 * What a client sends that is no request belongs to no request. Node.js 20 and 22 parse it in the async context of the previous one,
 * which may be another person's: proxies share connections. A listener would turn off Node's own answer. Servers without a listener are
 * left alone, because each frame is seen in the stack traces of the application.
 */
function detachErrors(storage: RequestStorage, server: Server): void {
  if (detached.has(server) || typeof server.emit !== 'function') return; // not Node's
  if (server.listenerCount('clientError') === 0) return;
  detached.add(server);
  wrapEmit(server, (emit, self, event) =>
    event[0] === 'clientError'
      ? storage.run(undefined, Reflect.apply, emit, self, event)
      : Reflect.apply(emit, self, event),
  );
}

const detached = new WeakSet<Server>();

/** How long a SERVER span is waited for after the response: a few frameworks end it later, or never. */
const MAX_WAIT_MILLIS = 1000;
const CHECK_MILLIS = 250;

/**
 * Requests whose responses are closed. They end together, after all other events of a turn of the event loop. Ends in a row take 15 % less of
 * this package's CPU time, and 30 % with tracing, because the CPU's caches have their code; and no response waits for the end of another
 * request. Instrumentations end the SERVER span in the same turn; it is not waited for long.
 */
export class ClosedRequests {
  readonly #abandon: (announced: Request) => void;
  /** Those of this turn, in the order in which they were closed, with their async contexts: callbacks, and the route of Egg, need them. */
  #closed: { readonly announced: Request; readonly scope: AsyncScope }[] = [];
  /** Those whose span had not ended after their turn. */
  #waiting: Request[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #scope = new AsyncScope('opentelemetry-matomo');

  /** `abandon` is called for a request whose span was waited for long enough. */
  constructor(abandon: (announced: Request) => void) {
    this.#abandon = abandon;
  }

  add(announced: Request): void {
    if (announced.closedMillis > 0) return;
    announced.closedMillis = performance.now();
    announced.isEnding = true;
    if (!announced.isTraced) announced.closedBySpan = activeSpan()?.spanContext().spanId;
    this.#closed.push({ announced, scope: new AsyncScope('opentelemetry-matomo') });
    if (this.#closed.length > 1) return;
    this.#scope.runInAsyncScope(() => setImmediate(() => this.end()));
  }

  /** Ends those of this turn, except those whose SERVER span has not ended. */
  end(): void {
    const closed = this.#closed;
    this.#closed = [];
    for (const { announced, scope } of closed) {
      announced.isEnding = false;
      scope.runInAsyncScope(closeRequest, undefined, announced);
      // Nothing else will end a request that no processor has used: its trace is not sampled, or HTTP/2 has no instrumentation.
      if (!announced.finder) announced.release();
      else if (hasOpenSpan(announced)) this.#waiting.push(announced);
    }
    if (this.#waiting.length > 0 && !this.#timer) this.#startTimer();
  }

  /** Those whose span is waited for. */
  list(): Request[] {
    return this.#waiting.filter(hasOpenSpan);
  }

  #startTimer(): void {
    this.#timer = this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#check(), CHECK_MILLIS).unref(),
    );
  }

  #check(): void {
    const lastMillis = performance.now() - MAX_WAIT_MILLIS;
    const waiting = this.list();
    this.#waiting = waiting.filter(({ closedMillis }) => closedMillis > lastMillis);
    this.#timer = undefined;
    if (this.#waiting.length > 0) this.#startTimer();
    for (const each of waiting) if (each.closedMillis <= lastMillis) this.#abandon(each);
  }
}

function hasOpenSpan(announced: Request): boolean {
  return announced.isAny(({ span }) => span !== undefined);
}

/** Ends a request that its SERVER span does not end, unless that was done before. */
export function closeRequest(announced: Request): void {
  for (let each: Request | undefined = announced; each; each = each.ofNextProcessor) {
    const { onClosed } = each;
    each.onClosed = undefined;
    onClosed?.(each);
  }
}

/** Later, nothing shows what was not sent: Node.js calls back all writes of a destroyed socket as if they had succeeded. */
function cutOff(connection: Connection): void {
  for (const each of connection)
    if (each.closedMillis === 0) each.ensureAdditions().isCutOff = true;
}

/**
 * The application may answer by the socket itself. Later, nothing shows which side was the first to end the connection. If that was the
 * client, Node.js ends the other side.
 */
function watchEnd(socket: Socket, connection: Connection): void {
  const { end } = socket;
  setHidden(socket, 'end', function endSocket(this: Socket, ...args: unknown[]): unknown {
    try {
      if (!socket.readableEnded && !socket.destroyed) setEndStatus(connection, args[0]);
    } catch {
      // The application has replaced what is read of the response: then the end of the request fails, which is counted.
    }
    return Reflect.apply(end, this, args);
  });
}

/** Responses after the first one that is open are never sent. */
function setEndStatus(connection: Connection, bytes: unknown): void {
  let isFirst = true;
  for (const each of connection) {
    if (each.closedMillis > 0) continue;
    const own = sentStatusOf(each) ?? rawStatusOf(bytes) ?? each.response?.statusCode;
    each.ensureAdditions().endStatus ??= isFirst ? own : 500;
    isFirst = false;
  }
}

/** Cuts the link: an async context that lives for long must not keep all later requests. */
function takeNext(announced: Request): Request | undefined {
  const { nextOnConnection } = announced;
  announced.nextOnConnection = undefined;
  return nextOnConnection;
}

export type Emit = (this: unknown, ...event: unknown[]) => boolean;

/**
 * Passes each event of one object through `around`, with the `emit` that the object had. That of its class is read at each event:
 * an instrumentation may patch the class later.
 */
export function wrapEmit(
  target: EventEmitter,
  around: (emit: Emit, self: unknown, event: unknown[]) => boolean,
): void {
  const own = Object.getOwnPropertyDescriptor(target, 'emit')?.value as Emit | undefined;
  function emit(this: unknown, ...event: unknown[]): boolean {
    return around(own ?? Object.getPrototypeOf(target).emit, this, event);
  }
  // The mark by which another package recognizes its `emit`, so that it does not wrap this one at every request.
  if (own) Object.setPrototypeOf(emit, own);
  setHidden(target, 'emit', emit);
}

/** Calls the listeners of an object with a store, whatever the async context of the event is. */
export function emitWith<T>(storage: AsyncLocalStorage<T>, target: EventEmitter, store: T): void {
  wrapEmit(target, (emit, self, event) => storage.run(store, Reflect.apply, emit, self, event));
}
