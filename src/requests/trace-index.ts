import { SlotMap } from '../common/slot-map.js';
import type { Request } from './request.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** Requests per trace that are listed. Those beyond are found by their spans only. */
const MAX_REQUESTS_OF_A_TRACE = 64;
/** More traces than run or are pending at a time. */
const MAX_TRACES = 50_000;

/** A request, or a weak reference if nothing but its span announces its end: that may never come. */
type Held = Request | WeakRef<Request>;

/** A trace with requests that are not closed. */
interface Trace {
  readonly held: Held[];
  /** The only request of the trace at first: earlier spans belong to it. */
  first: Held;
  /** Whether it has or had several requests to this process. */
  isShared: boolean;
}

/**
 * Finds the request of a span by trace and parent, for spans that lost the async context. If a trace has one request, its
 * trace ID is enough and nothing is stored per span. If it has several, each span gets the request of its parent.
 */
export class TraceIndex {
  readonly #traces = new SlotMap<string, Trace>();
  #sharedTraces = 0;
  /** Requests by span: all spans of shared traces, and server spans of requests beyond the limits or held weakly. */
  readonly #bySpan = new WeakMap<object, Request>();
  readonly #collected = new FinalizationRegistry<{ traceId: string; held: Held }>(
    ({ traceId, held }) => this.#remove(traceId, held),
  );

  /** Whether any trace has or had several requests, so that `assign` must be called. */
  get hasSharedTraces(): boolean {
    return this.#sharedTraces > 0;
  }

  add(request: Request): void {
    const trace = this.#traces.get(request.traceId);
    if (trace) this.#share(trace, request);
    else this.#addTrace(request);
    // Without Node's request, nothing but its span announces the end.
    if (!request.captured) this.weaken(request);
  }

  #addTrace(request: Request): void {
    if (this.#traces.size >= MAX_TRACES) this.#dropOldest();
    this.#traces.add(request.traceId, { held: [request], first: request, isShared: false });
  }

  #dropOldest(): void {
    const oldest = this.#traces.takeOldest();
    if (oldest?.isShared) this.#sharedTraces -= 1;
    else this.#storeBySpan(requestOf(oldest?.first));
  }

  #share(trace: Trace, request: Request): void {
    if (!trace.isShared) {
      trace.isShared = true;
      this.#sharedTraces += 1;
      this.#storeBySpan(requestOf(trace.first));
    }
    this.#storeBySpan(request);
    if (trace.held.length < MAX_REQUESTS_OF_A_TRACE) trace.held.push(request);
  }

  #storeBySpan(request: Request | undefined): void {
    if (request?.span) this.#bySpan.set(request.span, request);
  }

  /** From now on, nothing but its span and its async context hold a request in memory: the span may never end. */
  weaken(request: Request): void {
    const { traceId } = request;
    this.#storeBySpan(request);
    const trace = this.#traces.get(traceId);
    const position = trace?.held.indexOf(request) ?? -1;
    if (!trace || position < 0) return;
    const held = new WeakRef(request);
    trace.held[position] = held;
    if (trace.first === request) trace.first = held;
    this.#collected.register(request, { traceId, held });
  }

  remove(request: Request): void {
    const held = this.#traces
      .get(request.traceId)
      ?.held.find((each) => requestOf(each) === request);
    if (held) this.#remove(request.traceId, held);
  }

  #remove(traceId: string, held: Held): void {
    const trace = this.#traces.get(traceId);
    const position = trace?.held.indexOf(held) ?? -1;
    if (!trace || position < 0) return;
    trace.held.splice(position, 1);
    if (trace.held.length > 0) return;
    this.#traces.delete(traceId);
    if (trace.isShared) this.#sharedTraces -= 1;
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): Request | undefined {
    const first = requestOf(this.#traces.get(span.spanContext().traceId)?.first);
    const request = first?.isOf(span) ? first : this.#bySpan.get(span);
    return request?.isOf(span) ? request : undefined;
  }

  /** The request with this SERVER span, as long as its hit can change. */
  findById({ traceId, spanId }: Pick<Request, 'traceId' | 'spanId'>): Request | undefined {
    for (const held of this.#traces.get(traceId)?.held ?? []) {
      const request = requestOf(held);
      if (request?.spanId === spanId) return request;
    }
    return undefined;
  }

  /** Stores the request of a new span if its trace has several: that of its parent, else that of the async context. */
  assign(span: Identified, parent: object | undefined, current: Request | undefined): void {
    const { traceId } = span.spanContext();
    const trace = this.#traces.get(traceId);
    if (!trace?.isShared) return;
    const around = current?.traceId === traceId ? current : firstOf(trace);
    const owner = (parent && this.#bySpan.get(parent)) ?? around;
    if (owner) this.#bySpan.set(span, owner);
  }

  /** The request to which a span belongs, as long as its hit can change. */
  find(span: Identified): Request | undefined {
    const owner = this.ownerOf(span);
    return owner?.closed ? undefined : owner;
  }

  /** The same, also if it is closed. If nothing shows which request of a trace it is, that is the first one for spans that are recorded. */
  ownerOf(span: Identified): Request | undefined {
    const stored = this.#bySpan.get(span);
    if (stored) return stored;
    const trace = this.#traces.get(span.spanContext().traceId);
    return trace && (!trace.isShared || 'attributes' in span) ? firstOf(trace) : undefined;
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
