import { type FinishedSpan, mayBeUnreadRequest, toMillis } from '../request/finished-span.js';
import { hasHitEvent, hitsOfEvents } from '../request/matomo-attributes.js';
import { Request } from '../request/request.js';
import type { Tracker } from '../request/tracker.js';
import { addFacts } from './facts.js';
import { groupSpans, type LeftSpan, type PlacedSpan } from './group-spans.js';

/** Makes hits of assembled requests. */
export interface RequestReceiver extends Pick<Tracker, 'reading' | 'addHit'> {
  end(request: Request): void;
  lose(error: unknown): void;
}

/** A request of which nothing but finished spans is known: the span of its server, and those below. */
export interface RequestSpans {
  readonly root: FinishedSpan;
  readonly below: readonly FinishedSpan[];
}

/**
 * Makes hits of the HTTP requests in a list of finished spans, in any order, and of events in spans of no request. Returns the spans that
 * made no hit.
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

/** Makes the hits of a request, with the annotations of the spans below. Counts one that cannot be read. */
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

/** Makes hits of the events of a span without a request. Returns whether there are any. */
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
  // Compute each end once, and not for each comparison.
  const ends = spans.map((span) => ({
    span,
    at: toMillis(span.startTime) + toMillis(span.duration),
  }));
  return ends.sort((a, b) => a.at - b.at).map(({ span }) => span);
}
