import type { Span } from '../common/otel-types.js';
import { currentRequest } from './captured-requests.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  toMillis,
} from './finished-span.js';
import { isMcpSpan, linkedRequestOf } from './operations/mcp.js';
import { Request } from './request.js';
import { TraceIndex } from './trace-index.js';

/** Finds the request of one processor that a call, a SERVER span or a span below one belongs to. */
export class RequestFinder {
  readonly index: TraceIndex = new TraceIndex();
  // Both are keyed by the span object, which is the same in `onStart` and `onEnd`, so that spans that never end leave nothing behind.
  // Requests are in the index instead: a `WeakMap` of them costs a tenth of all the CPU time of a hit.
  /** The requests of SERVER spans that are a part of another request. */
  readonly nested = new WeakMap<object, Request>();
  /**
   * Spans of work that no request of this process began: all below a span without a local parent that is not a SERVER span. A span of
   * any other kind may belong to a request of which nothing else is known, and whose visitor may have opted out.
   */
  readonly #jobs = new WeakSet<object>();

  /** A SERVER span has started: it is a part of another request, or has its own. */
  addServerSpan(span: Span & FinishedSpan, parent: Span | undefined): void {
    const isHttp = methodOf(span.attributes) !== undefined;
    const announced = isHttp ? requestInProgress() : undefined;
    const outer = this.#outerOf(span, parent, announced, isHttp);
    if (outer) {
      this.nested.set(span, outer);
      if (this.index.hasSharedTraces) this.index.assign(span, undefined, outer);
      return;
    }
    if (announced?.untracked) return;
    // Node's request belongs to the first HTTP SERVER span in its async context. Paths are not compared: the span has none if the URL
    // parser rejects the Host header or the target.
    const own = announced && this.takeOwn(announced);
    const request = own && !own.request && !own.closed ? own : new Request(this.index);
    request.startSpan(span);
    this.index.add(request);
  }

  /** Another span has started. */
  addSpan(span: Span & FinishedSpan, parent: Span | undefined): void {
    if (isLocalRoot(span) || (parent && this.#jobs.has(parent))) this.#jobs.add(span);
    if (!this.index.hasSharedTraces) return;
    const current = this.own(currentRequest());
    this.index.assign(span, parent, current?.span && current);
  }

  /** The request of this processor, if it has used that in the async context before. */
  own(announced: Request | undefined): Request | undefined {
    let each = announced;
    while (each && each.index !== this.index) each = each.next;
    return each;
  }

  /** The same; from now on, this processor has one. */
  takeOwn(announced: Request): Request {
    const found = this.own(announced);
    if (found) return found;
    if (!announced.index) {
      announced.index = this.index;
      return announced;
    }
    const own = new Request(this.index, announced);
    own.next = announced.next;
    announced.next = own;
    return own;
  }

  /**
   * The request of a call. The active span wins over the async context: a connection of a pool that was opened in another request
   * may run all its callbacks in that one's async context, and instrumentations bind them to the right span.
   *
   * | the active span                                  | the request of the call                |
   * |--------------------------------------------------|----------------------------------------|
   * | none, or the SERVER span of the current request  | the current one, of the async context  |
   * | another SERVER span                              | its own, or the one around it          |
   * | in the trace of the current request              | that of its parent, else the current   |
   * | in the trace of another request                  | that one, unless it is closed          |
   * | of a job                                         | the current one, which has begun it    |
   * | not recorded, while the current one has no span  | the current one                        |
   * | any other                                        | none: it may be of another request     |
   */
  ofCall(announced: Request | undefined, span: Span | undefined): Request | undefined {
    const current = this.own(announced);
    if (!span || current?.span === (span as object)) return current;
    const own = this.nested.get(span) ?? this.index.root(span);
    if (own) return own;
    const owner = this.index.ownerOf(span);
    if (current?.traceId === span.spanContext().traceId) return owner ?? current;
    if (owner && !owner.closed) return owner;
    if (this.#jobs.has(span)) return current;
    const isRecorded = (span as Partial<FinishedSpan>).kind !== undefined;
    return current?.traceId === '' && !isRecorded ? current : undefined;
  }

  /** The request of a hit from code; `unknown` if it may be one of which nothing is known any more. */
  ofHit(announced: Request | undefined, span: Span | undefined): Request | 'unknown' | undefined {
    const found = this.ofCall(announced, span);
    if (found) return found;
    if (announced?.incoming && !this.own(announced)) return this.takeOwn(announced);
    return announced || (span && !this.#jobs.has(span)) ? 'unknown' : undefined;
  }

  /** The same of hits in events of an ended span. If its request ended long ago, the async context identifies it. */
  ofEvents(span: FinishedSpan, found: Request | undefined): Request | 'unknown' | undefined {
    const current = found ?? this.own(currentRequest());
    if (current?.traceId === span.spanContext().traceId) return current;
    return this.#jobs.has(span) ? undefined : 'unknown';
  }

  /**
   * The request that a SERVER span is a part of, as it has begun before. `group-spans.ts` has that rule for finished spans:
   *
   * | the span                                                       | the request                     |
   * |----------------------------------------------------------------|---------------------------------|
   * | of HTTP or MCP, below a span of a request of this process      | that one                        |
   * | of MCP, below the call of the client                           | the one that brought its message |
   * | of HTTP, while the current request has another SERVER span     | the current one                 |
   */
  #outerOf(
    span: Span & FinishedSpan,
    parent: Span | undefined,
    announced: Request | undefined,
    isHttp: boolean,
  ): Request | undefined {
    if (!isHttp && !isMcpSpan(span)) return undefined;
    const around = this.#around(parent, span.spanContext().traceId);
    if (around) return around;
    if (!isHttp) {
      const context = linkedRequestOf(span);
      return context && this.index.findById(context);
    }
    // One application behind two servers: the second `request` event starts another root span in the context of the first.
    const current = this.own(announced);
    return current?.span && current.span !== span ? current : undefined;
  }

  /** The request around a span with this parent. Only a local parent proves that there is one. */
  #around(parent: Span | undefined, traceId: string): Request | undefined {
    if (!parent) return undefined;
    const context = parent.spanContext();
    if (context.isRemote || context.traceId !== traceId) return undefined;
    return this.index.root(parent) ?? this.nested.get(parent) ?? this.index.find(parent);
  }

  /** The own request of a SERVER span that ends. */
  ofServerSpan(span: FinishedSpan): Request | undefined {
    const current = this.own(currentRequest());
    return current?.span === span ? current : this.index.root(span);
  }

  /** The request of a child span, as long as its hit can change. */
  ofChild(span: FinishedSpan): Request | undefined {
    const traced = this.index.find(span);
    return traced && toMillis(span.startTime) >= traced.startMillis ? traced : undefined;
  }
}

/** Whether nothing in this process began what a span is about. In SDK 1, only its kind shows that its parent may be remote. */
function isLocalRoot(span: FinishedSpan): boolean {
  const { kind, parentSpanContext } = span;
  if (parentSpanIdOf(span) === undefined) return true;
  return parentSpanContext?.isRemote ?? (parentSpanContext === undefined && kind === CONSUMER_SPAN);
}

/**
 * The request that Node.js handles in the current async context. The context may live longer: what a finished request started
 * must not get its headers.
 */
function requestInProgress(): Request | undefined {
  const announced = currentRequest();
  return announced?.incoming === undefined || announced.response?.closed ? undefined : announced;
}
