import { SlotMap } from '../common/slot-map.js';
import type { CapturedRequest, StoredRecord } from './captured-requests.js';
import { type FinishedSpan, toMillis } from './finished-span.js';
import { RequestRecord } from './request-record.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** Requests per trace that are listed. Those beyond are found by their spans only. */
const MAX_REQUESTS_OF_A_TRACE = 64;
/** More traces than run or are pending at a time. */
const MAX_TRACES = 50_000;

/** A request to which spans can belong, as long as its hit can change: its place in the index, and in the async context. */
export class TracedRequest implements StoredRecord {
  readonly record: RequestRecord;
  readonly traceId: string;
  readonly spanId: string;
  /** The server span, until it has ended. */
  span: object | undefined;
  /** What another processor stored with the same captured request. */
  next: StoredRecord | undefined;
  /** Its slot among the listed requests; -1 if it is not listed. */
  slot = -1;
  readonly #index: TraceIndex;

  constructor(span: FinishedSpan, captured: CapturedRequest | undefined, index: TraceIndex) {
    const { traceId, spanId } = span.spanContext();
    this.record = new RequestRecord(toMillis(span.startTime), captured, this);
    this.traceId = traceId;
    this.spanId = spanId;
    this.span = span;
    this.#index = index;
  }

  get processor(): object {
    return this.#index;
  }

  get closed(): boolean {
    return this.record.closed;
  }

  remove(): void {
    this.#index.remove(this);
  }
}

/** A request in the maps: held weakly if nothing but its span announces its end. */
class Entry {
  readonly spanId: string;
  #strong: TracedRequest | undefined;
  #weak: WeakRef<TracedRequest> | undefined;

  constructor(traced: TracedRequest) {
    this.spanId = traced.spanId;
    this.#strong = traced;
  }

  get traced(): TracedRequest | undefined {
    return this.#strong ?? this.#weak?.deref();
  }

  weaken(traced: TracedRequest): void {
    this.#strong = undefined;
    this.#weak = new WeakRef(traced);
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
export class TraceIndex {
  readonly #listed = new RequestList();
  readonly #alone = new SlotMap<string, Entry>();
  readonly #shared = new SlotMap<string, SharedTrace>();
  /** Requests by span: all spans of shared traces, and server spans of requests beyond the limits or held weakly. */
  readonly #bySpan = new WeakMap<object, TracedRequest>();
  readonly #collected = new FinalizationRegistry<{ traceId: string; entry: Entry }>(
    ({ traceId, entry }) => this.#removeEntry(traceId, entry),
  );

  /** Whether any trace has or had several requests, so that `assign` must be called. */
  get hasSharedTraces(): boolean {
    return this.#shared.size > 0;
  }

  /** Adds a request; `isFirst`: its span has no parent, so no other request has its trace ID. */
  add(traced: TracedRequest, isFirst = false): void {
    if (this.#listed.size >= MAX_TRACES || !isFirst) this.#indexListed();
    if (!traced.record.captured) this.#addWeakly(traced);
    else if (isFirst) this.#listed.add(traced);
    else this.#addToMaps(traced);
  }

  /** From now on, nothing but its span and its async context hold a request in memory: the span may never end. */
  weaken(traced: TracedRequest): void {
    if (this.#listed.remove(traced)) this.#addWeakly(traced);
    else this.#weaken(traced, this.#entryOf(traced));
  }

  #addWeakly(traced: TracedRequest): void {
    this.#weaken(traced, this.#addToMaps(traced));
  }

  #weaken(traced: TracedRequest, entry: Entry | undefined): void {
    this.#setAside(traced);
    if (!entry) return;
    entry.weaken(traced);
    this.#collected.register(traced, { traceId: traced.traceId, entry });
  }

  #indexListed(): void {
    this.#listed.takeAll((traced) => this.#addToMaps(traced));
  }

  /** The entry of a request; `undefined` if its trace has too many. */
  #addToMaps(traced: TracedRequest): Entry | undefined {
    const { traceId } = traced;
    const shared = this.#sharedTrace(traceId);
    const first = this.#alone.get(traceId);
    const entry = new Entry(traced);
    if (shared) {
      this.#setAside(traced);
      if (shared.entries.length >= MAX_REQUESTS_OF_A_TRACE) return undefined;
      shared.entries.push(entry);
    } else if (first) {
      this.#alone.delete(traceId);
      takeOldest(this.#shared);
      this.#shared.add(traceId, { entries: [first, entry], first });
      this.#setAside(first.traced);
      this.#setAside(traced);
    } else {
      this.#setAside(takeOldest(this.#alone)?.traced);
      this.#alone.add(traceId, entry);
    }
    return entry;
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): TracedRequest | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const alone = this.#alone.get(traceId)?.traced;
    const traced = alone?.span === span ? alone : this.#bySpan.get(span);
    return traced?.span === span ? traced : undefined;
  }

  remove(traced: TracedRequest): void {
    if (this.#listed.remove(traced)) return;
    const entry = this.#entryOf(traced);
    if (entry) this.#removeEntry(traced.traceId, entry);
  }

  /** The request with this SERVER span, as long as its hit can change. */
  findBySpan(context: Pick<TracedRequest, 'traceId' | 'spanId'>): TracedRequest | undefined {
    this.#indexListed();
    const traced = this.#entryOf(context)?.traced;
    return traced?.closed ? undefined : traced;
  }

  #entryOf({ traceId, spanId }: Pick<TracedRequest, 'traceId' | 'spanId'>): Entry | undefined {
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
  assign(span: Identified, parent: object | undefined, current: TracedRequest | undefined): void {
    const { traceId } = span.spanContext();
    const trace = this.#sharedTrace(traceId);
    if (!trace) return;
    const around = current?.traceId === traceId ? current : trace.first.traced;
    const owner = (parent && this.#bySpan.get(parent)) ?? around;
    if (owner) this.#bySpan.set(span, owner);
  }

  /** The request to which a span belongs, as long as its hit can change. */
  find(span: Identified): TracedRequest | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const isShared = this.#sharedTrace(traceId) !== undefined;
    const alone = isShared ? undefined : this.#alone.get(traceId)?.traced;
    const owner = this.findInSharedTrace(span) ?? alone;
    return owner?.closed ? undefined : owner;
  }

  /** The request of a span whose trace has several: its own, or the first one if the span is recorded. Else nothing shows which. */
  findInSharedTrace(span: Identified): TracedRequest | undefined {
    const owner = this.#bySpan.get(span);
    if (owner || !('attributes' in span)) return owner;
    return this.#sharedTrace(span.spanContext().traceId)?.first.traced;
  }

  #setAside(traced: TracedRequest | undefined): void {
    if (traced?.span) this.#bySpan.set(traced.span, traced);
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

/** Requests in slots: adding and removing one costs a tenth of what a `Map` takes. */
class RequestList {
  #slots: (TracedRequest | undefined)[] = [];
  #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(traced: TracedRequest): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = traced;
    traced.slot = slot;
    this.#size += 1;
  }

  /** Whether the request was listed. */
  remove(traced: TracedRequest): boolean {
    if (traced.slot < 0) return false;
    this.#slots[traced.slot] = undefined;
    this.#free.push(traced.slot);
    traced.slot = -1;
    this.#size -= 1;
    return true;
  }

  /** Calls `take` with all requests, which are no longer listed. */
  takeAll(take: (traced: TracedRequest) => void): void {
    if (this.#size === 0) return;
    const slots = this.#slots;
    this.#slots = [];
    this.#free = [];
    this.#size = 0;
    for (const traced of slots) {
      if (!traced) continue;
      traced.slot = -1;
      take(traced);
    }
  }
}
