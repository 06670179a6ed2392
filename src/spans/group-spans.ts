import {
  CLIENT_SPAN,
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
} from '../request/finished-span.js';
import { linkedRequestOf } from '../request/operations.js';

/** A finished span with its position in a trace. */
export interface PlacedSpan<S extends FinishedSpan = FinishedSpan> {
  readonly span: S;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether the parent is in another process; `undefined` with older SDKs. */
  readonly isParentRemote: boolean | undefined;
  readonly isRequest: boolean;
}

export function placeSpan<S extends FinishedSpan>(span: S): PlacedSpan<S> {
  const { traceId, spanId } = span.spanContext();
  const linked = linkedRequestOf(span);
  return {
    span,
    traceId: linked?.traceId ?? traceId,
    spanId,
    parentSpanId: linked?.spanId ?? parentSpanIdOf(span),
    isParentRemote: linked ? false : span.parentSpanContext?.isRemote,
    isRequest: span.kind === SERVER_SPAN && methodOf(span.attributes) !== undefined,
  };
}

/** Whether the parent of a span is in the same process. With older SDKs, the kind of the span decides. */
export function hasLocalParent({ span, parentSpanId, isParentRemote }: PlacedSpan): boolean {
  if (parentSpanId === undefined || isParentRemote !== undefined) return isParentRemote === false;
  return span.kind !== SERVER_SPAN && span.kind !== CONSUMER_SPAN;
}

/** The spans of one request. */
export interface SpanGroup<S extends FinishedSpan = FinishedSpan> {
  /** The SERVER span of the outermost request in its process. */
  readonly root: PlacedSpan<S>;
  readonly below: PlacedSpan<S>[];
  /** Whether an ancestor in the same process is missing. It may be an outer request. */
  readonly isAncestorMissing: boolean;
}

/** A span without a request. */
export interface LeftSpan<S extends FinishedSpan = FinishedSpan> {
  readonly placed: PlacedSpan<S>;
  /** Whether an ancestor in the same process is missing. It may be the request of the span. */
  readonly isAncestorMissing: boolean;
}

interface Position<S extends FinishedSpan> {
  readonly group: SpanGroup<S> | undefined;
  readonly isAncestorMissing: boolean;
}

/**
 * Finds the request of each span of one trace and process: the outermost request around the span. Spans may have any order. A duplicate counts once.
 *
 *     SERVER (request) <── INTERNAL <── SERVER (nested: part of the same request)
 *                      <── CLIENT   <── SERVER (a separate request of this service to itself)
 */
export function groupSpans<S extends FinishedSpan>(
  spans: readonly PlacedSpan<S>[],
): { readonly groups: readonly SpanGroup<S>[]; readonly left: readonly LeftSpan<S>[] } {
  const byId = new Map<string, PlacedSpan<S>>();
  for (const each of spans) if (!byId.has(each.spanId)) byId.set(each.spanId, each);
  const positions = new Map<PlacedSpan<S>, Position<S>>();
  const groups: SpanGroup<S>[] = [];
  const left: LeftSpan<S>[] = [];

  function parentOf(each: PlacedSpan<S>): PlacedSpan<S> | undefined {
    if (each.parentSpanId === undefined || each.isParentRemote) return undefined;
    const parent = byId.get(each.parentSpanId);
    // A SERVER span below a CLIENT span is of a request over the network.
    const isCalled = each.span.kind === SERVER_SPAN && parent?.span.kind === CLIENT_SPAN;
    return isCalled ? undefined : parent;
  }

  /** Finds the positions of a span and all of its ancestors together, so that a long chain takes linear time. */
  function find(start: PlacedSpan<S>): Position<S> {
    const chain: PlacedSpan<S>[] = [];
    let next: PlacedSpan<S> | undefined = start;
    for (; next && !positions.has(next); next = parentOf(next)) {
      positions.set(next, NO_POSITION); // so that a cycle ends
      chain.push(next);
    }
    let found = next && positions.get(next);
    const top = chain.at(-1);
    found ??= { group: undefined, isAncestorMissing: top !== undefined && isParentMissing(top) };
    for (const each of chain.reverse()) {
      if (each.isRequest && !found.group) {
        const { isAncestorMissing } = found;
        const group: SpanGroup<S> = { root: each, below: [], isAncestorMissing };
        groups.push(group);
        found = { ...found, group };
      }
      positions.set(each, found);
    }
    return found;
  }

  function isParentMissing(each: PlacedSpan<S>): boolean {
    return hasLocalParent(each) && !byId.has(each.parentSpanId ?? '');
  }

  for (const each of spans) {
    if (byId.get(each.spanId) !== each) continue;
    const { group, isAncestorMissing } = positions.get(each) ?? find(each);
    if (!group) left.push({ placed: each, isAncestorMissing });
    else if (group.root !== each) group.below.push(each);
  }
  return { groups, left };
}

const NO_POSITION = { group: undefined, isAncestorMissing: false };
