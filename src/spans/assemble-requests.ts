import { type FinishedSpan, mayBeUnreadRequest, toMillis } from '../request/finished-span.js';
import { hasHitEvent, hitsOfEvents } from '../request/matomo-attributes.js';
import { Request } from '../request/request.js';
import type { Tracker } from '../request/tracker.js';
import { addFacts } from './facts.js';
import { groupSpans, type LeftSpan, type PlacedSpan } from './group-spans.js';

/** Receives assembled requests and builds their hits. */
export interface RequestReceiver extends Pick<Tracker, 'reading' | 'addHit'> {
  end(request: Request): void;
  lose(error: unknown): void;
}

/** A request that is known only from finished spans: its SERVER span and the spans below it. */
export interface RequestSpans {
  readonly root: FinishedSpan;
  readonly below: readonly FinishedSpan[];
}

/**
 * Adds the HTTP requests in a list of finished spans, which may have any order, and the events of spans without a request. Returns the spans from
 * which no hit was built.
 */
export function addRequests(
  spans: readonly PlacedSpan[],
  receiver: RequestReceiver,
): readonly LeftSpan[] {
  const traces = new Map<string, PlacedSpan[]>();
  for (const each of spans) {
    const trace = traces.get(each.traceId);
    if (trace) trace.push(each);
    else traces.set(each.traceId, [each]);
  }
  return [...traces.values()].flatMap((trace) => {
    const { groups, left } = groupSpans(trace);
    for (const { root, below } of groups)
      addRequest(() => ({ root: root.span, below: below.map(({ span }) => span) }), receiver);
    return left.filter((one) => !addEvents(one, receiver));
  });
}

/** Adds a request with the annotations of the spans below it. A request that cannot be read counts as lost. */
export function addRequest(read: () => RequestSpans, receiver: RequestReceiver): void {
  try {
    const { root, below } = read();
    const request = Request.ofSpan(root);
    for (const span of inOrderOfEnding(below)) addFacts(request, span, receiver.reading);
    addFacts(request, root, receiver.reading);
    for (const span of [...below, root])
      if (hasHitEvent(span)) for (const hit of hitsOfEvents(span)) receiver.addHit(hit, request);
    receiver.end(request);
  } catch (error) {
    receiver.lose(error);
  }
}

/** Adds the hits of the events of a span without a request. Returns whether there are any. */
export function addEvents(
  { placed: { span }, isAncestorMissing }: LeftSpan,
  receiver: RequestReceiver,
): boolean {
  if (mayBeUnreadRequest(span)) receiver.reading.reportUnreadRequest(span);
  if (!hasHitEvent(span)) return false;
  const hits = hitsOfEvents(span);
  const request = isAncestorMissing ? 'unknown' : undefined;
  for (const hit of hits) receiver.addHit(hit, request, span.resource);
  return hits.length > 0;
}

function inOrderOfEnding(spans: readonly FinishedSpan[]): readonly FinishedSpan[] {
  if (spans.length < 2) return spans;
  // Each end is computed once instead of in each comparison.
  const ends = spans.map((span) => ({
    span,
    at: toMillis(span.startTime) + toMillis(span.duration),
  }));
  return ends.sort((a, b) => a.at - b.at).map(({ span }) => span);
}
