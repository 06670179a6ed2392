import type { AdditionalHit } from '../hit/additional-hit.js';
import {
  type FinishedSpan,
  mayBeUnreadRequest,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
  toMillis,
} from '../request/finished-span.js';
import { hasHitEvent, hitsOfEvents } from '../request/matomo-attributes.js';
import { linkedRequestOf } from '../request/operations/mcp.js';
import { type RequestReading, readRequest } from '../request/read-request.js';
import { type ReadRequest, Request } from '../request/request.js';
import { annotateBelow, annotateOwn, isAnnotatedBelow } from './facts.js';
import { groupSpans, type RequestSpans, type WaitingSpan } from './group-spans.js';

/** A request of which nothing but finished spans is known. */
export interface AssembledRequest {
  readonly request: ReadRequest;
  /** Hits besides its page view, from events of the spans. */
  readonly hits: readonly AdditionalHit[];
}

/**
 * Finds the HTTP requests in a list of finished spans, in any order: each SERVER span of a request that is not nested in another
 * one, with the annotations of its child spans. `onSpanWithoutRequest` gets spans with something for Matomo that belong to no request,
 * and whether an ancestor of them is missing: that may be their request. `onFailure` gets what a span throws, and `onLostRequest` what a
 * request does.
 */
export function assembleRequests(
  spans: readonly FinishedSpan[],
  reading: RequestReading,
  onSpanWithoutRequest: (span: FinishedSpan, isAncestorMissing: boolean) => void = () => undefined,
  onFailure: (error: unknown) => void = rethrow,
  onLostRequest: (error: unknown) => void = onFailure,
): AssembledRequest[] {
  const { requests, unused } = groupSpans(
    mapEach(spans, (span) => toExportedSpan(span, reading), onFailure),
    ({ traceId }) => traceId,
  );
  function passOn({ span, isEmpty, isAncestorMissing }: ExportedSpan): void {
    if (mayBeUnreadRequest(span)) reading.reportUnreadRequest(span);
    if (!isEmpty) onSpanWithoutRequest(span, isAncestorMissing);
  }
  function assemble({ root, below }: RequestSpans<ExportedSpan>): AssembledRequest | undefined {
    const spans = below.map(({ span }) => span);
    return assembleRequest(root.span, spans, reading);
  }
  mapEach(unused, passOn, onFailure);
  return mapEach(requests, assemble, onLostRequest).filter((request) => request !== undefined);
}

/** The results of a function for each item. An export has the spans of many requests: one that fails must not lose the others. */
function mapEach<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Result,
  onFailure: (error: unknown) => void,
): Result[] {
  const results: Result[] = [];
  for (const item of items) {
    try {
      results.push(read(item));
    } catch (error) {
      onFailure(error);
    }
  }
  return results;
}

function rethrow(error: unknown): never {
  throw error;
}

/** A finished span of this process, to be grouped. */
interface ExportedSpan extends WaitingSpan<ExportedSpan> {
  readonly span: FinishedSpan;
}

function toExportedSpan(span: FinishedSpan, reading: RequestReading): ExportedSpan {
  const { traceId, spanId } = span.spanContext();
  const linked = linkedRequestOf(span);
  const isRequest = span.kind === SERVER_SPAN && methodOf(span.attributes) !== undefined;
  return {
    span,
    traceId: linked?.traceId ?? traceId,
    spanId,
    parentSpanId: linked?.spanId ?? parentSpanIdOf(span),
    isParentRemote: linked ? false : span.parentSpanContext?.isRemote,
    kind: span.kind,
    isRequest,
    isEmpty: !isRequest && !isAnnotatedBelow(span, reading),
    bytes: 0,
    arrivedMillis: 0,
    group: undefined,
    isAncestorMissing: false,
  };
}

/** The request of a SERVER span, with the annotations of its child spans; `undefined` if it is not an HTTP request. */
export function assembleRequest(
  root: FinishedSpan,
  below: readonly FinishedSpan[],
  reading: RequestReading,
): AssembledRequest | undefined {
  const request = Request.ofSpan(root);
  for (const span of inOrderOfEnding(below)) {
    annotateBelow(request, span, reading);
  }
  annotateOwn(request, root, reading);
  request.http = readRequest(request, reading);
  if (!request.http) return undefined;
  // Most requests have none: a list of all spans is made only for those that do.
  const hasHits = hasHitEvent(root) || below.some(hasHitEvent);
  const hits = hasHits ? [...below, root].flatMap(hitsOfEvents) : NO_HITS;
  return { request: request as ReadRequest, hits };
}

const NO_HITS: readonly never[] = [];

function inOrderOfEnding(spans: readonly FinishedSpan[]): readonly FinishedSpan[] {
  // Compute each end once, and not for each comparison.
  const ends = spans.map((span) => ({
    span,
    at: toMillis(span.startTime) + toMillis(span.duration),
  }));
  return ends.sort((a, b) => a.at - b.at).map(({ span }) => span);
}
