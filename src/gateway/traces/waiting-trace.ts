import { CONSUMER_SPAN, isOtherRequest, SERVER_SPAN } from '../../requests/finished-span.js';
import type { ReceivedSpan, SpanGroup } from '../otlp/received-span.js';

/** Up to this many spans, a search is faster than a map. */
const FEW_SPANS = 8;
const SPANS_A_MILLI = 50;
/** A time that is not set: V8 stores other numbers than small integers as separate objects. */
export const NEVER = -1;

/** The server span of a request, and the spans below it that have arrived. */
export interface RequestSpans {
  readonly root: ReceivedSpan;
  /** Without connectors: they add nothing to a request, and are only counted. */
  readonly below: readonly ReceivedSpan[];
  readonly connectors: number;
  readonly connectorBytes: number;
}

/** How long spans wait for others. */
export interface Waits {
  /** How long a request waits for the spans below it. */
  readonly graceMillis: number;
  /** How long a nested request waits for the outer one, whose SERVER span ends later. */
  readonly outerMillis: number;
  /** How long other spans wait for their request. */
  readonly requestMillis: number;
}

/** The key of a trace: the trace ID and the service of its spans. */
export function traceKeyOf({ traceId, source }: ReceivedSpan): string {
  return `${traceId}/${source.service}`;
}

/**
 * The spans of one trace and one service that wait to be assembled. They arrive in any order:
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: of the same request)
 *                      <── CLIENT   <── SERVER (a request of its own, of this service to itself)
 */
export class WaitingTrace {
  readonly key: string;
  // A list by `newer`: the array for a few spans would take more memory.
  #oldest: ReceivedSpan | undefined = undefined;
  #newest: ReceivedSpan | undefined = undefined;
  #size = 0;
  /** Only if there are many spans. */
  #byId: Map<string, ReceivedSpan> | undefined;
  /** When the first of its spans have waited long enough. */
  dueMillis: number = NEVER;
  /** The tick in which it is due, `NEVER` if none is planned. */
  plannedTick: number = NEVER;

  constructor(key: string) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Adds a span, unless it is a duplicate. */
  add(span: ReceivedSpan, nowMillis: number, { graceMillis }: Waits): boolean {
    if (this.#find(span.spanId)) return false;
    span.arrivedMillis = nowMillis;
    span.group = undefined;
    this.#append(span);
    this.#planFor(nowMillis + graceMillis);
    return true;
  }

  #append(span: ReceivedSpan): void {
    span.newer = undefined;
    if (this.#newest) this.#newest.newer = span;
    else this.#oldest = span;
    this.#newest = span;
    this.#size += 1;
    if (this.#byId) this.#byId.set(span.spanId, span);
    else if (this.#size > FEW_SPANS) this.#index();
  }

  #planFor(millis: number): void {
    this.dueMillis = this.dueMillis === NEVER ? millis : Math.min(this.dueMillis, millis);
  }

  /** Removes what has waited long enough, or everything: requests with the spans below, and spans without a request. */
  take(
    nowMillis: number,
    waits: Waits,
    all: boolean,
  ): { requests: RequestSpans[]; unused: ReceivedSpan[] } {
    const requests: RequestSpans[] = [];
    const unused: ReceivedSpan[] = [];
    this.dueMillis = NEVER;
    for (const group of this.#groups()) {
      const { request: root, below, connectors, connectorBytes } = group;
      const due = dueOf(group, waits);
      group.isKept = !all && due > nowMillis;
      if (group.isKept) this.#planFor(due);
      else if (root) requests.push({ root, below, connectors, connectorBytes });
    }
    let span = this.#oldest;
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#byId = undefined;
    this.#size = 0;
    while (span) {
      const { group, newer }: ReceivedSpan = span;
      // Cut, so that a request that is pending keeps nothing else in memory.
      span.group = undefined;
      span.newer = undefined;
      if (group?.isKept) this.#append(span);
      else if (!group?.request) {
        span.isTorn = group?.isTorn ?? false;
        unused.push(span);
      }
      span = newer;
    }
    // Grouping many spans is slow, so traces of many spans are due less often.
    this.dueMillis = Math.max(this.dueMillis, nowMillis + Math.ceil(this.#size / SPANS_A_MILLI));
    return { requests, unused };
  }

  #find(spanId: string): ReceivedSpan | undefined {
    if (this.#byId) return this.#byId.get(spanId);
    let span = this.#oldest;
    while (span && span.spanId !== spanId) span = span.newer;
    return span;
  }

  #index(): void {
    this.#byId = new Map();
    for (let span = this.#oldest; span; span = span.newer) this.#byId.set(span.spanId, span);
  }

  #groups(): readonly SpanGroup[] {
    const groups = [emptyGroup(undefined, false), emptyGroup(undefined, true)];
    for (let span = this.#oldest; span; span = span.newer) {
      const group: SpanGroup = span.group ?? this.#place(span, groups);
      if (span.isConnector) {
        group.connectors += 1;
        group.connectorBytes += span.bytes;
      } else if (span !== group.request) {
        if (group.below.length === 0) group.below = [span];
        else group.below.push(span);
      }
      group.newestMillis = Math.max(group.newestMillis, span.arrivedMillis);
    }
    return groups;
  }

  /** Finds the group of a span and of all its ancestors at once, so that a long chain takes linear time. */
  #place(span: ReceivedSpan, groups: SpanGroup[]): SpanGroup {
    let parent = this.#localParent(span);
    if (parent?.group) return placeIn(parent.group, span, groups);
    if (!parent) return placeIn(groups[this.#isTorn(span) ? 1 : 0] as SpanGroup, span, groups);
    const chain = [span];
    span.group = BEING_PLACED;
    while (parent && !parent.group) {
      chain.push(parent);
      parent.group = BEING_PLACED;
      parent = this.#localParent(parent);
    }
    const top = chain[chain.length - 1] as ReceivedSpan;
    // If the parent is being placed too, the chain is a cycle.
    let group =
      parent?.group && parent.group !== BEING_PLACED
        ? parent.group
        : (groups[this.#isTorn(top) ? 1 : 0] as SpanGroup);
    for (let i = chain.length - 1; i >= 0; i--)
      group = placeIn(group, chain[i] as ReceivedSpan, groups);
    return group;
  }

  /** The parent of a span in the same request, if it has arrived. */
  #localParent(span: ReceivedSpan): ReceivedSpan | undefined {
    if (span.parentSpanId === undefined || span.isParentRemote) return undefined;
    const parent = this.#find(span.parentSpanId);
    return parent && isOtherRequest(span.kind, parent.kind) ? undefined : parent;
  }

  /** Whether the parent of a span is in the same process and has not arrived. For older SDKs it depends on the kind. */
  #isTorn({ kind, parentSpanId, isParentRemote }: ReceivedSpan): boolean {
    if (parentSpanId === undefined || this.#find(parentSpanId)) return false;
    if (isParentRemote !== undefined) return !isParentRemote;
    return kind !== SERVER_SPAN && kind !== CONSUMER_SPAN;
  }
}

/** Shared, because most requests have only connectors below them. */
const NO_SPANS = Object.freeze<ReceivedSpan[]>([]) as ReceivedSpan[];

/** Marks spans whose group is being searched. */
const BEING_PLACED: SpanGroup = emptyGroup(undefined, false);

/** Adds a span to a group. A request that is not nested begins its own group. */
function placeIn(around: SpanGroup, span: ReceivedSpan, groups: SpanGroup[]): SpanGroup {
  let group = around;
  if (!group.request && span.isRequest) {
    group = emptyGroup(span, group.isTorn);
    groups.push(group);
  }
  span.group = group;
  return group;
}

function emptyGroup(request: ReceivedSpan | undefined, isTorn: boolean): SpanGroup {
  return {
    request,
    isTorn,
    newestMillis: 0,
    below: NO_SPANS,
    connectors: 0,
    connectorBytes: 0,
    isKept: false,
  };
}

function dueOf({ request, isTorn, newestMillis }: SpanGroup, waits: Waits): number {
  if (request) {
    return request.arrivedMillis + (isTorn ? waits.outerMillis : waits.graceMillis);
  }
  return newestMillis + (isTorn ? waits.requestMillis : waits.graceMillis);
}
