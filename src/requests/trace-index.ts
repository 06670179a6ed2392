import { SlotMap } from '../common/slot-map.js';
import type { RequestIndex, RequestRecord } from './request-record.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** Requests per trace that are listed. Those beyond are found by their spans only. */
const MAX_RECORDS_OF_A_TRACE = 64;
/** More traces than run or are pending at a time. */
const MAX_TRACES = 50_000;

/** A request in the maps: held weakly if nothing but its span announces its end. */
class Entry {
  readonly spanId: string;
  #strong: RequestRecord | undefined;
  #weak: WeakRef<RequestRecord> | undefined;

  constructor(record: RequestRecord) {
    this.spanId = record.spanId;
    this.#strong = record;
  }

  get record(): RequestRecord | undefined {
    return this.#strong ?? this.#weak?.deref();
  }

  weaken(record: RequestRecord): void {
    this.#strong = undefined;
    this.#weak = new WeakRef(record);
  }

  /** A shared trace may refer to it for longer. */
  release(): void {
    this.#strong = undefined;
    this.#weak = undefined;
  }
}

/** A trace with several requests to this process. */
interface SharedTrace {
  readonly entries: Entry[];
  /** The only request of the trace at first: earlier spans belong to it. */
  readonly first: Entry;
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
  readonly #alone = new SlotMap<string, Entry>();
  readonly #shared = new SlotMap<string, SharedTrace>();
  /** Requests by span: all spans of shared traces, and server spans of requests beyond the limits or held weakly. */
  readonly #bySpan = new WeakMap<object, RequestRecord>();
  readonly #collected = new FinalizationRegistry<{ traceId: string; entry: Entry }>(
    ({ traceId, entry }) => this.#removeEntry(traceId, entry),
  );

  /** Whether any trace has or had several requests, so that `assign` must be called. */
  get hasSharedTraces(): boolean {
    return this.#shared.size > 0;
  }

  /** Adds a request; `isFirst`: its span has no parent, so no other request has its trace ID. */
  add(record: RequestRecord, isFirst = false): void {
    if (this.#listed.size >= MAX_TRACES || !isFirst) this.#indexListed();
    if (!record.captured) this.#addWeakly(record);
    else if (isFirst) this.#listed.add(record);
    else this.#addToMaps(record);
  }

  /** From now on, nothing but its span and its async context hold a request in memory: the span may never end. */
  weaken(record: RequestRecord): void {
    if (this.#listed.remove(record)) this.#addWeakly(record);
    else this.#weaken(record, this.#entryOf(record));
  }

  #addWeakly(record: RequestRecord): void {
    this.#weaken(record, this.#addToMaps(record));
  }

  #weaken(record: RequestRecord, entry: Entry | undefined): void {
    this.#setAside(record);
    if (!entry) return;
    entry.weaken(record);
    this.#collected.register(record, { traceId: record.traceId, entry });
  }

  #indexListed(): void {
    for (let record = this.#listed.takeOldest(); record; record = this.#listed.takeOldest())
      this.#addToMaps(record);
  }

  /** The entry of a request; `undefined` if its trace has too many. */
  #addToMaps(record: RequestRecord): Entry | undefined {
    const { traceId } = record;
    const shared = this.#sharedTrace(traceId);
    const first = this.#alone.get(traceId);
    const entry = new Entry(record);
    if (shared) {
      this.#setAside(record);
      if (shared.entries.length >= MAX_RECORDS_OF_A_TRACE) return undefined;
      shared.entries.push(entry);
    } else if (first) {
      this.#alone.delete(traceId);
      takeOldest(this.#shared);
      this.#shared.add(traceId, { entries: [first, entry], first });
      this.#setAside(first.record);
      this.#setAside(record);
    } else {
      this.#setAside(takeOldest(this.#alone)?.record);
      this.#alone.add(traceId, entry);
    }
    return entry;
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): RequestRecord | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const alone = this.#alone.get(traceId)?.record;
    const record = alone?.span === span ? alone : this.#bySpan.get(span);
    return record?.span === span ? record : undefined;
  }

  remove(record: RequestRecord): void {
    if (this.#listed.remove(record)) return;
    const entry = this.#entryOf(record);
    if (entry) this.#removeEntry(record.traceId, entry);
  }

  #entryOf({ traceId, spanId }: RequestRecord): Entry | undefined {
    const alone = this.#alone.get(traceId);
    if (alone) return alone.spanId === spanId ? alone : undefined;
    const trace = this.#sharedTrace(traceId);
    return trace?.entries.find((entry) => entry.spanId === spanId);
  }

  #removeEntry(traceId: string, entry: Entry): void {
    entry.release();
    this.#alone.delete(traceId, entry);
    const shared = this.#sharedTrace(traceId);
    const position = shared?.entries.indexOf(entry) ?? -1;
    if (!shared || position < 0) return;
    shared.entries.splice(position, 1);
    if (shared.entries.length === 0) this.#shared.delete(traceId);
  }

  /** Stores the request of a new span if its trace has several: that of its parent, else that of the async context. */
  assign(span: Identified, parent: object | undefined, current: RequestRecord | undefined): void {
    const { traceId } = span.spanContext();
    const trace = this.#sharedTrace(traceId);
    if (!trace) return;
    const around = current?.traceId === traceId ? current : trace.first.record;
    const owner = (parent && this.#bySpan.get(parent)) ?? around;
    if (owner) this.#bySpan.set(span, owner);
  }

  /** The request to which a span belongs, as long as its hit can change. */
  find(span: Identified): RequestRecord | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const isShared = this.#sharedTrace(traceId) !== undefined;
    const alone = isShared ? undefined : this.#alone.get(traceId)?.record;
    const owner = this.findInSharedTrace(span) ?? alone;
    return owner?.closed ? undefined : owner;
  }

  /** The request of a span whose trace has several; `undefined` if the span does not record: then nothing shows which. */
  findInSharedTrace(span: Identified): RequestRecord | undefined {
    const owner = this.#bySpan.get(span);
    if (owner || !('attributes' in span)) return owner;
    return this.#sharedTrace(span.spanContext().traceId)?.first.record;
  }

  #setAside(record: RequestRecord | undefined): void {
    if (record?.span) this.#bySpan.set(record.span, record);
  }

  /** Usually there are none: looking up the map would hash every ID once more. */
  #sharedTrace(traceId: string): SharedTrace | undefined {
    return this.#shared.size === 0 ? undefined : this.#shared.get(traceId);
  }
}

/** Removes and returns the oldest entry if the map is full. */
function takeOldest<T>(traces: SlotMap<string, T>): T | undefined {
  return traces.size < MAX_TRACES ? undefined : traces.takeOldest();
}

/** Records, oldest first, linked with each other: adding and removing one costs a tenth of what a `Map` takes. */
class RecordList {
  #oldest: RequestRecord | undefined;
  #newest: RequestRecord | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(record: RequestRecord): void {
    const before = this.#newest;
    if (before) before.newer = record;
    else this.#oldest = record;
    record.older = before;
    record.isListed = true;
    this.#newest = record;
    this.#size += 1;
  }

  /** Whether the record was listed. Its links are cut, so that a record that is still in memory keeps no other one there. */
  remove(record: RequestRecord): boolean {
    if (!record.isListed) return false;
    const { older, newer } = record;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    record.older = undefined;
    record.newer = undefined;
    record.isListed = false;
    this.#size -= 1;
    return true;
  }

  takeOldest(): RequestRecord | undefined {
    const record = this.#oldest;
    if (record) this.remove(record);
    return record;
  }
}
