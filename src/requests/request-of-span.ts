import type { Span } from '../common/otel-types.js';
import { currentRequest } from './captured-requests.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  toMillis,
} from './finished-span.js';
import { Request } from './request.js';

/** `INVALID_TRACEID` of OpenTelemetry's API. */
const NO_TRACE = '0'.repeat(32);

/** The part of a span by which its request is found. */
type Identified = Pick<FinishedSpan, 'spanContext'>;

/** A request, or a weak reference if nothing but its span announces its end: that may never come. */
type Held = Request | WeakRef<Request>;

/** Traces without requests that stay in the table. */
const MAX_EMPTY = 1000;

/** A trace, and its requests that are not closed. */
export class Trace {
  /** Its only request at first: earlier spans belong to it. */
  first: Held | undefined;
  /** Further requests to this process, if it has or had several. */
  others: Set<Held> | undefined;

  constructor(first: Held) {
    this.first = first;
  }

  get isEmpty(): boolean {
    return this.first === undefined && !this.others?.size;
  }
}

/**
 * Finds the request of one processor that a call, a SERVER span or a span below one belongs to: by the async context, else by trace and
 * parent. If a trace has one request, its ID is enough and nothing is stored per span: a `WeakMap` costs a tenth of all the CPU time of
 * a hit. If it has several, each span gets the request of its parent.
 */
export class RequestFinder {
  /**
   * With empty traces until these are many, and the map is replaced. A `Map` makes new tables as entries are deleted, and the old ones
   * keep each other and their values until the next full garbage collection: a third of the time of a hit went into copying them.
   */
  #traces = new Map<string, Trace>();
  #emptyTraces = 0;
  #sharedTraces = 0;
  /**
   * Requests by span: SERVER spans that are a part of another request, or whose own one is held weakly, and all spans of shared traces and
   * below parts with a trace of their own.
   */
  readonly #bySpan = new WeakMap<object, Request>();
  #hasPartsWithTraces = false;
  readonly #collected = new FinalizationRegistry<{ trace: Trace; held: Held }>(({ trace, held }) =>
    this.#remove(trace, held),
  );

  /**
   * Spans of work that no request of this process began: all below a span without a local parent that is not a SERVER span. A span of
   * any other kind may belong to a request of which nothing else is known, and whose visitor may have opted out.
   */
  readonly #jobs = new WeakSet<object>();

  /** A SERVER span has started: it is a part of another request, or has its own. */
  addServerSpan(span: Span & FinishedSpan, parent: Span | undefined): void {
    const announced = requestInProgress();
    const outer = this.#outerOf(span, parent, announced);
    if (outer) {
      this.#bySpan.set(span, outer);
      this.#hasPartsWithTraces ||= outer.traceId !== span.spanContext().traceId;
      return;
    }
    if (announced?.untracked) return;
    // Node's request belongs to the first HTTP SERVER span in its async context, which may get its attributes later. Paths are not
    // compared: the span has none if the URL parser rejects the Host header or the target.
    let request = announced && this.takeOwn(announced);
    if (!request || request.http) request = new Request(this);
    this.detachSpan(request);
    if (request.traceId !== span.spanContext().traceId) this.remove(request);
    request.startSpan(span);
    this.add(request);
  }

  /** Makes a request with a SERVER span known by its trace. Spans of requests that the trace had before may still go on. */
  add(request: Request): void {
    const { traceId } = request;
    let trace = this.#traces.get(traceId);
    if (!trace) {
      trace = new Trace(request);
      this.#traces.set(traceId, trace);
    } else if (trace === request.trace) {
      this.#storeBySpan(request);
    } else {
      if (trace.isEmpty) this.#emptyTraces -= 1;
      this.#share(trace, request);
    }
    request.trace = trace;
    // Without Node's request, nothing but its span announces the end.
    if (!request.incoming) this.weaken(request);
  }

  #share(trace: Trace, request: Request): void {
    if (!trace.others) {
      trace.others = new Set();
      this.#sharedTraces += 1;
      this.#storeBySpan(deref(trace.first));
    }
    trace.others.add(request);
    this.#storeBySpan(request);
  }

  #storeBySpan(request: Request | undefined): void {
    if (request?.span) this.#bySpan.set(request.span, request);
  }

  /** From now on, nothing but its span and its async context hold a request in memory: the span may never end. */
  weaken(request: Request): void {
    const { trace } = request;
    if (!trace) return;
    const held = new WeakRef(request);
    if (trace.first === request) trace.first = held;
    else if (trace.others?.delete(request)) trace.others.add(held);
    else return;
    this.#storeBySpan(request);
    request.reference = held;
    this.#collected.register(request, { trace, held });
  }

  remove(request: Request): void {
    const { trace } = request;
    if (!trace) return;
    this.#remove(trace, request.reference ?? request);
    request.trace = undefined;
    request.reference = undefined;
  }

  /** The SERVER span of Node's request has turned out not to be of HTTP: it is a part of the request, and does not end it. */
  detachSpan(request: Request): void {
    if (!request.span) return;
    this.#storeBySpan(request);
    this.weaken(request);
    request.span = undefined;
  }

  #remove(trace: Trace, held: Held): void {
    if (trace.isEmpty) return;
    if (trace.first === held) trace.first = undefined;
    else trace.others?.delete(held);
    if (!trace.isEmpty) return;
    if (trace.others) this.#sharedTraces -= 1;
    trace.others = undefined;
    this.#emptyTraces += 1;
    if (this.#emptyTraces <= MAX_EMPTY || this.#emptyTraces * 2 <= this.#traces.size) return;
    const traces = new Map<string, Trace>();
    for (const [id, trace] of this.#traces) if (!trace.isEmpty) traces.set(id, trace);
    this.#traces = traces;
    this.#emptyTraces = 0;
  }

  /** Whether any trace has or had several requests, so that the request of each span is stored. */
  get hasSharedTraces(): boolean {
    return this.#sharedTraces > 0;
  }

  /**
   * Another span has started. Where requests are stored by span, it has that of its parent, else the one of its trace in the async context,
   * else the first one of its trace.
   */
  addSpan(span: Span & FinishedSpan, parent: Span | undefined): void {
    if (isLocalRoot(span) || (parent && this.#jobs.has(parent))) this.#jobs.add(span);
    if (!this.hasSharedTraces && !this.#hasPartsWithTraces) return;
    const { traceId } = span.spanContext();
    const trace = this.#traces.get(traceId);
    let request = parent && this.#bySpan.get(parent);
    if (!request && trace?.others) {
      const current = this.own(currentRequest());
      request = current?.traceId === traceId ? current : firstOf(trace);
    }
    if (request) this.#bySpan.set(span, request);
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
   * | during the end of the current one without a span | the current one                        |
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
    const { traceId, spanId } = span.spanContext();
    if (traceId === NO_TRACE || spanId === announced?.closedBySpan) return current;
    const request = this.ownerOf(span);
    if (current?.traceId === traceId) return request ?? current;
    if (request && (request === current || !request.closed)) return request;
    if (this.#jobs.has(span)) return current;
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
    if (request) return request;
    const current = this.own(currentRequest());
    if (current?.traceId === span.spanContext().traceId) return current;
    return this.#jobs.has(span) ? undefined : 'unknown';
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
    span: Span & FinishedSpan,
    parent: Span | undefined,
    announced: Request | undefined,
  ): Request | undefined {
    const context = parent?.spanContext();
    // Only a local parent proves that there is one.
    if (parent && !context?.isRemote && context?.traceId === span.spanContext().traceId) {
      const outer = unlessClosed(this.ownerOf(parent));
      if (outer && mayContain(outer, span)) return outer;
    }
    // One application behind two servers: the second `request` event starts another root span in the context of the first. A span of
    // MCP: its parent can be the call of the client, as the message itself says.
    const current = this.own(announced);
    const isOther = current?.span !== undefined && current.span !== span;
    return isOther && mayContain(current, span) ? current : undefined;
  }

  /** The own request of a SERVER span that ends. */
  ofServerSpan(span: FinishedSpan): Request | undefined {
    const request = this.root(span);
    if (!request?.incoming || methodOf(span.attributes) !== undefined) return request;
    this.detachSpan(request);
    return undefined;
  }

  /** The request that a SERVER span is a part of. */
  ofPart(span: Identified): Request | undefined {
    return this.#bySpan.get(span);
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): Request | undefined {
    const first = deref(this.#traces.get(span.spanContext().traceId)?.first);
    const request = first?.span === span ? first : this.#bySpan.get(span);
    return request?.span === span ? request : undefined;
  }

  /** The request of a child span, as long as its hit can change. */
  ofChild(span: FinishedSpan): Request | undefined {
    const request = unlessClosed(this.ownerOf(span));
    return request && toMillis(span.startTime) >= request.startMillis ? request : undefined;
  }

  /**
   * The request to which a span belongs, also if it is closed and was stored for the span. If nothing shows which request of a trace it is,
   * that is the first one, for spans that are recorded.
   */
  ownerOf(span: Identified): Request | undefined {
    const stored = this.#bySpan.get(span);
    if (stored) return stored;
    const trace = this.#traces.get(span.spanContext().traceId);
    return trace && (!trace.others || 'attributes' in span) ? firstOf(trace) : undefined;
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

/** An HTTP request is no part of one whose SERVER span is not of HTTP, such as the call of a function that runs a framework. */
function mayContain({ span: outer }: Request, span: FinishedSpan): boolean {
  if (outer === undefined || methodOf(outer.attributes) !== undefined) return true;
  return methodOf(span.attributes) === undefined;
}

function deref(held: Held | undefined): Request | undefined {
  return held instanceof WeakRef ? held.deref() : held;
}

function unlessClosed(request: Request | undefined): Request | undefined {
  return request?.closed ? undefined : request;
}

/** The first request of a trace, unless it is closed: the trace may go on for longer. */
function firstOf({ first }: Trace): Request | undefined {
  return unlessClosed(deref(first));
}
