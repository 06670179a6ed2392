import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { AsyncScope, withTimeout } from '../common/timers.js';
import { ERROR_STATUS, type FinishedSpan } from './finished-span.js';
import type { Request } from './request.js';
import { hasBegun, isOpen } from './response.js';

/** The longest wait for a SERVER span after the response: a few frameworks end it later, or never. */
const SPAN_WAIT_MILLIS = 1000;
/** The wait of a request that nothing announced after its SERVER span: Express ends the span of its handler later. */
const CHILD_SPAN_WAIT_MILLIS = 20;

/** A request whose response is closed, and the async context in which it ends: callbacks, and the route of Egg, need it. */
class ClosedRequest extends AsyncScope {
  readonly request: Request;

  constructor(request: Request) {
    super('opentelemetry-matomo');
    this.request = request;
  }
}

/**
 * When requests end: together, after the other events of the turn of the event loop in which their responses were closed. Ends in a row take
 * 15 % less of this package's CPU time, because the CPU's caches have their code, and no response waits for the end of another request. A
 * SERVER span usually ends in the same turn; else the request ends after the turn in which it does, or when it was waited for long enough.
 */
export class Ends {
  readonly #end: (request: Request) => void;
  /** Requests that end after this turn, in the order in which they were closed. */
  #closed: ClosedRequest[] = [];
  /** Requests that wait for a span. */
  #waiting = new Map<Request, ClosedRequest>();
  #timer: NodeJS.Timeout | undefined;
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  /** The open requests of each connection. Weak, because a stream that the application passes to a server as a connection may never close. */
  readonly #connections = new Set<WeakRef<Iterable<Request>>>();

  /** Creates the ends of requests, with an `end` that must not throw. */
  constructor(end: (request: Request) => void) {
    this.#end = end;
  }

  /** Adds the open requests of a connection, until what it returns is passed to `unwatch`. */
  watch(open: Iterable<Request>): WeakRef<Iterable<Request>> {
    const watched = new WeakRef(open);
    this.#connections.add(watched);
    return watched;
  }

  unwatch(watched: WeakRef<Iterable<Request>>): void {
    this.#connections.delete(watched);
  }

  /** Ends a request whose response is closed, or lets it wait for its span. */
  close(request: Request): void {
    if (request.closedMillis > 0) return;
    request.closedMillis = performance.now();
    this.#add(new ClosedRequest(request));
  }

  /** The SERVER span of a request has ended: after an error, there may be no response. */
  endSpan(request: Request, span: FinishedSpan): void {
    request.spanState = 'ended';
    const waiting = this.#waiting.get(request);
    if (waiting) {
      this.#waiting.delete(request);
      this.#add(waiting);
    } else if (!request.incoming) {
      request.closedMillis = performance.now();
      this.#wait(new ClosedRequest(request));
    } else if (span.status.code === ERROR_STATUS && !hasBegun(request)) this.close(request);
  }

  /** Ends all requests that wait, except those whose response Node.js closes in this turn: their spans end then. */
  endWaiting(): void {
    this.#endTurn();
    for (const closed of this.#takeWaiting()) {
      const { request } = closed;
      if (request.isSent && isOpen(request)) this.#wait(closed);
      else this.#finish(closed);
    }
  }

  /**
   * Resolves once Node.js has passed on the responses that the application has ended, or after a second; `undefined` if there are none.
   */
  settle(): Promise<unknown> | undefined {
    const closing = this.#open()
      .map(({ response }) => response as Partial<ServerResponse>)
      .filter(({ writableEnded, closed }) => writableEnded === true && closed === false)
      .map((response) => new Promise((resolve) => response.once?.('close', resolve)));
    return closing.length === 0 ? undefined : withTimeout(SPAN_WAIT_MILLIS, Promise.all(closing));
  }

  #open(): Request[] {
    return [...this.#connections].flatMap((each) => [...(each.deref() ?? [])]);
  }

  /** Ends requests whose responses have begun, too, with their current status: the process is about to end. */
  endOpen(): void {
    this.#endTurn();
    for (const closed of this.#takeWaiting()) this.#finish(closed);
    for (const request of this.#open())
      if (hasBegun(request) && !request.isEnded) this.#end(request);
  }

  #finish(closed: ClosedRequest): void {
    const { request } = closed;
    if (!request.isEnded) closed.runInAsyncScope(this.#end, undefined, request);
  }

  #add(closed: ClosedRequest): void {
    this.#closed.push(closed);
    if (this.#closed.length > 1) return;
    this.#scope.runInAsyncScope(() => setImmediate(() => this.#endTurn()));
  }

  #endTurn(): void {
    const closed = this.#closed;
    this.#closed = [];
    for (const each of closed) {
      if (each.request.spanState === 'open') this.#wait(each);
      else this.#finish(each);
    }
  }

  #wait(closed: ClosedRequest): void {
    this.#waiting.set(closed.request, closed);
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#check(), CHILD_SPAN_WAIT_MILLIS).unref(),
    );
  }

  /** The map is replaced, because V8 keeps what was removed from one that is always in use. */
  #takeWaiting(): Iterable<ClosedRequest> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    return waiting.values();
  }

  #check(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const closed of this.#takeWaiting()) {
      const { closedMillis, incoming } = closed.request;
      const isDue = now >= closedMillis + (incoming ? SPAN_WAIT_MILLIS : CHILD_SPAN_WAIT_MILLIS);
      if (isDue) this.#finish(closed);
      else this.#wait(closed);
    }
  }
}
