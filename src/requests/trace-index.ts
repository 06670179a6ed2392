import { SlotMap } from '../common/slot-map.js';
import { RecordList } from './record-list.js';
import type { RequestIndex, RequestRecord } from './request-record.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** Requests per trace that are indexed. If a trace has more, only spans that lost their async context are affected. */
const MAX_RECORDS_OF_A_TRACE = 64;
const MAX_OWNERS_OF_A_TRACE = 1000;
/** More traces than run or are pending at a time, unless server spans never end. */
const MAX_TRACES = 50_000;

/** A trace with several requests to this process. */
interface SharedTrace {
  readonly records: RequestRecord[];
  /** The only request of the trace at first: earlier spans belong to it. */
  readonly first: RequestRecord;
  /** Requests by span ID. */
  readonly owners: Map<string, RequestRecord>;
}

/**
 * Finds the request of a span by trace and parent, for spans that lost the async context. If a trace has one request, its
 * trace ID is enough and nothing is stored per span. If it has several, each span gets the request of its parent.
 *
 * A request that begins a trace is only listed until anything is looked up: most requests are found by their async context, and
 * maps of short-lived entries cost a tenth of a hit.
 */
export class TraceIndex implements RequestIndex {
  readonly #listed = new RecordList();
  readonly #alone = new SlotMap<string, RequestRecord>();
  readonly #shared = new SlotMap<string, SharedTrace>();
  /** Requests beyond the limits, by server span. */
  readonly #overflow = new WeakMap<object, RequestRecord>();

  /** Whether any trace has or had several requests, so that `follow` must be called. */
  get hasSharedTraces(): boolean {
    return this.#shared.size > 0;
  }

  /** Adds a request; `isFirst`: its span has no parent, so no other request has its trace ID. */
  add(record: RequestRecord, isFirst = false): void {
    if (this.#listed.size >= MAX_TRACES || !isFirst) this.#indexListed();
    if (isFirst) this.#listed.add(record);
    else this.#addToMaps(record);
  }

  #indexListed(): void {
    for (let record = this.#listed.takeOldest(); record; record = this.#listed.takeOldest())
      this.#addToMaps(record);
  }

  #addToMaps(record: RequestRecord): void {
    const { traceId } = record;
    const shared = this.#sharedTrace(traceId);
    const first = this.#alone.get(traceId);
    if (shared) {
      if (shared.records.length < MAX_RECORDS_OF_A_TRACE) shared.records.push(record);
      else this.#setAside(record);
    } else if (first) {
      this.#alone.delete(traceId);
      for (const oldest of takeOldest(this.#shared)?.records ?? []) this.#setAside(oldest);
      this.#shared.add(traceId, { records: [first, record], first, owners: new Map() });
    } else {
      const oldest = takeOldest(this.#alone);
      if (oldest) this.#setAside(oldest);
      this.#alone.add(traceId, record);
    }
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): RequestRecord | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const alone = this.#alone.get(traceId);
    if (alone?.span === span) return alone;
    const isIts = (record: RequestRecord) => record.span === span;
    return this.#sharedTrace(traceId)?.records.find(isIts) ?? this.#overflow.get(span);
  }

  remove(record: RequestRecord): void {
    if (this.#listed.remove(record)) return;
    const { traceId } = record;
    this.#alone.delete(traceId, record);
    const shared = this.#sharedTrace(traceId);
    const position = shared?.records.indexOf(record) ?? -1;
    if (!shared || position < 0) return;
    shared.records.splice(position, 1);
    if (shared.records.length === 0) this.#shared.delete(traceId);
  }

  /** Stores the request of a new span if its trace has several: that of its parent, else that of the async context. */
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

  /** The request to which the span with this ID, or a child of it, belongs. */
  find(traceId: string, spanId: string): RequestRecord | undefined {
    this.#indexListed();
    const trace = this.#sharedTrace(traceId);
    if (!trace) return this.#alone.get(traceId);
    const isFull = trace.owners.size >= MAX_OWNERS_OF_A_TRACE;
    const owner = known(trace, spanId) ?? (isFull ? undefined : trace.first);
    return owner?.closed ? undefined : owner;
  }

  #setAside(record: RequestRecord): void {
    if (record.span) this.#overflow.set(record.span, record);
  }

  /** Usually there are none: looking up the map would hash every ID once more. */
  #sharedTrace(traceId: string): SharedTrace | undefined {
    return this.#shared.size === 0 ? undefined : this.#shared.get(traceId);
  }
}

function known(trace: SharedTrace, spanId: string | undefined): RequestRecord | undefined {
  if (spanId === undefined) return undefined;
  return trace.records.find((record) => record.spanId === spanId) ?? trace.owners.get(spanId);
}

/** Removes and returns the oldest entry if the map is full. */
function takeOldest<T>(traces: SlotMap<string, T>): T | undefined {
  return traces.size < MAX_TRACES ? undefined : traces.takeOldest();
}
