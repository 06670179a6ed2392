import type { RequestIndex, RequestRecord } from './request-record.js';

/** Requests of one trace that are remembered; a caller that puts more into one trace loses only lost contexts. */
const MAX_RECORDS_OF_A_TRACE = 64;
const MAX_OWNERS_OF_A_TRACE = 1000;
/** More than are under way or waiting at one time, unless server spans never end. */
const MAX_TRACES = 50_000;

/** A trace that holds several requests to this process. */
interface SharedTrace {
  readonly records: RequestRecord[];
  /** Had the trace to itself at first: spans from that time are its own. */
  readonly first: RequestRecord;
  /** Which request a span belongs to. */
  readonly owners: Map<string, RequestRecord>;
}

/**
 * Finds the request of a span by its trace and its parent, for spans that lost the asynchronous context.
 *
 * As long as a trace holds one request, the trace says enough and nothing is written down per span; while it holds
 * several, each span's request is remembered from its parent's.
 */
export class TraceIndex implements RequestIndex {
  readonly #alone = new Map<string, RequestRecord>();
  readonly #shared = new Map<string, SharedTrace>();

  /** Whether any trace holds or held several requests, so that `follow` has something to do. */
  get hasSharedTraces(): boolean {
    return this.#shared.size > 0;
  }

  add(record: RequestRecord): void {
    const { traceId } = record;
    const shared = this.#sharedTrace(traceId);
    const first = this.#alone.get(traceId);
    if (shared) {
      if (shared.records.length < MAX_RECORDS_OF_A_TRACE) shared.records.push(record);
    } else if (first) {
      this.#alone.delete(traceId);
      forgetOldest(this.#shared);
      this.#shared.set(traceId, { records: [first, record], first, owners: new Map() });
    } else {
      forgetOldest(this.#alone);
      this.#alone.set(traceId, record);
    }
  }

  remove(record: RequestRecord): void {
    const { traceId } = record;
    if (this.#alone.get(traceId) === record) this.#alone.delete(traceId);
    const shared = this.#sharedTrace(traceId);
    const position = shared?.records.indexOf(record) ?? -1;
    if (!shared || position < 0) return;
    shared.records.splice(position, 1);
    if (shared.records.length === 0) this.#shared.delete(traceId);
  }

  /** Notes whose a new span is, where its trace holds several requests: its parent's, else that of the asynchronous context. */
  follow(
    traceId: string,
    spanId: string,
    parentSpanId: string | undefined,
    current: RequestRecord | undefined,
  ): void {
    const trace = this.#sharedTrace(traceId);
    if (!trace || trace.owners.size >= MAX_OWNERS_OF_A_TRACE) return;
    const around = current?.traceId === traceId ? current : trace.first;
    trace.owners.set(spanId, known(trace, parentSpanId) ?? around);
  }

  /** The request that the span with this id is of, or below. */
  find(traceId: string, spanId: string): RequestRecord | undefined {
    const trace = this.#sharedTrace(traceId);
    if (!trace) return this.#alone.get(traceId);
    const isFull = trace.owners.size >= MAX_OWNERS_OF_A_TRACE;
    const owner = known(trace, spanId) ?? (isFull ? undefined : trace.first);
    return owner?.closed ? undefined : owner;
  }

  /** Mostly there is none at all: asking the map would hash each id once more. */
  #sharedTrace(traceId: string): SharedTrace | undefined {
    return this.#shared.size === 0 ? undefined : this.#shared.get(traceId);
  }
}

function known(trace: SharedTrace, spanId: string | undefined): RequestRecord | undefined {
  if (spanId === undefined) return undefined;
  return trace.records.find((record) => record.spanId === spanId) ?? trace.owners.get(spanId);
}

/** A map gives its keys in the order in which they came. */
function forgetOldest(traces: Map<string, unknown>): void {
  if (traces.size < MAX_TRACES) return;
  const oldest = traces.keys().next();
  if (!oldest.done) traces.delete(oldest.value);
}
