import { SERVER } from '../requests/finished-span.js';
import type { ReceivedSpan } from './received-span.js';

const CLIENT = 2; // SpanKind.CLIENT
const CONSUMER = 4; // SpanKind.CONSUMER

const SPANS_A_MILLI = 50;

/** A request that is complete as far as spans have come, and the spans below it. */
export interface RequestSpans {
  readonly root: ReceivedSpan;
  readonly below: readonly ReceivedSpan[];
}

/** Where a span hangs, as far as its ancestors have come. */
interface Place {
  /** The outermost request around it in its process, or itself. */
  readonly request: ReceivedSpan | undefined;
  /** An ancestor in its process has not come. */
  readonly isTorn: boolean;
}

interface Arrived {
  readonly span: ReceivedSpan;
  readonly atMillis: number;
  readonly bytes: number;
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

/**
 * The spans of one trace and one service that wait to be put together. They come in any order:
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: of the same request)
 *                      <── CLIENT   <── SERVER (a request of its own, of this service to itself)
 */
export class WaitingTrace {
  readonly #spans = new Map<string, Arrived>();
  bytes = 0;
  requests = 0;
  /** When something of it may have waited long enough. */
  dueMillis: number = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#spans.size;
  }

  /** Takes a span, unless it has come before. */
  add(span: ReceivedSpan, nowMillis: number, { graceMillis }: Waits): boolean {
    if (this.#spans.has(span.spanId)) return false;
    const { bytes } = span;
    this.#spans.set(span.spanId, { span, atMillis: nowMillis, bytes });
    this.bytes += bytes;
    if (span.isRequest) this.requests += 1;
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
  ): { requests: RequestSpans[]; unused: number } {
    const groups = this.#groups();
    const requests: RequestSpans[] = [];
    let unused = 0;
    this.dueMillis = Number.POSITIVE_INFINITY;
    for (const { root, isTorn, newestMillis, rootMillis, spans } of groups) {
      const due = root
        ? rootMillis + (isTorn ? waits.outerMillis : waits.graceMillis)
        : newestMillis + (isTorn ? waits.requestMillis : waits.graceMillis);
      if (!all && due > nowMillis) {
        this.dueMillis = Math.min(this.dueMillis, due);
        continue;
      }
      for (const arrived of spans) this.#remove(arrived);
      if (root) requests.push({ root, below: belowOf(spans, root) });
      else unused += spans.length;
    }
    // To look at many spans takes its time, and more of them come.
    this.dueMillis = Math.max(this.dueMillis, nowMillis + this.size / SPANS_A_MILLI);
    return { requests, unused };
  }

  #remove({ span, bytes }: Arrived): void {
    this.#spans.delete(span.spanId);
    this.bytes -= bytes;
    if (span.isRequest) this.requests -= 1;
  }

  /** Spans by their request; those without one together, apart from those whose request may yet come. */
  #groups(): Iterable<Group> {
    const places = new Map<ReceivedSpan, Place>();
    const groups = new Map<unknown, Group>();
    for (const arrived of this.#spans.values()) {
      const { request, isTorn } = this.#placeOf(arrived.span, places);
      const key = request ?? isTorn;
      let group = groups.get(key);
      if (!group) {
        const rootMillis = (request && this.#spans.get(request.spanId)?.atMillis) ?? 0;
        group = { root: request, isTorn, newestMillis: 0, rootMillis, spans: [] };
        groups.set(key, group);
      }
      group.spans.push(arrived);
      group.newestMillis = Math.max(group.newestMillis, arrived.atMillis);
    }
    return groups.values();
  }

  /** Goes up once for all spans on the way, so that a long chain costs no more than its length. */
  #placeOf(span: ReceivedSpan, places: Map<ReceivedSpan, Place>): Place {
    const way: ReceivedSpan[] = [];
    const seen = new Set<ReceivedSpan>();
    let current: ReceivedSpan | undefined = span;
    let place: Place | undefined;
    while (current && !seen.has(current)) {
      place = places.get(current);
      if (place) break;
      way.push(current);
      seen.add(current);
      current = this.#localParent(current);
    }
    const top = way.at(-1);
    place ??= { request: undefined, isTorn: top !== undefined && this.#isTorn(top) };
    for (const below of way.reverse()) {
      if (place.request === undefined && below.isRequest) place = { ...place, request: below };
      places.set(below, place);
    }
    return place;
  }

  /** What a CLIENT span is the parent of is another request, also to this very service. */
  #localParent(span: ReceivedSpan): ReceivedSpan | undefined {
    const { parentSpanContext: context } = span;
    if (context === undefined || context.isRemote) return undefined;
    const parent = this.#spans.get(context.spanId)?.span;
    return parent && span.kind === SERVER && parent.kind === CLIENT ? undefined : parent;
  }

  /** Whether the parent of a span is of the same process and has not come. Older SDKs do not say of which it is. */
  #isTorn({ kind, parentSpanContext: context }: ReceivedSpan): boolean {
    if (context === undefined || this.#spans.has(context.spanId)) return false;
    return context.isRemote === undefined
      ? kind !== SERVER && kind !== CONSUMER
      : !context.isRemote;
  }
}

interface Group {
  readonly root: ReceivedSpan | undefined;
  readonly isTorn: boolean;
  newestMillis: number;
  readonly rootMillis: number;
  readonly spans: Arrived[];
}

/** Spans that say nothing are needed only to find the way. */
function belowOf(spans: readonly Arrived[], root: ReceivedSpan): ReceivedSpan[] {
  return spans.map(({ span }) => span).filter((span) => span !== root);
}
