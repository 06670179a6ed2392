import { beginSlice } from '../../common/slices.js';
import { SlotMap } from '../../common/slot-map.js';
import { NEVER, type RequestSpans, WaitingTrace, type Waits } from '../../requests/group-spans.js';
import { hasHitEvent } from '../../requests/hit-events.js';
import { type ReceivedSpan, traceKeyOf } from '../otlp/received-span.js';
import { RecentRequests } from './recent-requests.js';

// Limits of waiting spans. Beyond them, the oldest traces are assembled at once.
const MAX_SPANS = 100_000;
const MAX_BYTES = 64 * 1024 ** 2;
/** The limits that include ready requests are this many times higher. Beyond, requests are passed on at once, not in slices. */
const MAX_EXCESS = 2;

/** How long spans wait for their request, longer than most requests take. */
const REQUEST_MILLIS = 300_000;
const OUTER_GRACES = 15;
const TICK_MILLIS = 100;

type Trace = WaitingTrace<ReceivedSpan>;
type Spans = RequestSpans<ReceivedSpan>;

/** Counters of all accepted spans. At every moment, `received = waiting + used + unused`. */
export interface SpanCounts {
  /** Spans that wait for other spans of their request. */
  readonly waiting: number;
  /** Spans of requests that became hits or were counted as ignored or lost, and other spans that made hits. */
  readonly used: number;
  /** Spans without an HTTP request, too late for their request, of a service that is not selected, or duplicates. */
  readonly unused: number;
}

/**
 * Groups spans, which arrive in any order, by trace, service and parent. Passes on each request some time after its SERVER
 * span has arrived.
 */
export class Assembler {
  readonly #waits: Waits;
  readonly #ready: ReadyRequests;
  readonly #onSpanWithoutRequest: (span: ReceivedSpan) => void;
  /** By ID and service, oldest first. */
  readonly #traces = new SlotMap<string, Trace>();
  readonly #due = new DueTraces();
  /** Requests that were passed on recently, and are not counted again. */
  readonly #done = new RecentRequests();
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #waitingRequests = 0;
  #waitingRequestBytes = 0;
  #bytes = 0;
  /** The ready part of the waiting spans. */
  #readySpans = 0;
  #readyBytes = 0;
  #used = 0;
  #unused = 0;

  /** `onSpanWithoutRequest` gets spans without a request that have `matomo.hit` events. */
  constructor(
    graceMillis: number,
    onRequest: (request: Spans) => void,
    onSpanWithoutRequest: (span: ReceivedSpan) => void = () => undefined,
  ) {
    this.#onSpanWithoutRequest = onSpanWithoutRequest;
    this.#waits = {
      graceMillis,
      outerMillis: graceMillis * OUTER_GRACES,
      requestMillis: Math.max(REQUEST_MILLIS, graceMillis),
    };
    this.#ready = new ReadyRequests((request) => {
      this.#countReady(request, -1);
      this.#used += 1 + request.below.length + request.emptySpans;
      onRequest(request);
    });
  }

  /** Number of waiting SERVER spans of requests. */
  get waitingRequests(): number {
    return this.#waitingRequests;
  }

  /** Bytes of these, without the spans below. */
  get waitingRequestBytes(): number {
    return this.#waitingRequestBytes;
  }

  get counts(): SpanCounts {
    return { waiting: this.#waiting, used: this.#used, unused: this.#unused };
  }

  add(spans: readonly ReceivedSpan[]): void {
    const now = nowMillis();
    let last: ReceivedSpan | undefined;
    let trace: Trace | undefined;
    for (const span of spans) {
      // Spans of a trace mostly arrive together.
      if (!trace || span.traceId !== last?.traceId || span.source !== last.source) {
        trace = this.#traceOf(span);
      }
      last = span;
      const isDone = makesHits(span) && this.#done.has(trace.key, span.spanId);
      if (isDone || !trace.add(span, now, this.#waits)) {
        this.#unused += 1;
        if (trace.isEmpty) {
          this.#traces.delete(trace.key);
          trace = undefined;
        }
        continue;
      }
      this.#due.plan(trace);
      this.#count(span, 1);
      if (this.#exceeds(1)) {
        this.#makeRoom(now);
        trace = undefined;
      }
    }
    if (this.#traces.size > 0) this.#timer ??= setInterval(() => this.#tick(), TICK_MILLIS);
  }

  /** Counts spans that are not assembled. */
  countUnused(count: number): void {
    this.#unused += count;
  }

  #traceOf(span: ReceivedSpan): Trace {
    const key = traceKeyOf(span);
    let trace = this.#traces.get(key);
    if (!trace) {
      trace = new WaitingTrace(key);
      this.#traces.add(key, trace);
    }
    return trace;
  }

  /** Passes on all waiting spans. */
  finish(): void {
    const now = nowMillis();
    for (const trace of this.#traces.values()) this.#take(trace, now, true);
    while (this.#ready.passOldest());
    this.#done.clear();
    this.#stopWhenIdle();
  }

  #tick(): void {
    const now = nowMillis();
    for (const trace of this.#due.takeDue(now)) this.#take(trace, now, false);
    this.#ready.passSlice();
    this.#done.expire(now);
    this.#stopWhenIdle();
  }

  #stopWhenIdle(): void {
    if (this.#traces.size > 0 || !this.#ready.isEmpty || !this.#done.isEmpty) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #makeRoom(now: number): void {
    for (const trace of this.#traces.values()) {
      this.#take(trace, now, true);
      if (!this.#exceeds(0.9)) break;
    }
    while (this.#isBehind && this.#ready.passOldest());
  }

  /** Whether waiting spans, except ready ones, exceed this share of the limits. */
  #exceeds(share: number): boolean {
    const spans = this.#waiting - this.#readySpans;
    return spans > MAX_SPANS * share || this.#bytes - this.#readyBytes > MAX_BYTES * share;
  }

  get #isBehind(): boolean {
    return this.#waiting > MAX_SPANS * MAX_EXCESS || this.#bytes > MAX_BYTES * MAX_EXCESS;
  }

  #take(trace: Trace, now: number, all: boolean): void {
    const { requests, unused } = trace.take(now, this.#waits, all);
    if (trace.isEmpty) {
      this.#traces.delete(trace.key);
      this.#due.remove(trace);
    } else this.#due.plan(trace);
    for (const span of unused) {
      this.#count(span, -1);
      if (hasHitEvent(span)) {
        this.#used += 1;
        this.#done.add(trace.key, span.spanId);
        this.#onSpanWithoutRequest(span);
      } else this.#unused += 1;
    }
    for (const request of requests) {
      this.#done.add(trace.key, request.root.spanId);
      for (const span of request.below) {
        if (hasHitEvent(span)) this.#done.add(trace.key, span.spanId);
      }
      this.#countReady(request, 1);
      this.#ready.push(request);
    }
  }

  /** Spans count as waiting until their request is passed on. */
  #countReady({ root, below, emptySpans, emptyBytes }: Spans, sign: 1 | -1): void {
    let bytes = root.bytes + emptyBytes;
    for (const span of below) bytes += span.bytes;
    this.#readySpans += sign * (1 + below.length + emptySpans);
    this.#readyBytes += sign * bytes;
    if (sign > 0) return;
    this.#waiting -= emptySpans;
    this.#bytes -= emptyBytes;
    this.#count(root, -1);
    for (const span of below) this.#count(span, -1);
  }

  #count({ bytes, isRequest }: ReceivedSpan, sign: 1 | -1): void {
    this.#waiting += sign;
    this.#bytes += sign * bytes;
    if (!isRequest) return;
    this.#waitingRequests += sign;
    this.#waitingRequestBytes += sign * bytes;
  }
}

/** Whether a span makes hits, which a duplicate of it must not do again. */
function makesHits(span: ReceivedSpan): boolean {
  return span.isRequest || hasHitEvent(span);
}

/** The monotonic time as an integer: each span stores it, and V8 stores fractions as separate objects. */
function nowMillis(): number {
  return Math.floor(performance.now());
}

/** Traces by the tick in which they are due, so that traces that are not due cost nothing. */
class DueTraces {
  readonly #ofTick = new Map<number, Set<Trace>>();

  /** Plans the tick of a trace, and replaces an earlier plan. */
  plan(trace: Trace): void {
    const tick = Math.ceil(trace.dueMillis / TICK_MILLIS);
    if (tick === trace.plannedTick) return;
    this.remove(trace);
    const ofTick = this.#ofTick.get(tick);
    if (ofTick) ofTick.add(trace);
    else this.#ofTick.set(tick, new Set([trace]));
    trace.plannedTick = tick;
  }

  remove(trace: Trace): void {
    if (trace.plannedTick === NEVER) return;
    this.#ofTick.get(trace.plannedTick)?.delete(trace);
    trace.plannedTick = NEVER;
  }

  /** Removes and returns the traces that are due. */
  takeDue(nowMillis: number): Trace[] {
    const due: Trace[] = [];
    for (const [tick, traces] of this.#ofTick) {
      if (tick * TICK_MILLIS > nowMillis) continue;
      for (const trace of traces) due.push(trace);
      this.#ofTick.delete(tick);
    }
    for (const trace of due) trace.plannedTick = NEVER;
    return due;
  }
}

/** Requests that no longer wait for spans, oldest first. They are passed on in slices: an export can have tens of thousands. */
class ReadyRequests {
  readonly #pass: (request: Spans) => void;
  #requests: Spans[] = [];
  #passed = 0;
  #next: NodeJS.Immediate | undefined;

  constructor(pass: (request: Spans) => void) {
    this.#pass = pass;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  push(request: Spans): void {
    this.#requests.push(request);
    this.#next ??= setImmediate(() => this.passSlice());
  }

  /** Passes on the oldest request; whether there was one. */
  passOldest(): boolean {
    const request = this.#requests[this.#passed];
    if (!request) return false;
    this.#passed += 1;
    if (this.#passed === this.#requests.length) this.#clear();
    this.#pass(request);
    return true;
  }

  /** Passes on as many requests as a slice has time for, and the others in the next turns of the event loop. */
  passSlice(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    const isOver = beginSlice();
    while (this.passOldest() && !isOver());
    if (!this.isEmpty) this.#next ??= setImmediate(() => this.passSlice());
  }

  #clear(): void {
    this.#requests = [];
    this.#passed = 0;
    clearImmediate(this.#next);
    this.#next = undefined;
  }
}
