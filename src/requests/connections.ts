import type { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestMessage } from '../common/channel-listener.js';
import { ownRequest } from './node-request.js';
import type { Request, RequestStorage } from './request.js';

/** The requests of one connection that may not have ended, in the order of their responses. */
interface Connection {
  oldest: Request;
  newest: Request;
}

/** A connection, with the response whose turn it is. */
type HttpSocket = Socket & {
  _httpMessage?: ServerResponse | null;
  [CONNECTION]?: Connection;
};

/** On Node's socket: a `WeakMap` is asked for each request. */
const CONNECTION = Symbol('opentelemetry-matomo.connection');

/**
 * Watches connections over HTTP/1.1 for requests that do not end: Node.js closes no response that still waits for a pipelined one before
 * it when the connection closes.
 */
export class Connections {
  readonly #storage: RequestStorage;
  readonly #abandon: (announced: Request) => void;
  /** Weak, because a stream that the application passes to a server as a connection may never close. */
  readonly #open = new Set<WeakRef<Connection>>();

  /** `abandon` is called when a connection is done with a request. */
  constructor(storage: RequestStorage, abandon: (announced: Request) => void) {
    this.#storage = storage;
    this.#abandon = abandon;
  }

  /** Adds the newest request of a connection. Returns whether it is the first one. */
  add({ request, response }: RequestMessage, announced: Request): boolean {
    const socket: HttpSocket = request.socket;
    const { headers } = request;
    if ((socket._httpMessage ?? response) !== response) {
      this.#addPipelined(request, response, announced);
    } else {
      announced.bytesBefore = socket.bytesWritten;
      // Node.js 24 and later emit what comes after the headers in no async context.
      if ((headers['content-length'] ?? headers['transfer-encoding']) !== undefined)
        emitWith(this.#storage, request, announced);
    }
    const connection = socket[CONNECTION];
    if (!connection) {
      this.#watch(socket, announced);
      return true;
    }
    connection.newest.later = announced;
    connection.newest = announced;
    while (connection.oldest !== announced && !isOpen(connection.oldest)) {
      const ended = connection.oldest;
      connection.oldest = takeLater(ended) as Request;
      this.#abandon(ended);
    }
    return false;
  }

  *listOpen(): IterableIterator<Request> {
    for (const reference of this.#open)
      for (let next = reference.deref()?.oldest; next; next = next.later) yield next;
  }

  /** Its response gets the connection, and is finished, in the async context of the one before it. */
  #addPipelined(request: IncomingMessage, response: ServerResponse, announced: Request): void {
    emitWith(this.#storage, request, announced);
    emitWith(this.#storage, response, announced);
    response.once('socket', ({ bytesWritten }) => {
      announced.bytesBefore = bytesWritten;
    });
  }

  #watch(socket: HttpSocket, announced: Request): void {
    if (typeof socket.emit !== 'function') return; // not Node's
    const connection = { oldest: announced, newest: announced };
    Object.defineProperty(socket, CONNECTION, { value: connection });
    const reference = new WeakRef(connection);
    this.#open.add(reference);
    wrapEmit(socket, (emit, self, event) => {
      const [name] = event;
      if (name === 'error' && socket.writableLength > 0) cutOff(connection);
      // Before the application can finish their responses, which nobody gets.
      if (name === 'close') this.#closeRequests(connection);
      const request = socket._httpMessage?.req;
      const current = request && ownRequest(request);
      // Its timer may have begun in an earlier request, and an idle connection is of no request.
      const isKnown = current !== undefined || name === 'timeout';
      try {
        if (isKnown) return this.#storage.run(current, Reflect.apply, emit, self, event);
        return Reflect.apply(emit, self, event);
      } finally {
        if (name === 'close') {
          this.#open.delete(reference);
          // Later, when the response that has the socket is closed too.
          process.nextTick(() => this.#close(connection));
        }
      }
    });
  }

  #closeRequests({ oldest }: Connection): void {
    for (let next: Request | undefined = oldest; next; next = next.later)
      this.#storage.run(next, closeRequest, next);
  }

  #close({ oldest }: Connection): void {
    for (let next: Request | undefined = oldest; next; next = takeLater(next)) this.#abandon(next);
  }
}

/** Ends a request without a span, unless that was done before. */
export function closeRequest(announced: Request): void {
  const { onClosed } = announced;
  announced.onClosed = undefined;
  onClosed?.(announced);
}

/** Later, nothing shows what was not sent: Node.js calls back all writes of a destroyed socket as if they had succeeded. */
function cutOff({ oldest }: Connection): void {
  for (let next: Request | undefined = oldest; next; next = next.later)
    if (isOpen(next)) next.ensureAdditions().isCutOff = true;
}

/** Cuts the link: an async context that lives for long must not keep all later requests. */
function takeLater(announced: Request): Request | undefined {
  const { later } = announced;
  announced.later = undefined;
  return later;
}

/** Whether the response is not closed, as long as a processor reads it. Not every runtime has `closed`. */
export function isOpen(announced: Request): boolean {
  for (let each: Request | undefined = announced; each; each = each.next)
    if (each.response?.closed === false) return true;
  return false;
}

export type Emit = (this: unknown, ...event: unknown[]) => boolean;

/** A method of one object: it ends with the object, and is hidden, as methods of classes are. */
export function replaceMethod(target: object, name: string, method: unknown): void {
  Object.defineProperty(target, name, { value: method, writable: true, configurable: true });
}

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
  replaceMethod(target, 'emit', emit);
}

/** Calls the listeners of an object with a store, whatever the async context of the event is. */
export function emitWith<T>(storage: AsyncLocalStorage<T>, target: EventEmitter, store: T): void {
  wrapEmit(target, (emit, self, event) => storage.run(store, Reflect.apply, emit, self, event));
}
