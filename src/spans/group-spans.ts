import { CLIENT_SPAN, CONSUMER_SPAN, SERVER_SPAN } from '../request/finished-span.js';

/** Up to this many spans, a search is faster than a map. */
const FEW_SPANS = 8;
/** A time that is not set: V8 stores other numbers than small integers as separate objects. */
const NEVER = -1;

/** Shared, because most requests have only empty spans below them. */
const NO_SPANS = Object.freeze<never[]>([]) as never[];

/** A span that waits for others of its request. */
export interface WaitingSpan<S> {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether the parent is in another process; `undefined` for older SDKs. */
  readonly isParentRemote: boolean | undefined;
  readonly kind: number;
  /** Whether this is the server side of an HTTP request. */
  readonly isRequest: boolean;
  /** Whether nothing of it is used, except its place between others. */
  readonly isEmpty: boolean;
  /** Its memory, roughly. */
  readonly bytes: number;
  /** When it arrived. */
  arrivedMillis: number;
  /** Set only while the spans of its trace are grouped. */
  group: SpanGroup<S> | undefined;
  /** Whether it was left without a request because an ancestor in its process is missing: that may be its request. */
  isAncestorMissing: boolean;
}

/**
 * Spans of one request, or spans without a request. Those whose request may still arrive are a separate group. A class for the reason
 * that `HitText` has.
 */
class SpanGroup<S> {
  /** The server span of the outermost request in their process. */
  readonly root: S | undefined;
  /** Whether an ancestor in their process has not arrived. */
  readonly isAncestorMissing: boolean;
  newestMillis = 0;
  /** All spans except the root and empty ones: those add nothing to a request, and are only counted. */
  below: S[] = NO_SPANS;
  /** The number of all spans, and their bytes. */
  spans = 0;
  bytes = 0;
  /** Whether its spans stay, because they must wait longer. */
  isKept = false;

  constructor(root: S | undefined, isAncestorMissing: boolean) {
    this.root = root;
    this.isAncestorMissing = isAncestorMissing;
  }
}

/** The spans of a request that have arrived. */
export type RequestSpans<S> = SpanGroup<S> & { readonly root: S };

/** When a group has waited long enough for further spans. */
export type DueOf<S> = (group: SpanGroup<S>) => number;

/**
 * The spans of one trace and one service that wait to be assembled. They arrive in any order:
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: of the same request)
 *                      <── CLIENT   <── SERVER (a request of its own, of this service to itself)
 */
export class WaitingTrace<S extends WaitingSpan<S>> {
  readonly key: string;
  #spans: S[] = NO_SPANS;
  /** Only of many spans: a map for each request takes more time and memory than the spans. */
  #byId: Map<string, S> | undefined;
  /** When the first of its spans have waited long enough. */
  dueMillis: number = NEVER;

  constructor(key: string) {
    this.key = key;
  }

  /** The number of its spans. */
  get size(): number {
    return this.#spans.length;
  }

  /** Adds a span that is due at `dueMillis` or later, unless it is a duplicate. */
  add(span: S, nowMillis: number, dueMillis: number): boolean {
    if (this.#find(span.spanId)) return false;
    span.arrivedMillis = nowMillis;
    span.group = undefined;
    this.#spans = appended(this.#spans, span);
    this.#byId?.set(span.spanId, span);
    this.#planFor(dueMillis);
    return true;
  }

  #find(spanId: string): S | undefined {
    if (this.#spans.length > FEW_SPANS) {
      this.#byId ??= new Map(this.#spans.map((span) => [span.spanId, span]));
      return this.#byId.get(spanId);
    }
    for (const span of this.#spans) if (span.spanId === spanId) return span;
    return undefined;
  }

  #planFor(millis: number): void {
    this.dueMillis = this.dueMillis === NEVER ? millis : Math.min(this.dueMillis, millis);
  }

  /** Removes what is due: requests with the spans below, and spans without a request. */
  take(nowMillis: number, dueOf: DueOf<S>): { requests: RequestSpans<S>[]; unused: S[] } {
    let requests: RequestSpans<S>[] = NO_SPANS;
    const unused: S[] = [];
    this.dueMillis = NEVER;
    for (const group of this.#groups()) {
      const due = dueOf(group);
      group.isKept = due > nowMillis;
      if (group.isKept) this.#planFor(due);
      else if (group.root) requests = appended(requests, group as RequestSpans<S>);
    }
    const spans = this.#spans;
    this.#spans = NO_SPANS;
    this.#byId = undefined;
    for (const span of spans) {
      const { group }: WaitingSpan<S> = span;
      span.group = undefined; // so that a request that is pending keeps nothing else in memory
      if (group?.isKept) this.#spans = appended(this.#spans, span);
      if (group?.isKept || group?.root) continue;
      span.isAncestorMissing = group?.isAncestorMissing ?? false;
      unused.push(span);
    }
    return { requests, unused };
  }

  #groups(): readonly SpanGroup<S>[] {
    let groups: SpanGroup<S>[] = NO_SPANS;
    const others: SpanGroup<S>[] = []; // of spans without a request, at most two
    const chain: S[] = []; // one for all spans
    function groupOf(root: S | undefined, isAncestorMissing: boolean): SpanGroup<S> {
      const known = others.find((group) => group.isAncestorMissing === isAncestorMissing);
      if (known && !root) return known;
      const group = new SpanGroup(root, isAncestorMissing);
      groups = appended(groups, group);
      if (!root) others.push(group);
      return group;
    }
    for (const span of this.#spans) {
      const group: SpanGroup<S> = span.group ?? this.#place(span, chain, groupOf);
      group.spans += 1;
      group.bytes += span.bytes;
      if (!span.isEmpty && span !== group.root) group.below = appended(group.below, span);
      group.newestMillis = Math.max(group.newestMillis, span.arrivedMillis);
    }
    return groups;
  }

  /**
   * Finds the group of a span and of all its ancestors at once, so that a long chain takes linear time: up to an ancestor that has a
   * group, or to the top, and then down. A request inside of another one is nested, and of the same group: `#outerOf` of
   * `contexts.ts` has that rule for spans that are not finished.
   */
  #place(
    span: S,
    chain: S[],
    groupOf: (root: S | undefined, isAncestorMissing: boolean) => SpanGroup<S>,
  ): SpanGroup<S> {
    let length = 0;
    let next: S | undefined = span;
    for (; next && !next.group; next = this.#localParent(next)) {
      next.group = BEING_PLACED;
      chain[length++] = next;
    }
    // If the next one is being placed too, the ancestors are a cycle.
    let group = next?.group === BEING_PLACED ? undefined : next?.group;
    const isAncestorMissing =
      group?.isAncestorMissing ?? this.#hasMissingParent(chain[length - 1] as S);
    while (length > 0) {
      const each = chain[--length] as S;
      if (each.isRequest && !group?.root) group = groupOf(each, isAncestorMissing);
      group ??= groupOf(undefined, isAncestorMissing);
      each.group = group;
    }
    return span.group as SpanGroup<S>;
  }

  /** The parent of a span in the same request, if it has arrived. A SERVER span below a CLIENT span came over the network. */
  #localParent(span: S): S | undefined {
    if (span.parentSpanId === undefined || span.isParentRemote) return undefined;
    const parent = this.#find(span.parentSpanId);
    return span.kind === SERVER_SPAN && parent?.kind === CLIENT_SPAN ? undefined : parent;
  }

  /** Whether the parent of a span is in the same process and missing. For older SDKs it depends on the kind. */
  #hasMissingParent({ kind, parentSpanId, isParentRemote }: S): boolean {
    if (parentSpanId === undefined || this.#find(parentSpanId)) return false;
    if (isParentRemote !== undefined) return !isParentRemote;
    return kind !== SERVER_SPAN && kind !== CONSUMER_SPAN;
  }
}

/** Nothing waits. */
export const dueNow = (): number => 0;

/** Groups spans of which no more come, in any order. `keyOf`: spans with different keys never belong to the same request. */
export function groupSpans<S extends WaitingSpan<S>>(
  spans: Iterable<S>,
  keyOf: (span: S) => string,
): { requests: RequestSpans<S>[]; unused: S[] } {
  const traces = new Map<string, WaitingTrace<S>>();
  for (const span of spans) {
    const key = keyOf(span);
    const trace = traces.get(key) ?? new WaitingTrace<S>(key);
    traces.set(key, trace);
    trace.add(span, 0, 0);
  }
  const groups = { requests: [] as RequestSpans<S>[], unused: [] as S[] };
  for (const trace of traces.values()) {
    const { requests, unused } = trace.take(0, dueNow);
    for (const request of requests) groups.requests.push(request);
    for (const span of unused) groups.unused.push(span);
  }
  return groups;
}

/** The list with one more span. When `push` exceeds a list, V8 makes one for 17 more, and most requests have few spans. */
function appended<S>(spans: S[], span: S): S[] {
  const count = spans.length;
  if (count >= FEW_SPANS) {
    spans.push(span);
    return spans;
  }
  const longer = new Array<S>(count + 1);
  for (let i = 0; i < count; i++) longer[i] = spans[i] as S;
  longer[count] = span;
  return longer;
}

/** Marks spans whose group is being searched. */
const BEING_PLACED = new SpanGroup<never>(undefined, false);
