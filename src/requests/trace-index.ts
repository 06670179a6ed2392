import { SlotMap } from '../common/slot-map.js';
import type { RequestIndex, RequestRecord } from './request-record.js';

/** What is asked of a span here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

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
  readonly #alone = new SlotMap<string, RequestRecord>();
  readonly #shared = new SlotMap<string, SharedTrace>();
  /** Requests that found no room, by their server span. */
  readonly #overflow = new WeakMap<object, RequestRecord>();

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

  /** The request whose server span, not ended, this is. */
  root(span: Identified): RequestRecord | undefined {
    const { traceId } = span.spanContext();
    const alone = this.#alone.get(traceId);
    if (alone?.span === span) return alone;
    const isIts = (record: RequestRecord) => record.span === span;
    return this.#sharedTrace(traceId)?.records.find(isIts) ?? this.#overflow.get(span);
  }

  remove(record: RequestRecord): void {
    const { traceId } = record;
    this.#alone.delete(traceId, record);
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

  #setAside(record: RequestRecord): void {
    if (record.span) this.#overflow.set(record.span, record);
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

/** The oldest of a map that is full. */
function takeOldest<T>(traces: SlotMap<string, T>): T | undefined {
  return traces.size < MAX_TRACES ? undefined : traces.takeOldest();
}
