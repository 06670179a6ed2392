import { SERVER } from '../requests/finished-span.js';
import type { Place, ReceivedSpan } from './received-span.js';

const CLIENT = 2; // SpanKind.CLIENT
const CONSUMER = 4; // SpanKind.CONSUMER

/** So many spans are looked through faster than they are put into a map. */
const FEW_SPANS = 8;
const SPANS_A_MILLI = 50;

/** A request that is complete as far as spans have come, and the spans below it. */
export interface RequestSpans {
  readonly root: ReceivedSpan;
  readonly below: readonly ReceivedSpan[];
}

/** How long spans wait for others. */
export interface Waits {
  /** For spans below a request that has come. */
  readonly graceMillis: number;
  /** For the request around a request, whose SERVER span ends later. */
  readonly outerMillis: number;
  /** For the request around other spans. */
  readonly requestMillis: number;
}

/** Spans of one request, or of none: then apart from those whose request may yet come. */
interface Group extends Place {
  newestMillis: number;
  readonly spans: ReceivedSpan[];
}

const NOWHERE: Place = { request: undefined, isTorn: false };
const TORN: Place = { request: undefined, isTorn: true };

/**
 * The spans of one trace and one service that wait to be put together. They come in any order:
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: of the same request)
 *                      <── CLIENT   <── SERVER (a request of its own, of this service to itself)
 */
export class WaitingTrace {
  #spans: ReceivedSpan[] = [];
  /** Only where there are many. */
  #byId: Map<string, ReceivedSpan> | undefined;
  /** When something of it may have waited long enough. */
  dueMillis: number = Number.POSITIVE_INFINITY;

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  /** Takes a span, unless it has come before. */
  add(span: ReceivedSpan, nowMillis: number, { graceMillis }: Waits): boolean {
    if (this.#find(span.spanId)) return false;
    span.arrivedMillis = nowMillis;
    this.#spans.push(span);
    this.#byId?.set(span.spanId, span);
    if (!this.#byId && this.#spans.length > FEW_SPANS) this.#index();
    this.dueMillis = Math.min(this.dueMillis, nowMillis + graceMillis);
    return true;
  }

  /**
   * Lets go of what has waited long enough, or of everything: requests with the spans below, and spans that are of no
   * request.
   */
  take(
    nowMillis: number,
    waits: Waits,
    all: boolean,
  ): { requests: RequestSpans[]; unused: ReceivedSpan[] } {
    const requests: RequestSpans[] = [];
    const unused: ReceivedSpan[][] = [];
    const kept: Group[] = [];
    this.dueMillis = Number.POSITIVE_INFINITY;
    for (const group of this.#groups()) {
      const { request, spans } = group;
      const due = dueOf(group, waits);
      if (!all && due > nowMillis) {
        this.dueMillis = Math.min(this.dueMillis, due);
        kept.push(group);
      } else if (request) {
        requests.push({ root: request, below: spans.filter((span) => span !== request) });
      } else unused.push(spans);
    }
    this.#spans = kept.flatMap(({ spans }) => spans);
    this.#byId = undefined;
    if (this.#spans.length > FEW_SPANS) this.#index();
    // To look at many spans takes its time, and more of them come.
    this.dueMillis = Math.max(this.dueMillis, nowMillis + this.#spans.length / SPANS_A_MILLI);
    return { requests, unused: unused.flat() };
  }

  #find(spanId: string): ReceivedSpan | undefined {
    if (this.#byId) return this.#byId.get(spanId);
    for (const span of this.#spans) if (span.spanId === spanId) return span;
    return undefined;
  }

  #index(): void {
    this.#byId = new Map();
    for (const span of this.#spans) this.#byId.set(span.spanId, span);
  }

  #groups(): Iterable<Group> {
    for (const span of this.#spans) span.place = undefined;
    const groups = new Map<unknown, Group>();
    let group: Group | undefined;
    for (const span of this.#spans) {
      const { request, isTorn } = this.#placeOf(span);
      // Mostly it is the one of the span before.
      if (!group || group.request !== request || group.isTorn !== isTorn) {
        group = groups.get(request ?? isTorn);
      }
      if (!group) {
        group = { request, isTorn, newestMillis: 0, spans: [] };
        groups.set(request ?? isTorn, group);
      }
      group.spans.push(span);
      group.newestMillis = Math.max(group.newestMillis, span.arrivedMillis);
    }
    return groups.values();
  }

  /** Goes up once for all spans on the way, so that a long chain costs no more than its length. */
  #placeOf(span: ReceivedSpan): Place {
    const way: ReceivedSpan[] = [];
    let current: ReceivedSpan | undefined = span;
    // Longer than there are spans: a circle.
    while (current && !current.place && way.length < this.#spans.length) {
      way.push(current);
      current = this.#localParent(current);
    }
    const top = way.at(-1);
    let place = current?.place ?? (top && this.#isTorn(top) ? TORN : NOWHERE);
    for (let i = way.length - 1; i >= 0; i--) {
      const below = way[i] as ReceivedSpan;
      if (!place.request && below.isRequest) place = { request: below, isTorn: place.isTorn };
      below.place = place;
    }
    return place;
  }

  /** What a CLIENT span is the parent of is another request, also to this very service. */
  #localParent(span: ReceivedSpan): ReceivedSpan | undefined {
    const { parentSpanContext: context } = span;
    if (context === undefined || context.isRemote) return undefined;
    const parent = this.#find(context.spanId);
    return parent && span.kind === SERVER && parent.kind === CLIENT ? undefined : parent;
  }

  /** Whether the parent of a span is of the same process and has not come. Older SDKs do not say of which it is. */
  #isTorn({ kind, parentSpanContext: context }: ReceivedSpan): boolean {
    if (context === undefined || this.#find(context.spanId)) return false;
    if (context.isRemote !== undefined) return !context.isRemote;
    return kind !== SERVER && kind !== CONSUMER;
  }
}

function dueOf({ request, isTorn, newestMillis }: Group, waits: Waits): number {
  if (request) {
    return request.arrivedMillis + (isTorn ? waits.outerMillis : waits.graceMillis);
  }
  return newestMillis + (isTorn ? waits.requestMillis : waits.graceMillis);
}
