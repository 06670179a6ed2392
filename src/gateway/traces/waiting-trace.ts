import { CONSUMER_SPAN, isOtherRequest, SERVER_SPAN } from '../../requests/span-kind.js';
import type { ReceivedSpan, SpanGroup } from '../otlp/received-span.js';

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

/** What the spans have in common that wait together. */
export function traceKeyOf({ traceId, source }: ReceivedSpan): string {
  return `${traceId}/${source.service}`;
}

/**
 * The spans of one trace and one service that wait to be put together. They come in any order:
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: of the same request)
 *                      <── CLIENT   <── SERVER (a request of its own, of this service to itself)
 */
export class WaitingTrace {
  readonly key: string;
  #spans: ReceivedSpan[] = [];
  /** Only where there are many. */
  #byId: Map<string, ReceivedSpan> | undefined;
  /** When something of it may have waited long enough. */
  dueMillis: number = Number.POSITIVE_INFINITY;
  /** When it is looked at; not a number: never. */
  plannedTick: number = Number.NaN;

  constructor(key: string) {
    this.key = key;
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  /** Takes a span, unless it has come before. */
  add(span: ReceivedSpan, nowMillis: number, { graceMillis }: Waits): boolean {
    if (this.#find(span.spanId)) return false;
    span.arrivedMillis = nowMillis;
    span.group = undefined;
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
    const unused: ReceivedSpan[] = [];
    const kept: ReceivedSpan[] = [];
    this.dueMillis = Number.POSITIVE_INFINITY;
    for (const group of this.#groups()) {
      const { request: root, below } = group;
      const due = dueOf(group, waits);
      if (!all && due > nowMillis) {
        this.dueMillis = Math.min(this.dueMillis, due);
        if (root) kept.push(root);
        for (const span of below) kept.push(span);
      } else if (root) requests.push({ root, below });
      else for (const span of below) unused.push(span);
    }
    for (const span of kept) span.group = undefined;
    this.#spans = kept;
    this.#byId = undefined;
    if (kept.length > FEW_SPANS) this.#index();
    // To look at many spans takes its time, and more of them come.
    this.dueMillis = Math.max(this.dueMillis, nowMillis + kept.length / SPANS_A_MILLI);
    return { requests, unused };
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

  #groups(): readonly SpanGroup[] {
    const groups = [emptyGroup(undefined, false), emptyGroup(undefined, true)];
    for (const span of this.#spans) {
      const group = span.group ?? this.#place(span, groups);
      if (span !== group.request) group.below.push(span);
      group.newestMillis = Math.max(group.newestMillis, span.arrivedMillis);
    }
    return groups;
  }

  /** Goes up once for all spans on the way, so that a long chain costs no more than its length. */
  #place(span: ReceivedSpan, groups: SpanGroup[]): SpanGroup {
    let parent = this.#localParent(span);
    if (parent?.group) return placeIn(parent.group, span, groups);
    const way = [span];
    span.group = ON_THE_WAY;
    while (parent && !parent.group) {
      way.push(parent);
      parent.group = ON_THE_WAY;
      parent = this.#localParent(parent);
    }
    const top = way[way.length - 1] as ReceivedSpan;
    // A parent that is on the way itself closes a circle, which has no beginning.
    let group =
      parent?.group && parent.group !== ON_THE_WAY
        ? parent.group
        : (groups[this.#isTorn(top) ? 1 : 0] as SpanGroup);
    for (let i = way.length - 1; i >= 0; i--)
      group = placeIn(group, way[i] as ReceivedSpan, groups);
    return group;
  }

  /** The parent of a span in its own request, if it has come. */
  #localParent(span: ReceivedSpan): ReceivedSpan | undefined {
    if (span.parentSpanId === undefined || span.isParentRemote) return undefined;
    const parent = this.#find(span.parentSpanId);
    return parent && isOtherRequest(span.kind, parent.kind) ? undefined : parent;
  }

  /** Whether the parent of a span is of the same process and has not come. Older SDKs do not say of which it is. */
  #isTorn({ kind, parentSpanId, isParentRemote }: ReceivedSpan): boolean {
    if (parentSpanId === undefined || this.#find(parentSpanId)) return false;
    if (isParentRemote !== undefined) return !isParentRemote;
    return kind !== SERVER_SPAN && kind !== CONSUMER_SPAN;
  }
}

/** Marks spans whose group is being looked for. */
const ON_THE_WAY: SpanGroup = emptyGroup(undefined, false);

/** A request that is in none begins a group of its own. */
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
  return { request, isTorn, newestMillis: 0, below: [] };
}

function dueOf({ request, isTorn, newestMillis }: SpanGroup, waits: Waits): number {
  if (request) {
    return request.arrivedMillis + (isTorn ? waits.outerMillis : waits.graceMillis);
  }
  return newestMillis + (isTorn ? waits.requestMillis : waits.graceMillis);
}
