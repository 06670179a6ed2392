import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { AsyncScope, withTimeout } from '../common/timers.js';
import { ERROR_STATUS, type FinishedSpan } from './finished-span.js';
import type { Request } from './request.js';
import { hasBegun, isOpen } from './response-status.js';

/** The maximum wait for a SERVER span after the response: a few frameworks end the span later, or never. */
const SPAN_WAIT_MILLIS = 1000;
/** The wait after the SERVER span of a request that Node.js did not announce: Express ends the spans of its handlers later. */
const CHILD_SPAN_WAIT_MILLIS = 20;

/**
 * Ends requests together, after the other events of the event loop turn in which their responses closed, so that no response is delayed. A
 * SERVER span usually ends in the same turn. If not, the request ends after the turn in which the span ends, or after the maximum wait.
 */
export class Ends {
  readonly #end: (request: Request) => void;
  /** Requests that end after this turn, in the order in which their responses closed. */
  #closed: Request[] = [];
  /** Requests that wait for a span. */
  #waiting = new Set<Request>();
  #timer: NodeJS.Timeout | undefined;
  readonly #scope = new AsyncScope('opentelemetry-matomo');
  /**
   * The open requests of each connection. Weak, because an application
   * may pass a stream to a server as a connection that never closes.
   */
  readonly #connections = new Set<WeakRef<Iterable<Request>>>();

  /** Creates an instance whose `end` must not throw. */
  constructor(end: (request: Request) => void) {
    this.#end = end;
  }

  /** Adds the open requests of a connection until the returned reference is passed to `unwatch`. */
  watch(open: Iterable<Request>): WeakRef<Iterable<Request>> {
    const watched = new WeakRef(open);
    this.#connections.add(watched);
    return watched;
  }

  unwatch(watched: WeakRef<Iterable<Request>>): void {
    this.#connections.delete(watched);
  }

  /** Ends a request whose response is closed, or lets the request wait for its span. */
  close(request: Request): void {
    if (request.closedMillis > 0) return;
    request.closedMillis = performance.now();
    this.#add(request);
  }

  /** Handles the end of a request's SERVER span. Ends the request if the span failed without a response. */
  endSpan(request: Request, span: FinishedSpan): void {
    request.spanState = 'ended';
    if (this.#waiting.delete(request)) this.#add(request);
    else if (!request.incoming) {
      request.closedMillis = performance.now();
      this.#wait(request);
    } else if (span.status.code === ERROR_STATUS && !hasBegun(request)) this.close(request);
  }

  /**
   * Ends all waiting requests. A request whose response Node.js closes
   * in this turn keeps waiting, because its span ends in this turn.
   */
  endWaiting(): void {
    this.#endTurn();
    for (const request of this.#takeWaiting()) {
      if (request.isSent && isOpen(request)) this.#wait(request);
      else this.#endOnce(request);
    }
  }

  /**
   * Resolves once Node.js has passed on the responses that the application
   * has ended, or after a second; `undefined` if there are none.
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

  /** Ends waiting requests because the process exits. A request whose response has begun ends with its current status. */
  endOpen(): void {
    this.#endTurn();
    for (const request of this.#takeWaiting()) this.#endOnce(request);
    for (const request of this.#open())
      if (hasBegun(request) && !request.isEnded) this.#end(request);
  }

  // A request with neither `incoming` nor `span` has already ended.
  #endOnce(request: Request): void {
    if (request.incoming ?? request.span) this.#end(request);
  }

  #add(request: Request): void {
    this.#closed.push(request);
    if (this.#closed.length === 1)
      this.#scope.runInAsyncScope(setImmediate, undefined, this.#endTurn);
  }

  readonly #endTurn = (): void => {
    const closed = this.#closed;
    this.#closed = [];
    for (const each of closed) {
      if (each.spanState === 'open') this.#wait(each);
      else this.#endOnce(each);
    }
  };

  #wait(request: Request): void {
    this.#waiting.add(request);
    this.#timer ??= this.#scope.runInAsyncScope(() =>
      setTimeout(() => this.#check(), CHILD_SPAN_WAIT_MILLIS).unref(),
    );
  }

  /** Replaces the set, because V8 does not free memory of removed elements while a set stays in use. */
  #takeWaiting(): Iterable<Request> {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    return waiting;
  }

  #check(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const request of this.#takeWaiting()) {
      const { closedMillis, incoming } = request;
      const isDue = now >= closedMillis + (incoming ? SPAN_WAIT_MILLIS : CHILD_SPAN_WAIT_MILLIS);
      if (isDue) this.#endOnce(request);
      else this.#wait(request);
    }
  }
}
