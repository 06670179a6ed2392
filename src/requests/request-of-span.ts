import { serverSpanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { currentRequest } from './captured-requests.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  toMillis,
} from './finished-span.js';
import { ownerOf, setOwner } from './owner.js';
import { Request } from './request.js';
import type { OwnedSpan } from './span-owner.js';

/** `INVALID_TRACEID` of OpenTelemetry's API. */
const NO_TRACE = '0'.repeat(32);

/**
 * Finds the request of one processor that a call, a SERVER span or a span below one belongs to. A span has the request of its parent, else
 * the current one, if that has the same trace.
 */
export class RequestFinder {
  /**
   * Spans of work that no request of this process began: all below a span without a local parent that is not a SERVER span. A span of
   * any other kind may belong to a request of which nothing else is known, and whose visitor may have opted out. With the announced
   * request in which the outermost one started: of the SERVER span beside it, else of the async context.
   */
  readonly #jobs = new WeakMap<object, Request | undefined>();

  /** A SERVER span has started: it is a part of another request, or has its own. */
  addServerSpan(span: FinishedSpan, parent: OwnedSpan | undefined): void {
    const announced = requestInProgress();
    const outer = this.#outerOf(span, parent, announced);
    if (outer) {
      if (!ownerOf(span)) setOwner(span, outer.announced);
      return;
    }
    if (announced?.untracked) return;
    // Node's request belongs to the first HTTP SERVER span in its async context, which may get its attributes later. Paths are not
    // compared: the span has none if the URL parser rejects the Host header or the target. If Node.js has not announced the request, the
    // processor before this one has made it.
    const begun = ownerOf(span) ?? announced;
    let request = begun && this.takeOwn(begun);
    if (!request || request.http) request = new Request(this);
    request.startSpan(span);
    setOwner(span, request.announced);
  }

  /** Another span has started. */
  addSpan(span: FinishedSpan, parent: OwnedSpan | undefined, parentContext?: Context): void {
    const owner = ownerOf(parent) ?? this.of(span)?.announced;
    if (owner) setOwner(span, owner);
    else if (parent && this.#jobs.has(parent)) this.#jobs.set(span, this.#jobs.get(parent));
    else if (isLocalRoot(span))
      this.#jobs.set(span, ownerOf(serverSpanOf(parentContext)) ?? currentRequest());
  }

  /** The request of this processor, if it has used that in the async context before. */
  own(announced: Request | undefined): Request | undefined {
    let each = announced;
    while (each && each.finder !== this) each = each.ofNextProcessor;
    return each;
  }

  /** The same; from now on, this processor has one. */
  takeOwn(announced: Request): Request {
    const known = this.own(announced);
    if (known) return known;
    if (!announced.finder) {
      announced.finder = this;
      return announced;
    }
    const request = new Request(this, announced);
    request.ofNextProcessor = announced.ofNextProcessor;
    announced.ofNextProcessor = request;
    return request;
  }

  /**
   * The request of a call. The active span wins over the async context: a connection of a pool that was opened in another request
   * may run all its callbacks in that one's async context, and instrumentations bind them to the right span.
   *
   * | the active span                                  | the request of the call                |
   * |--------------------------------------------------|----------------------------------------|
   * | none, or the SERVER span of the current request  | the current one, of the async context  |
   * | of no trace, because tracing is suppressed       | the current one                        |
   * | another SERVER span                              | its own, or the one around it          |
   * | of a request that only other processors track    | none                                   |
   * | in the trace of the current request              | that of its parent, else the current   |
   * | in the trace of another request                  | that one, unless it is closed          |
   * | of a job, while the current one has a span       | the one in which the job started       |
   * | of any other job                                 | the current one                        |
   * | not recorded, while the current one has no span  | the current one                        |
   * | any other                                        | none: it may be of another request     |
   */
  ofCall(announced: Request | undefined, span: Span | undefined): Request | undefined {
    const current = this.own(announced);
    if (!span || current?.span === (span as object)) return current;
    const { traceId } = span.spanContext();
    if (traceId === NO_TRACE) return current;
    const request = this.of(span);
    const isInTrace = current?.traceId === traceId;
    if (request && (isInTrace || request === current || !request.closed)) return request;
    if (ownerOf(span)) return undefined; // it is closed, or only other processors track it
    if (isInTrace) return current;
    if (this.#jobs.has(span)) {
      const outer = this.#jobs.get(span);
      // One without a span may have come to a server that was started in the job.
      return outer && current?.traceId ? this.own(outer) : current;
    }
    const isRecorded = (span as Partial<FinishedSpan>).kind !== undefined;
    return current?.traceId === '' && !isRecorded ? current : undefined;
  }

  /**
   * The request of a hit from code; `unknown` if it may be one of which nothing is known any more, `other` if it is one that only other
   * processors track, such as those of another tracer provider.
   */
  ofHit(
    announced: Request | undefined,
    span: Span | undefined,
    tracksSpanless: boolean,
  ): Request | 'unknown' | 'other' | undefined {
    const request = this.ofCall(announced, span);
    if (request) return request;
    const owner = ownerOf(span);
    if (owner && owner !== announced) return this.own(owner) ? 'unknown' : 'other';
    const isOfJob = span !== undefined && this.#jobs.has(span);
    if (announced && !this.own(announced)) {
      const { isTraced, onClosed, incoming } = announced;
      if (isTraced || (onClosed && !tracksSpanless)) return isOfJob ? undefined : 'other';
      if (incoming) return this.takeOwn(announced);
    }
    return announced || (span && !isOfJob) ? 'unknown' : undefined;
  }

  /** The same of hits in events of an ended span. If its request ended long ago, the async context identifies it. */
  ofEvents(span: FinishedSpan, request: Request | undefined): Request | 'unknown' | undefined {
    const owner = request ?? (this.#currentOf(span) && this.of(span));
    return owner ?? (this.#jobs.has(span) ? undefined : 'unknown');
  }

  /**
   * The request that a SERVER span is a part of, as it has begun before. `group-spans.ts` has that rule for finished spans:
   *
   * | the span                                           | the request                           |
   * |----------------------------------------------------|---------------------------------------|
   * | below a span of a request of this process          | that one, if it may contain it        |
   * | while the current request has another SERVER span  | the current one, if it may contain it |
   */
  #outerOf(
    span: FinishedSpan,
    parent: OwnedSpan | undefined,
    announced: Request | undefined,
  ): Request | undefined {
    const context = parent?.spanContext();
    // Only a local parent proves that there is one.
    if (parent && !context?.isRemote && context?.traceId === span.spanContext().traceId) {
      const outer = this.of(parent);
      // Next.js may start its span after the client has left and the hit was sent. But its span may also be active in another request.
      const isOver = outer?.closed && announced !== undefined && announced !== outer.announced;
      if (outer && !isOver && mayContain(outer, span)) return outer;
    }
    // One application behind two servers: the second `request` event starts another root span in the context of the first. A span of
    // MCP: its parent can be the call of the client, as the message itself says.
    const current = this.own(announced);
    const isOther = current?.span !== undefined && current.span !== span;
    return isOther && mayContain(current, span) ? current : undefined;
  }

  /** The own request of a SERVER span that ends. One that has turned out not to be of HTTP is a part of Node's request, and does not end it. */
  ofServerSpan(span: FinishedSpan): Request | undefined {
    const request = this.of(span);
    if (request?.span !== span) return undefined;
    if (!request.incoming || methodOf(span.attributes) !== undefined) return request;
    request.dropSpan();
    return undefined;
  }

  /** The request that a SERVER span is a part of. */
  ofPart(span: OwnedSpan): Request | undefined {
    return this.own(ownerOf(span));
  }

  /** The request of a child span, as long as its hit can change. */
  ofChild(span: FinishedSpan): Request | undefined {
    const request = unlessClosed(this.of(span));
    return request && toMillis(span.startTime) >= request.startMillis ? request : undefined;
  }

  /** The request that a span belongs to, also if it is closed. */
  of(span: OwnedSpan): Request | undefined {
    const announced = ownerOf(span);
    return announced ? this.own(announced) : this.#currentOf(span);
  }

  /** The current request, if it has the trace of a span. Clients may send the same trace ID with all of their requests. */
  #currentOf(span: OwnedSpan): Request | undefined {
    const current = this.own(currentRequest());
    return current?.traceId === span.spanContext().traceId ? current : undefined;
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

/**
 * An HTTP request is no part of one whose SERVER span is not of HTTP, such as the call of a function that runs a framework. A closed request
 * has no span any more: it was of HTTP if it was read.
 */
function mayContain({ span: outer, http, closed }: Request, span: FinishedSpan): boolean {
  if (closed) return http !== undefined;
  if (outer === undefined || methodOf(outer.attributes) !== undefined) return true;
  return methodOf(span.attributes) === undefined;
}

function unlessClosed(request: Request | undefined): Request | undefined {
  return request?.closed ? undefined : request;
}
