import type { FurtherHit } from '../hit/further-hit.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  isOtherRequest,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
  toMillis,
} from './finished-span.js';
import { hasHitEvent, hitsOfEvents } from './hit-events.js';
import { readRequest } from './read-request.js';
import type { RequestReading } from './request-reading.js';
import {
  annotateBelow,
  annotateOwn,
  type EndedRecord,
  endRecord,
  isAnnotatedBelow,
  RequestRecord,
} from './request-record.js';

export interface AssembledRequest {
  readonly record: EndedRecord;
  readonly span: FinishedSpan;
}

const NOWHERE = { remove() {} };

/**
 * Finds the HTTP requests in a list of finished spans, in any order: each SERVER span of a request that is not nested in another
 * one, with the annotations of its child spans. `onSpanWithoutRequest` gets spans with something for Matomo that belong to no request,
 * and whether they are torn: that request may only be missing.
 */
export function assembleRequests(
  spans: readonly FinishedSpan[],
  reading: RequestReading,
  onSpanWithoutRequest?: (span: FinishedSpan, isTorn: boolean) => void,
): AssembledRequest[] {
  const byId = new Map<string, FinishedSpan>();
  for (const span of spans) byId.set(idOf(span), span);
  const outermost = outermostRequests(spans, byId);
  const belowRoots = new Map<FinishedSpan, FinishedSpan[]>();
  for (const span of spans) {
    if (isRequest(span) && outermost.get(span) === span) belowRoots.set(span, []);
  }
  for (const span of spans) {
    if (!isRequest(span) && !isAnnotatedBelow(span, reading)) continue;
    const root = outermost.get(span);
    if (!root || root === TORN) onSpanWithoutRequest?.(span, root === TORN);
    else if (root !== span) belowRoots.get(root)?.push(span);
  }
  const assembled: AssembledRequest[] = [];
  for (const [root, below] of belowRoots) {
    const request = assembleRequest(root, below, reading);
    if (request) assembled.push(request);
  }
  return assembled;
}

/** The request of a SERVER span, with the annotations of its child spans; `undefined` if it is not an HTTP request. */
export function assembleRequest(
  root: FinishedSpan,
  below: readonly FinishedSpan[],
  reading: RequestReading,
): AssembledRequest | undefined {
  const record = new RequestRecord(root, undefined, NOWHERE);
  for (const span of inOrderOfEnding(below)) {
    annotateBelow(record, span, reading);
  }
  annotateOwn(record, root, reading);
  record.span = undefined; // so that a pending hit does not keep the span in memory
  // Most requests have none: a list of all spans is made only for those that do.
  if (hasHitEvent(root) || below.some(hasHitEvent)) record.furtherHits = hitsOf([...below, root]);
  const request = readRequest(record, root, reading);
  return request && { record: endRecord(record, request), span: root };
}

/** The hits in events of spans; `undefined` if there are none. */
function hitsOf(spans: readonly FinishedSpan[]): FurtherHit[] | undefined {
  const withEvents = spans.filter(hasHitEvent);
  return withEvents.length === 0 ? undefined : withEvents.flatMap(hitsOfEvents);
}

/** Instead of the SERVER span of spans with an ancestor of the same process that is missing. */
const TORN = 'torn';
type Outermost = FinishedSpan | typeof TORN | undefined;

/**
 * For each span, the SERVER span of its outermost request in the same process, which may be the span itself. Reuses the results
 * of parents, so that a deep trace costs no more than a wide one.
 */
function outermostRequests(
  spans: readonly FinishedSpan[],
  byId: ReadonlyMap<string, FinishedSpan>,
): ReadonlyMap<FinishedSpan, Outermost> {
  const outermost = new Map<FinishedSpan, Outermost>();
  for (const span of spans) {
    const below: FinishedSpan[] = [];
    let next: FinishedSpan | undefined = span;
    while (next && !outermost.has(next)) {
      outermost.set(next, undefined); // until the result is known, and to end at a cycle
      below.push(next);
      next = localParent(next, byId);
    }
    const top = below.at(-1);
    let root = next ? outermost.get(next) : top && isTorn(top, byId) ? TORN : undefined;
    for (const one of below.reverse()) {
      if (isRequest(one) && (root === undefined || root === TORN)) root = one;
      outermost.set(one, root);
    }
  }
  return outermost;
}

/** The parent of a span, if it belongs to the same request. */
function localParent(
  span: FinishedSpan,
  byId: ReadonlyMap<string, FinishedSpan>,
): FinishedSpan | undefined {
  const parentId = parentSpanIdOf(span);
  if (parentId === undefined || span.parentSpanContext?.isRemote) return undefined;
  const parent = byId.get(`${span.spanContext().traceId}/${parentId}`);
  return parent && isOtherRequest(span.kind, parent.kind) ? undefined : parent;
}

/** Whether the parent of a span is in the same process and missing. For older SDKs it depends on the kind. */
function isTorn(span: FinishedSpan, byId: ReadonlyMap<string, FinishedSpan>): boolean {
  const parentId = parentSpanIdOf(span);
  if (parentId === undefined || byId.has(`${span.spanContext().traceId}/${parentId}`)) return false;
  const isRemote = span.parentSpanContext?.isRemote;
  if (isRemote !== undefined) return !isRemote;
  return span.kind !== SERVER_SPAN && span.kind !== CONSUMER_SPAN;
}

function isRequest(span: FinishedSpan): boolean {
  return span.kind === SERVER_SPAN && methodOf(span.attributes) !== undefined;
}

function idOf(span: FinishedSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `${traceId}/${spanId}`;
}

function inOrderOfEnding(spans: readonly FinishedSpan[]): readonly FinishedSpan[] {
  if (spans.length < 2) return spans;
  // Compute each end once: ends of received spans are computed from 64-bit integers.
  const ends = spans.map((span) => ({
    span,
    at: toMillis(span.startTime) + toMillis(span.duration),
  }));
  return ends.sort((a, b) => a.at - b.at).map(({ span }) => span);
}
