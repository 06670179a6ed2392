import { SlotMap } from '../../common/slot-map.js';
import type { ReceivedSpan } from '../otlp/received-span.js';
import { DueTraces, TICK_MILLIS } from './due-traces.js';
import { ReadyRequests } from './ready-requests.js';
import { RecentRequests } from './recent-requests.js';
import { type RequestSpans, traceKeyOf, WaitingTrace, type Waits } from './waiting-trace.js';

// What waits is bounded by these: beyond, the traces that have waited longest do not wait on.
const MAX_SPANS = 100_000;
const MAX_BYTES = 64 * 1024 ** 2;
/** So many times that includes requests that are ready. Beyond, they leave at once and not in slices. */
const MAX_EXCESS = 2;

/** Waits of spans whose request has not come: as long as most requests take. */
const REQUEST_MILLIS = 300_000;
const OUTER_GRACES = 15;

/** What has become of the spans that were taken, at any moment: `received = waiting + used + unused`. */
export interface SpanCounts {
  /** Wait for others of their request. */
  readonly waiting: number;
  /** Of requests that have gone on to be hits or to be counted as ignored or lost. */
  readonly used: number;
  /** Of no HTTP request, of one that had gone on before they came, of a service that does not count, or came twice. */
  readonly unused: number;
}

/**
 * Puts spans of any order together by trace, service and parent, and gives each request away when its SERVER span has
 * come and others have had time to.
 */
export class Assembler {
  readonly #waits: Waits;
  readonly #ready: ReadyRequests;
  /** By ID and service, oldest first. */
  readonly #traces = new SlotMap<string, WaitingTrace>();
  readonly #due = new DueTraces();
  /** These are not counted again. */
  readonly #done = new RecentRequests();
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #waitingRequests = 0;
  #waitingRequestBytes = 0;
  #bytes = 0;
  /** What is ready of that. */
  #readySpans = 0;
  #readyBytes = 0;
  #used = 0;
  #unused = 0;

  constructor(graceMillis: number, onRequest: (request: RequestSpans) => void) {
    this.#waits = {
      graceMillis,
      outerMillis: graceMillis * OUTER_GRACES,
      requestMillis: Math.max(REQUEST_MILLIS, graceMillis),
    };
    this.#ready = new ReadyRequests((request) => {
      this.#countReady(request, -1);
      this.#used += 1 + request.below.length;
      onRequest(request);
    });
  }

  /** SERVER spans of requests that wait. */
  get waitingRequests(): number {
    return this.#waitingRequests;
  }

  /** What they take, without the spans below. */
  get waitingRequestBytes(): number {
    return this.#waitingRequestBytes;
  }

  get counts(): SpanCounts {
    return { waiting: this.#waiting, used: this.#used, unused: this.#unused };
  }

  add(spans: readonly ReceivedSpan[]): void {
    const now = nowMillis();
    let last: { span: ReceivedSpan; trace: WaitingTrace } | undefined;
    for (const span of spans) {
      // Mostly spans of a trace come together.
      const isOfLast = span.traceId === last?.span.traceId && span.source === last.span.source;
      const trace = isOfLast && last ? last.trace : this.#traceOf(span);
      last = { span, trace };
      const isDone = span.isRequest && this.#done.has(trace.key, span.spanId);
      if (isDone || !trace.add(span, now, this.#waits)) {
        this.#unused += 1;
        if (trace.isEmpty) {
          this.#traces.delete(trace.key);
          last = undefined;
        }
        continue;
      }
      this.#due.plan(trace);
      this.#count(span, 1);
      if (this.#exceeds(1)) {
        this.#makeRoom(now);
        last = undefined;
      }
    }
    if (this.#traces.size > 0) this.#timer ??= setInterval(() => this.#tick(), TICK_MILLIS);
  }

  /** Counts spans that are not to be put together. */
  countUnused(count: number): void {
    this.#unused += count;
  }

  #traceOf(span: ReceivedSpan): WaitingTrace {
    const key = traceKeyOf(span);
    let trace = this.#traces.get(key);
    if (!trace) {
      trace = new WaitingTrace(key);
      this.#traces.add(key, trace);
    }
    return trace;
  }

  /** Gives away everything that waits. */
  finish(): void {
    const now = nowMillis();
    for (const trace of this.#traces.values()) this.#take(trace, now, true);
    while (this.#ready.giveOldest());
    this.#done.clear();
    this.#stopWhenIdle();
  }

  #tick(): void {
    const now = nowMillis();
    for (const trace of this.#due.takeDue(now)) this.#take(trace, now, false);
    this.#ready.giveSlice();
    this.#done.forget(now);
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
    while (this.#isBehind && this.#ready.giveOldest());
  }

  /** Whether what waits for spans takes more than this share of its bounds. */
  #exceeds(share: number): boolean {
    const spans = this.#waiting - this.#readySpans;
    return spans > MAX_SPANS * share || this.#bytes - this.#readyBytes > MAX_BYTES * share;
  }

  get #isBehind(): boolean {
    return this.#waiting > MAX_SPANS * MAX_EXCESS || this.#bytes > MAX_BYTES * MAX_EXCESS;
  }

  #take(trace: WaitingTrace, now: number, all: boolean): void {
    const { requests, unused } = trace.take(now, this.#waits, all);
    if (trace.isEmpty) {
      this.#traces.delete(trace.key);
      this.#due.remove(trace);
    } else this.#due.plan(trace);
    for (const span of unused) this.#count(span, -1);
    this.#unused += unused.length;
    for (const request of requests) {
      this.#done.add(trace.key, request.root.spanId, now);
      this.#countReady(request, 1);
      this.#ready.push(request);
    }
  }

  /** Spans wait until their request is given away. */
  #countReady({ root, below }: RequestSpans, sign: 1 | -1): void {
    let { bytes } = root;
    for (const span of below) bytes += span.bytes;
    this.#readySpans += sign * (1 + below.length);
    this.#readyBytes += sign * bytes;
    if (sign > 0) return;
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

/** Of a clock that nobody sets; whole, because each span keeps it, and V8 keeps a fraction in an object of its own. */
function nowMillis(): number {
  return Math.floor(performance.now());
}
