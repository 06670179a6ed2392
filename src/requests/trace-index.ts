import type { Request } from './request.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** A client may send the same trace ID with all of its requests: no more of them are searched by the IDs of their spans. */
const MAX_SEARCHED = 64;

/** A request, or a weak reference if nothing but its span announces its end: that may never come. */
type Held = Request | WeakRef<Request>;

/** Traces without requests that stay in the table. */
const MAX_EMPTY = 1000;

/** A trace, and its requests that are not closed. */
export class Trace {
  /** Its only request at first: earlier spans belong to it. */
  first: Held | undefined;
  /** Other requests to this process, if it has or had several. */
  others: Set<Held> | undefined;

  constructor(first: Held) {
    this.first = first;
  }

  get isEmpty(): boolean {
    return this.first === undefined && !this.others?.size;
  }
}

/**
 * Finds the request of a span by trace and parent, for spans that lost the async context. If a trace has one request, its
 * trace ID is enough and nothing is stored per span. If it has several, each span gets the request of its parent.
 */
export class TraceIndex {
  /**
   * With empty traces until these are many, and the map is replaced. A `Map` makes new tables as entries are deleted, and the old ones
   * keep each other and their values until the next full garbage collection: a third of the time of a hit went into copying them.
   */
  #traces = new Map<string, Trace>();
  #emptyTraces = 0;
  #sharedTraces = 0;
  /** Requests by span: all spans of shared traces, and server spans of requests that are held weakly. */
  readonly #bySpan = new WeakMap<object, Request>();
  readonly #collected = new FinalizationRegistry<{ trace: Trace; held: Held }>(({ trace, held }) =>
    this.#remove(trace, held),
  );

  /** Whether any trace has or had several requests, so that `assign` must be called. */
  get hasSharedTraces(): boolean {
    return this.#sharedTraces > 0;
  }

  add(request: Request): void {
    const { traceId } = request;
    let trace = this.#traces.get(traceId);
    if (!trace) {
      trace = new Trace(request);
      this.#traces.set(traceId, trace);
    } else if (trace.isEmpty) {
      trace.first = request;
      this.#emptyTraces -= 1;
    } else {
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
      this.#storeBySpan(requestOf(trace.first));
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
    if (!trace || request.reference) return;
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
    request.trace = undefined;
    this.#remove(trace, request.reference ?? request);
  }

  #remove(trace: Trace, held: Held): void {
    if (trace.isEmpty) return;
    if (trace.first === held) trace.first = undefined;
    else trace.others?.delete(held);
    if (!trace.isEmpty) return;
    if (trace.others) this.#sharedTraces -= 1;
    trace.others = undefined;
    this.#emptyTraces += 1;
    this.#dropEmptyTraces();
  }

  #dropEmptyTraces(): void {
    if (this.#emptyTraces <= MAX_EMPTY || this.#emptyTraces * 2 <= this.#traces.size) return;
    const traces = new Map<string, Trace>();
    for (const [id, trace] of this.#traces) if (!trace.isEmpty) traces.set(id, trace);
    this.#traces = traces;
    this.#emptyTraces = 0;
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): Request | undefined {
    const first = requestOf(this.#traces.get(span.spanContext().traceId)?.first);
    const request = first?.span === span ? first : this.#bySpan.get(span);
    return request?.span === span ? request : undefined;
  }

  /** The request with this SERVER span, as long as its hit can change. */
  findById({ traceId, spanId }: Pick<Request, 'traceId' | 'spanId'>): Request | undefined {
    const trace = this.#traces.get(traceId);
    const first = requestOf(trace?.first);
    if (first?.spanId === spanId) return first;
    let left = MAX_SEARCHED;
    for (const held of trace?.others ?? []) {
      const request = requestOf(held);
      if (request?.spanId === spanId) return request;
      left -= 1;
      if (left === 0) break;
    }
    return undefined;
  }

  /** Stores the request of a new span if its trace has several: that of its parent, else that of the async context. */
  assign(span: Identified, parent: object | undefined, current: Request | undefined): void {
    const { traceId } = span.spanContext();
    const trace = this.#traces.get(traceId);
    if (!trace?.others) return;
    const around = current?.traceId === traceId ? current : firstOf(trace);
    const owner = (parent && this.#bySpan.get(parent)) ?? around;
    if (owner) this.#bySpan.set(span, owner);
  }

  /** The request to which a span belongs, as long as its hit can change. */
  find(span: Identified): Request | undefined {
    const owner = this.ownerOf(span);
    return owner?.closed ? undefined : owner;
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

function requestOf(held: Held | undefined): Request | undefined {
  return held instanceof WeakRef ? held.deref() : held;
}

/** The first request of a trace, unless it is closed: the trace may go on for longer. */
function firstOf({ first }: Trace): Request | undefined {
  const request = requestOf(first);
  return request?.closed ? undefined : request;
}
