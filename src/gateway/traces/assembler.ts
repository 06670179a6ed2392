import { beginSlice } from '../../common/slices.js';
import { hasHitEvent } from '../../request/matomo-attributes.js';
import { type DueOf, dueNow, type RequestSpans, WaitingTrace } from '../../spans/group-spans.js';
import { type ReceivedSpan, traceKeyOf } from '../otlp/received-span.js';
import { RecentSpans } from './recent-spans.js';

// What happens with too many spans: beyond these limits of waiting spans, the oldest traces are assembled at once.
const MAX_SPANS = 100_000;
const MAX_BYTES = 64 * 1024 ** 2;
/** The limits that include ready requests are this many times higher. Beyond, requests are passed on at once, not in slices. */
const MAX_EXCESS = 2;
/** What a character of a span takes in a hit at most: three bytes of UTF-8, encoded. */
const MAX_ENCODED = 9;
/** How long spans wait for their request, longer than most requests take. */
const REQUEST_MILLIS = 300_000;
/** How many times longer a nested request waits for the outer one, whose SERVER span ends later. */
const OUTER_GRACES = 15;
/** Grouping many spans is slow, so traces of many spans are due less often. */
const SPANS_A_MILLI = 50;
/** How often due traces are looked for among all. With 95,000 traces, that takes 1.5 % of a core. */
const TICK_MILLIS = 100;

type Trace = WaitingTrace<ReceivedSpan>;
/** A request, or a span without a request that has `matomo.hit` events. */
export type Hitmaker = Pick<RequestSpans<ReceivedSpan>, 'root' | 'below' | 'spans' | 'bytes'>;

/** Counters of all accepted spans. At every moment, `received = waiting + used + unused`. */
export interface SpanCounts {
  /** Spans that wait for other spans of their request. */
  readonly waiting: number;
  /** Spans of requests that became hits or were counted as ignored or lost, and other spans that made hits. */
  readonly used: number;
  /** Spans without an HTTP request, too late for their request, of a service that is not selected, or duplicates. */
  readonly unused: number;
}

/** Takes what is assembled. */
export interface AssemblerSink {
  pass(made: Hitmaker): void;
  /** Whether there is room for hits with so many bytes. If not, they wait. */
  hasRoom(hits: number, bytes: number): boolean;
  /** A span is of no request. */
  onUnused(span: ReceivedSpan): void;
}

/**
 * Groups spans, which arrive in any order, by trace, service and parent. Passes on each request some time after its SERVER
 * span has arrived, and other spans that make hits, as soon as there is room.
 * If too many spans wait, `#makeRoom` assembles the oldest traces early.
 */
export class Assembler {
  readonly #graceMillis: number;
  readonly #dueOf: DueOf<ReceivedSpan>;
  readonly #sink: AssemblerSink;
  /** By ID and service, the older ones first. */
  readonly #traces = new Map<string, Trace>();
  /** Spans that make hits. */
  readonly #recent = new RecentSpans();
  /** What no longer waits for spans, oldest first. It is passed on in slices: an export can have tens of thousands of requests. */
  #ready: Hitmaker[] = [];
  #passed = 0;
  #nextSlice: NodeJS.Immediate | undefined;
  #isBlocked = false;
  #timer: NodeJS.Timeout | undefined;
  /** Spans that wait for others, and their bytes. */
  #spans = 0;
  #bytes = 0;
  /** Those of what is ready. */
  #readySpans = 0;
  #readyBytes = 0;
  /** SERVER spans of requests among all of these. */
  #waitingRequests = 0;
  #used = 0;
  #unused = 0;

  constructor(graceMillis: number, sink: AssemblerSink) {
    this.#sink = sink;
    this.#graceMillis = graceMillis;
    this.#dueOf = createDueOf(graceMillis);
  }

  /** Number of waiting SERVER spans of requests. */
  get waitingRequests(): number {
    return this.#waitingRequests;
  }

  /** Whether the last slice has left hits that the sink had no room for. It stays so until a slice passes on the oldest. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get counts(): SpanCounts {
    return { waiting: this.#spans + this.#readySpans, used: this.#used, unused: this.#unused };
  }

  add(spans: readonly ReceivedSpan[]): void {
    const now = nowMillis();
    const dueMillis = now + this.#graceMillis;
    let last: ReceivedSpan | undefined;
    let trace: Trace | undefined;
    for (const span of spans) {
      // Spans of a trace mostly arrive together: to look up each takes 2 % of the time of a span.
      if (!trace || span.traceId !== last?.traceId || span.resource !== last.resource) {
        trace = this.#traceOf(span);
      }
      last = span;
      const isKnown = makesHits(span) && this.#recent.add(trace.key, span.spanId);
      if (isKnown || !trace.add(span, now, dueMillis)) {
        this.#unused += 1;
        if (trace.size === 0) {
          this.#traces.delete(trace.key);
          trace = undefined;
        }
        continue;
      }
      this.#spans += 1;
      this.#bytes += span.bytes;
      this.#countRequest(span, 1);
      const standIn = span.createStandIn(); // not counted
      if (standIn) this.#traceOf(standIn).add(standIn, now, dueMillis);
      if (this.#exceeds(1)) {
        this.#makeRoom(now);
        trace = undefined;
      }
    }
    if (this.#traces.size > 0) this.#timer ??= setInterval(() => this.#tick(), TICK_MILLIS);
  }

  #traceOf(span: ReceivedSpan): Trace {
    const key = traceKeyOf(span);
    const trace = this.#traces.get(key) ?? new WaitingTrace<ReceivedSpan>(key);
    if (trace.size === 0) this.#traces.set(key, trace);
    return trace;
  }

  /** Counts spans that are not assembled. */
  countUnused(count: number): void {
    this.#unused += count;
  }

  /** Ends all waits: every request is passed on as soon as there is room. */
  finish(): void {
    const now = nowMillis();
    for (const trace of this.#traces.values()) this.#take(trace, now, dueNow);
    this.passSlice(() => false);
    this.#stopWhenIdle();
  }

  /** Passes on all that is ready, whether or not there is room. */
  passAll(): void {
    while (this.#passOldest());
    this.#stopWhenIdle();
  }

  #tick(): void {
    const now = nowMillis();
    for (const trace of this.#traces.values()) {
      if (trace.dueMillis <= now) this.#take(trace, now, this.#dueOf);
    }
    this.passSlice();
    this.#stopWhenIdle();
  }

  #stopWhenIdle(): void {
    if (this.#traces.size > 0 || this.#ready.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #makeRoom(now: number): void {
    for (const trace of this.#traces.values()) {
      this.#take(trace, now, dueNow);
      // One by one would take five times as long: a map passes all deleted entries to find its first one.
      if (!this.#exceeds(0.9)) break;
    }
    const isBehind =
      this.#spans + this.#readySpans > MAX_SPANS * MAX_EXCESS ||
      this.#bytes + this.#readyBytes > MAX_BYTES * MAX_EXCESS;
    if (isBehind) this.passSlice(() => false);
  }

  /** Whether spans that wait for others exceed this share of the limits. */
  #exceeds(share: number): boolean {
    return this.#spans > MAX_SPANS * share || this.#bytes > MAX_BYTES * share;
  }

  #take(trace: Trace, now: number, dueOf: DueOf<ReceivedSpan>): void {
    const { requests, unused } = trace.take(now, dueOf);
    const hasStandIn = unused.some(({ isStandIn }) => isStandIn);
    for (const span of unused) {
      if (span.isStandIn) continue;
      this.#sink.onUnused(span);
      // The request is in another trace, and may have been left out.
      if (hasStandIn) span.isAncestorMissing = true;
      if (hasHitEvent(span)) {
        this.#addReady(withoutRequest(span));
        continue;
      }
      this.#spans -= 1;
      this.#bytes -= span.bytes;
      this.#unused += 1;
    }
    for (const request of requests) this.#addReady(request);
    if (trace.size === 0) this.#traces.delete(trace.key);
    else trace.dueMillis = Math.max(trace.dueMillis, now + pauseOf(trace));
  }

  #addReady(made: Hitmaker): void {
    this.#spans -= made.spans;
    this.#bytes -= made.bytes;
    this.#readySpans += made.spans;
    this.#readyBytes += made.bytes;
    this.#ready.push(made);
    this.#passSoon();
  }

  #passSoon(): void {
    this.#nextSlice ??= setImmediate(() => this.passSlice());
  }

  /** Passes on as much as there are room and time for, and the rest in the next turns of the event loop. */
  passSlice(isOver = beginSlice()): void {
    clearImmediate(this.#nextSlice);
    this.#nextSlice = undefined;
    for (;;) {
      const made = this.#ready[this.#passed];
      this.#isBlocked = made !== undefined && !this.#hasRoom(made);
      if (!made || this.#isBlocked) return; // the timer tries again
      this.#passOldest();
      if (!isOver()) continue;
      this.#passSoon();
      return;
    }
  }

  #hasRoom(made: Hitmaker): boolean {
    let { bytes } = made.root;
    for (const span of made.below) if (span.events.length > 0) bytes += span.bytes;
    return this.#sink.hasRoom(countHits(made), bytes * MAX_ENCODED);
  }

  /** Passes on what has been ready longest; whether there was anything. */
  #passOldest(): boolean {
    const made = this.#ready[this.#passed];
    if (!made) return false;
    this.#passed += 1;
    if (2 * this.#passed >= this.#ready.length) {
      this.#ready = this.#ready.slice(this.#passed);
      this.#passed = 0;
    }
    this.#readySpans -= made.spans;
    this.#readyBytes -= made.bytes;
    this.#countRequest(made.root, -1);
    for (const span of made.below) this.#countRequest(span, -1);
    this.#used += made.spans;
    this.#sink.pass(made);
    return true;
  }

  #countRequest({ isRequest }: ReceivedSpan, sign: 1 | -1): void {
    if (isRequest) this.#waitingRequests += sign;
  }
}

/**
 * When spans have waited long enough: a request for the spans below it (`graceMillis`, or longer for the request around it), other spans
 * for their request.
 */
function createDueOf(graceMillis: number): DueOf<ReceivedSpan> {
  const requestMillis = Math.max(REQUEST_MILLIS, graceMillis);
  return ({ root, isAncestorMissing, newestMillis }) => {
    if (!isAncestorMissing) return (root?.arrivedMillis ?? newestMillis) + graceMillis;
    return root ? root.arrivedMillis + graceMillis * OUTER_GRACES : newestMillis + requestMillis;
  };
}

/** How long a trace rests after some of its spans were taken. */
function pauseOf({ size }: { readonly size: number }): number {
  return Math.ceil(size / SPANS_A_MILLI);
}

/** The number of hits, unless options ignore some. */
function countHits({ root, below }: Hitmaker): number {
  const hits = Number(root.isRequest) + root.events.length;
  return below.reduce((sum, span) => sum + span.events.length, hits);
}

/** A span that makes hits without a request. */
function withoutRequest(root: ReceivedSpan): Hitmaker {
  return { root, below: [], spans: 1, bytes: root.bytes };
}

/** Whether a span makes hits, which a duplicate of it must not do again. */
function makesHits(span: ReceivedSpan): boolean {
  return span.isRequest || hasHitEvent(span);
}

/** The monotonic time as an integer: each span stores it, and V8 stores fractions as separate objects. */
function nowMillis(): number {
  return Math.floor(performance.now());
}
