import type { RequestIndex, RequestRecord } from './request-record.js';

/** Requests of one trace that are remembered; a caller that puts more into one trace loses only lost contexts. */
const MAX_RECORDS_OF_A_TRACE = 64;
const MAX_OWNERS_OF_A_TRACE = 1000;
/** More than are under way or waiting at one time, unless server spans never end. */
const MAX_TRACES = 50_000;

interface Trace {
  readonly records: RequestRecord[];
  /** Had the trace to itself at first: spans from that time are its own. */
  readonly first: RequestRecord;
  /** Which request a span belongs to; kept only while the trace holds several. */
  owners: Map<string, RequestRecord> | undefined;
}

/**
 * Finds the request of a span by its trace and its parent, for spans that lost the asynchronous context.
 *
 * One trace may hold several requests to this process. As long as it holds one, the trace says enough and
 * nothing is written down per span; while it holds several, each span's request is remembered from its parent's.
 */
export class TraceIndex implements RequestIndex {
  readonly #traces = new Map<string, Trace>();
  #shared = 0;

  /** Whether any trace holds or held several requests, so that `follow` has something to do. */
  get hasSharedTraces(): boolean {
    return this.#shared > 0;
  }

  add(record: RequestRecord): void {
    const trace = this.#traces.get(record.traceId);
    if (!trace) {
      if (this.#traces.size >= MAX_TRACES) this.#forgetOldest();
      this.#traces.set(record.traceId, { records: [record], first: record, owners: undefined });
      return;
    }
    if (trace.records.length >= MAX_RECORDS_OF_A_TRACE) return;
    trace.records.push(record);
    if (!trace.owners) {
      trace.owners = new Map();
      this.#shared += 1;
    }
  }

  remove(record: RequestRecord): void {
    const trace = this.#traces.get(record.traceId);
    const position = trace?.records.indexOf(record) ?? -1;
    if (!trace || position < 0) return;
    trace.records.splice(position, 1);
    if (trace.records.length > 0) return;
    if (trace.owners) this.#shared -= 1;
    this.#traces.delete(record.traceId);
  }

  #forgetOldest(): void {
    const oldest = this.#traces.keys().next();
    if (oldest.done) return;
    if (this.#traces.get(oldest.value)?.owners) this.#shared -= 1;
    this.#traces.delete(oldest.value);
  }

  /** Notes whose a new span is, where its trace holds several requests: its parent's, else that of the asynchronous context. */
  follow(
    traceId: string,
    spanId: string,
    parentSpanId: string | undefined,
    current: RequestRecord | undefined,
  ): void {
    const trace = this.#traces.get(traceId);
    if (!trace?.owners || trace.owners.size >= MAX_OWNERS_OF_A_TRACE) return;
    const around = current?.traceId === traceId ? current : trace.first;
    trace.owners.set(spanId, known(trace, parentSpanId) ?? around);
  }

  /** The request that the span with this id is of, or below. */
  find(traceId: string, spanId: string): RequestRecord | undefined {
    const trace = this.#traces.get(traceId);
    if (!trace) return undefined;
    const isFull = trace.owners !== undefined && trace.owners.size >= MAX_OWNERS_OF_A_TRACE;
    const owner = known(trace, spanId) ?? (isFull ? undefined : trace.first);
    return owner?.closed ? undefined : owner;
  }
}

function known(trace: Trace, spanId: string | undefined): RequestRecord | undefined {
  if (spanId === undefined) return undefined;
  return trace.records.find((record) => record.spanId === spanId) ?? trace.owners?.get(spanId);
}
