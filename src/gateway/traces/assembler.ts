import { hasHitEvent, MAX_ADDITIONAL_HITS } from '../../request/matomo-attributes.js';
import {
  groupSpans,
  hasLocalParent,
  type LeftSpan,
  type PlacedSpan,
  placeSpan,
  type SpanGroup,
} from '../../spans/group-spans.js';
import type { ReceivedSpan } from './received-span.js';

/** Limits of waiting spans. Beyond them, the oldest traces are passed on immediately. */
const MAX_SPANS = 100_000;
const MAX_BYTES = 128 * 1024 ** 2;
/** The ratio of bytes in a hit to `bytes` of a span: a character has at most nine bytes in a hit, and spans count with three times their text. */
const MAX_ENCODED = 3;
/** The time that spans wait for their request. Most requests take less time. */
const REQUEST_MILLIS = 300_000;
/** A nested request waits this many times longer, because the SERVER span of the outer request ends later. */
const OUTER_GRACES = 15;
const TICK_MILLIS = 100;
/** A tick blocks the event loop for at most this long, unless one trace takes longer. */
const SLICE_MILLIS = 20;
/** Grouping uses at most a tenth of the time, so large traces are grouped less often. */
const REST_FACTOR = 10;

/** The spans of one trace and one service. */
interface Trace {
  readonly key: string;
  spans: PlacedSpan<ReceivedSpan>[];
  /** The time at which the first request of the trace has waited long enough. */
  dueMillis: number;
  /** Whether hits of the trace wait for room. */
  isBlocked: boolean;
}

/** Counters of all accepted spans. At every moment, `received = waiting + used + unused`. */
export interface SpanCounts {
  /** Spans that wait for other spans of their request. */
  readonly waiting: number;
  /** Spans of requests that became hits or were counted as ignored or lost, and other spans from which hits were built. */
  readonly used: number;
  /** Spans without an HTTP request, too late for their request, or duplicates. */
  readonly unused: number;
}

/** Receives requests and spans that have waited long enough. */
export interface AssemblerSink {
  addRequest(group: SpanGroup<ReceivedSpan>): void;
  /** Handles the events of a span. Returns whether they became hits. */
  addEvents(left: LeftSpan<ReceivedSpan>): boolean;
  /** Whether there is room for this many hits and bytes. Without room, the spans keep waiting. */
  hasRoom(hits: number, bytes: number): boolean;
}

/**
 * Collects spans, which arrive in any order, by trace and service. A request is passed on a certain time after its SERVER span has arrived, as
 * soon as there is room, even if its trace continues.
 */
export class Assembler {
  readonly #graceMillis: number;
  readonly #requestMillis: number;
  readonly #sink: AssemblerSink;
  /** Traces by their key, the oldest first. */
  readonly #traces = new Map<string, Trace>();
  /** The traces of spans that become hits, by the random ID of the span. A sender that gets no response sends an export again. */
  #recent = new Map<string, string>();
  #older = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #isBlocked = false;
  #isFinishing = false;
  #bytes = 0;
  #waiting = 0;
  #used = 0;
  #unused = 0;
  #waitingRequests = 0;

  constructor(graceMillis: number, sink: AssemblerSink) {
    this.#graceMillis = graceMillis;
    this.#requestMillis = Math.max(REQUEST_MILLIS, graceMillis);
    this.#sink = sink;
  }

  /** The number of waiting SERVER spans of requests. */
  get waitingRequests(): number {
    return this.#waitingRequests;
  }

  /** Whether hits wait for room in the sink. */
  get isBlocked(): boolean {
    return this.#isBlocked || this.#exceeds;
  }

  get #exceeds(): boolean {
    return this.#waiting > MAX_SPANS || this.#bytes > MAX_BYTES;
  }

  get counts(): SpanCounts {
    return { waiting: this.#waiting, used: this.#used, unused: this.#unused };
  }

  add(spans: readonly ReceivedSpan[]): void {
    let last: PlacedSpan<ReceivedSpan> | undefined;
    let trace: Trace | undefined;
    for (const span of spans) {
      const placed = placeSpan(span);
      if (this.#isRepeated(placed)) {
        this.#unused += 1;
        continue;
      }
      // Spans of a trace mostly arrive one after the other.
      const isSame = placed.traceId === last?.traceId && span.resource === last.span.resource;
      trace = isSame && trace ? trace : this.#traceOf(placed);
      last = placed;
      this.#add(placed, trace);
    }
    if (this.#exceeds) this.#makeRoom();
    if (this.#traces.size > 0) this.#timer ??= setTimeout(() => this.pass(), TICK_MILLIS);
  }

  #traceOf({ span, traceId }: PlacedSpan<ReceivedSpan>): Trace {
    const key = `${traceId}/${span.resource.service}`;
    const known = this.#traces.get(key);
    if (known) return known;
    const dueMillis = span.arrivalMillis + this.#requestMillis;
    const trace = { key, spans: [], dueMillis, isBlocked: false };
    this.#traces.set(key, trace);
    return trace;
  }

  #add(placed: PlacedSpan<ReceivedSpan>, trace: Trace): void {
    const { span, isRequest } = placed;
    trace.spans.push(placed);
    if (isRequest || !hasLocalParent(placed))
      trace.dueMillis = Math.min(trace.dueMillis, span.arrivalMillis + this.#graceMillis);
    this.#count([placed], 1);
  }

  /** Whether a span that becomes a hit is a duplicate of one of the latest spans, at least 100,000. */
  #isRepeated({ span, traceId, spanId, isRequest }: PlacedSpan<ReceivedSpan>): boolean {
    if (!isRequest && !hasHitEvent(span)) return false;
    const known = this.#recent.get(spanId) ?? this.#older.get(spanId);
    if (known === traceId) return true;
    if (this.#recent.size >= MAX_SPANS) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(spanId, traceId);
    return false;
  }

  /** Passes on due requests as far as there is room and time, and sets a timer for the others. */
  pass(): void {
    clearTimeout(this.#timer);
    const restMillis = this.#passSlice() ? 0 : TICK_MILLIS;
    this.#timer = this.#traces.size > 0 ? setTimeout(() => this.pass(), restMillis) : undefined;
  }

  /** Passes on due requests until a slice of time has passed. Returns whether it has. */
  #passSlice(): boolean {
    const beginMillis = performance.now();
    const now = this.#isFinishing ? Number.POSITIVE_INFINITY : beginMillis;
    this.#isBlocked = false;
    for (const trace of this.#traces.values()) {
      const isDue = trace.dueMillis <= now;
      if (isDue) this.#take(trace, now);
      this.#isBlocked ||= trace.isBlocked;
      if (this.#isBlocked) return false;
      if (isDue && performance.now() >= beginMillis + SLICE_MILLIS) return true;
    }
    return false;
  }

  /** Ends all waits: from now on, all spans are passed on as soon as there is room. */
  finish(): void {
    this.#isFinishing = true;
    this.pass();
  }

  /** Passes on all spans, even without room. */
  passAll(): void {
    for (const trace of this.#traces.values())
      this.#take(trace, Number.POSITIVE_INFINITY, () => true);
    this.pass();
  }

  #makeRoom(): void {
    for (const trace of this.#traces.values()) {
      this.#take(trace, Number.POSITIVE_INFINITY);
      this.#isBlocked ||= trace.isBlocked;
      if (this.#isBlocked || !this.#exceeds) return;
    }
  }

  /** Passes on the due requests of a trace. The other spans stay, in the order of their arrival. */
  #take(trace: Trace, now: number, hasRoom = this.#sink.hasRoom): void {
    const beginMillis = performance.now();
    const before = trace.spans;
    const { groups, left } = groupSpans(before);
    const staying: PlacedSpan<ReceivedSpan>[] = [];
    trace.dueMillis = Number.POSITIVE_INFINITY;
    trace.isBlocked = false;
    let used = 0;

    const isPassed = (dueMillis: number, spans: readonly PlacedSpan<ReceivedSpan>[]): boolean => {
      const isDue = dueMillis <= now;
      if (isDue && this.#fits(spans, hasRoom)) return true;
      trace.dueMillis = Math.min(trace.dueMillis, dueMillis);
      trace.isBlocked ||= isDue;
      for (const span of spans) staying.push(span); // a call cannot have so many arguments
      return false;
    };

    for (const group of groups) {
      const { root, below, isAncestorMissing } = group;
      const graces = isAncestorMissing ? OUTER_GRACES : 1;
      const spans = [root, ...below];
      if (!isPassed(root.span.arrivalMillis + graces * this.#graceMillis, spans)) continue;
      this.#sink.addRequest(group);
      used += spans.length;
    }
    for (const one of left) {
      const { placed, isAncestorMissing } = one;
      const millis = isAncestorMissing ? this.#requestMillis : this.#graceMillis;
      if (!isPassed(placed.span.arrivalMillis + millis, [placed])) continue;
      if (this.#sink.addEvents(one)) used += 1;
    }
    const restMillis = REST_FACTOR * (performance.now() - beginMillis);
    trace.dueMillis = Math.max(trace.dueMillis, beginMillis + restMillis);
    trace.spans = staying;
    if (staying.length === 0) this.#traces.delete(trace.key);
    this.#count(before, -1);
    this.#count(staying, 1);
    this.#used += used;
    this.#unused += before.length - staying.length - used;
  }

  #fits(
    spans: readonly PlacedSpan<ReceivedSpan>[],
    hasRoom: (hits: number, bytes: number) => boolean,
  ): boolean {
    let hits = 0;
    let bytes = 0;
    for (const { span, isRequest } of spans) {
      hits += Number(isRequest) + (hasHitEvent(span) ? span.events.length : 0);
      bytes += span.bytes;
    }
    return hits === 0 || hasRoom(Math.min(hits, 1 + MAX_ADDITIONAL_HITS), bytes * MAX_ENCODED);
  }

  #count(spans: readonly PlacedSpan<ReceivedSpan>[], sign: 1 | -1): void {
    for (const { span, isRequest } of spans) {
      this.#waiting += sign;
      this.#waitingRequests += sign * Number(isRequest);
      this.#bytes += sign * span.bytes;
    }
  }
}
