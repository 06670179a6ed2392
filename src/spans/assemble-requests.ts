import type { AdditionalHit } from '../hit/additional-hit.js';
import {
  type FinishedSpan,
  mayBeUnreadRequest,
  SERVER_SPAN,
  toMillis,
} from '../request/finished-span.js';
import { hasHitEvent, hitsOfEvents } from '../request/matomo-attributes.js';
import { type RequestReading, readRequest } from '../request/read-request.js';
import { type ReadRequest, Request } from '../request/request.js';
import { annotateBelow, annotateOwn, isAnnotatedBelow } from './facts.js';
import { groupSpans, type LeftSpan, type PlacedSpan } from './group-spans.js';

/** A request of which nothing but finished spans is known. */
export interface AssembledRequest {
  readonly request: ReadRequest;
  /** Hits besides its page view, from events of the spans. */
  readonly hits: readonly AdditionalHit[];
}

/** Takes what is made of spans. */
export interface Hitmaker {
  readonly reading: RequestReading;
  addAssembled(assembled: AssembledRequest): void;
  addHit(hit: AdditionalHit, owner: 'unknown' | undefined): void;
  /** Counts a request that cannot be read. */
  lose(error: unknown): void;
}

/** A request as it is read: the span of its server, and those below. */
export interface RequestSpans {
  readonly root: FinishedSpan;
  readonly below: readonly FinishedSpan[];
}

/**
 * Makes hits of the HTTP requests in a list of finished spans, in any order, and of events in spans of no request. Returns the spans that
 * made no hit.
 */
export function addRequests(spans: readonly PlacedSpan[], maker: Hitmaker): readonly LeftSpan[] {
  const traces = new Map<string, PlacedSpan[]>();
  for (const each of spans) {
    const trace = traces.get(each.traceId);
    if (trace) trace.push(each);
    else traces.set(each.traceId, [each]);
  }
  return [...traces.values()].flatMap((trace) => {
    const { groups, left } = groupSpans(trace);
    for (const { root, below } of groups)
      addRequest(() => ({ root: root.span, below: below.map(({ span }) => span) }), maker);
    return left.filter((one) => !addEvents(one, maker));
  });
}

/** Makes the hits of a request. Counts one that cannot be read. */
export function addRequest(read: () => RequestSpans, maker: Hitmaker): void {
  try {
    const assembled = assembleRequest(read(), maker.reading);
    if (assembled) maker.addAssembled(assembled);
  } catch (error) {
    maker.lose(error);
  }
}

/** Makes hits of the events of a span without a request. Returns whether there are any. */
export function addEvents(
  { placed: { span }, isAncestorMissing }: LeftSpan,
  maker: Hitmaker,
): boolean {
  if (mayBeUnreadRequest(span)) maker.reading.reportUnreadRequest(span);
  if (!hasHitEvent(span)) return false;
  const hits = hitsOfEvents(span);
  for (const hit of hits) maker.addHit(hit, isAncestorMissing ? 'unknown' : undefined);
  return hits.length > 0;
}

/** The request of a SERVER span, with the annotations of the spans below; `undefined` if it is not an HTTP request. */
function assembleRequest(
  { root, below }: RequestSpans,
  reading: RequestReading,
): AssembledRequest | undefined {
  const request = Request.ofSpan(root);
  const read = below.filter((span) => span.kind === SERVER_SPAN || isAnnotatedBelow(span, reading));
  for (const span of inOrderOfEnding(read)) annotateBelow(request, span, reading);
  annotateOwn(request, root, reading);
  request.http = readRequest(request, reading);
  if (!request.http) return undefined;
  return { request: request as ReadRequest, hits: [...below, root].flatMap(hitsOfEvents) };
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
