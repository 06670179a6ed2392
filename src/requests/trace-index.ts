import { SlotMap } from '../common/slot-map.js';
import type { Request } from './request.js';

/** The part of a span that is used here. */
type Identified = object & { spanContext(): { readonly traceId: string } };

/** Requests per trace that are listed. Those beyond are found by their spans only. */
const MAX_REQUESTS_OF_A_TRACE = 64;
/** More traces than run or are pending at a time. */
const MAX_TRACES = 50_000;

/** A request in the maps: held weakly if nothing but its span announces its end. */
class Entry {
  readonly spanId: string;
  #strong: Request | undefined;
  #weak: WeakRef<Request> | undefined;

  constructor(request: Request) {
    this.spanId = request.spanId;
    this.#strong = request;
  }

  get request(): Request | undefined {
    return this.#strong ?? this.#weak?.deref();
  }

  weaken(request: Request): void {
    this.#strong = undefined;
    this.#weak = new WeakRef(request);
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
  readonly #bySpan = new WeakMap<object, Request>();
  readonly #collected = new FinalizationRegistry<{ traceId: string; entry: Entry }>(
    ({ traceId, entry }) => this.#removeEntry(traceId, entry),
  );

  /** Whether any trace has or had several requests, so that `assign` must be called. */
  get hasSharedTraces(): boolean {
    return this.#shared.size > 0;
  }

  /** Adds a request; `isFirst`: its span has no parent, so no other request has its trace ID. */
  add(request: Request, isFirst = false): void {
    if (this.#listed.size >= MAX_TRACES || !isFirst) this.#indexListed();
    if (!request.captured) this.#addWeakly(request);
    else if (isFirst) this.#listed.add(request);
    else this.#addToMaps(request);
  }

  /** From now on, nothing but its span and its async context hold a request in memory: the span may never end. */
  weaken(request: Request): void {
    if (this.#listed.remove(request)) this.#addWeakly(request);
    else this.#weaken(request, this.#entryOf(request));
  }

  #addWeakly(request: Request): void {
    this.#weaken(request, this.#addToMaps(request));
  }

  #weaken(request: Request, entry: Entry | undefined): void {
    this.#setAside(request);
    if (!entry) return;
    entry.weaken(request);
    this.#collected.register(request, { traceId: request.traceId, entry });
  }

  #indexListed(): void {
    this.#listed.takeAll((request) => this.#addToMaps(request));
  }

  /** The entry of a request; `undefined` if its trace has too many. */
  #addToMaps(request: Request): Entry | undefined {
    const { traceId } = request;
    const shared = this.#sharedTrace(traceId);
    const first = this.#alone.get(traceId);
    const entry = new Entry(request);
    if (shared) {
      this.#setAside(request);
      if (shared.entries.length >= MAX_REQUESTS_OF_A_TRACE) return undefined;
      shared.entries.push(entry);
    } else if (first) {
      this.#alone.delete(traceId);
      takeOldest(this.#shared);
      this.#shared.add(traceId, { entries: [first, entry], first });
      this.#setAside(first.request);
      this.#setAside(request);
    } else {
      this.#setAside(takeOldest(this.#alone)?.request);
      this.#alone.add(traceId, entry);
    }
    return entry;
  }

  /** The request of a server span that has not ended. */
  root(span: Identified): Request | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const alone = this.#alone.get(traceId)?.request;
    const request = alone?.isOf(span) ? alone : this.#bySpan.get(span);
    return request?.isOf(span) ? request : undefined;
  }

  remove(request: Request): void {
    if (this.#listed.remove(request)) return;
    const entry = this.#entryOf(request);
    if (entry) this.#removeEntry(request.traceId, entry);
  }

  /** The request with this SERVER span, as long as its hit can change. */
  findBySpan(context: Pick<Request, 'traceId' | 'spanId'>): Request | undefined {
    this.#indexListed();
    const request = this.#entryOf(context)?.request;
    return request?.closed ? undefined : request;
  }

  #entryOf({ traceId, spanId }: Pick<Request, 'traceId' | 'spanId'>): Entry | undefined {
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
  assign(span: Identified, parent: object | undefined, current: Request | undefined): void {
    const { traceId } = span.spanContext();
    const trace = this.#sharedTrace(traceId);
    if (!trace) return;
    const around = current?.traceId === traceId ? current : trace.first.request;
    const owner = (parent && this.#bySpan.get(parent)) ?? around;
    if (owner) this.#bySpan.set(span, owner);
  }

  /** The request to which a span belongs, as long as its hit can change. */
  find(span: Identified): Request | undefined {
    this.#indexListed();
    const { traceId } = span.spanContext();
    const isShared = this.#sharedTrace(traceId) !== undefined;
    const alone = isShared ? undefined : this.#alone.get(traceId)?.request;
    const owner = this.findInSharedTrace(span) ?? alone;
    return owner?.closed ? undefined : owner;
  }

  /** The request of a span whose trace has several: its own, or the first one if the span is recorded. Else nothing shows which. */
  findInSharedTrace(span: Identified): Request | undefined {
    const owner = this.#bySpan.get(span);
    if (owner || !('attributes' in span)) return owner;
    return this.#sharedTrace(span.spanContext().traceId)?.first.request;
  }

  #setAside(request: Request | undefined): void {
    if (request?.source) this.#bySpan.set(request.source, request);
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
  #slots: (Request | undefined)[] = [];
  #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(request: Request): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = request;
    request.slot = slot;
    this.#size += 1;
  }

  /** Whether the request was listed. */
  remove(request: Request): boolean {
    if (request.slot < 0) return false;
    this.#slots[request.slot] = undefined;
    this.#free.push(request.slot);
    request.slot = -1;
    this.#size -= 1;
    return true;
  }

  /** Calls `take` with all requests, which are no longer listed. */
  takeAll(take: (request: Request) => void): void {
    if (this.#size === 0) return;
    const slots = this.#slots;
    this.#slots = [];
    this.#free = [];
    this.#size = 0;
    for (const request of slots) {
      if (!request) continue;
      request.slot = -1;
      take(request);
    }
  }
}
