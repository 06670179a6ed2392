import { type FinishedSpan, methodOf, parentSpanIdOf, SERVER, toMillis } from './finished-span.js';
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
 * The HTTP requests in a heap of finished spans, in any order: each SERVER span of a request that no other one of
 * the heap is around, with what the spans below it carry.
 */
export function assembleRequests(
  spans: readonly FinishedSpan[],
  reading: RequestReading,
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
    if (root && root !== span) belowRoots.get(root)?.push(span);
  }
  const assembled: AssembledRequest[] = [];
  for (const [root, below] of belowRoots) {
    const request = assembleRequest(root, below, reading);
    if (request) assembled.push(request);
  }
  return assembled;
}

/** The request of a SERVER span, with what the spans below it carry; `undefined` where it is of none. */
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
  record.span = undefined; // a hit that waits shall not hold it
  const request = readRequest(record, root, reading.toOrigin);
  return request && { record: endRecord(record, request), span: root };
}

/**
 * For each span the SERVER span of the outermost request around it in the same process, which may be itself. What is known of
 * a parent is not looked up again, so that a deep trace costs no more than a wide one.
 */
function outermostRequests(
  spans: readonly FinishedSpan[],
  byId: ReadonlyMap<string, FinishedSpan>,
): ReadonlyMap<FinishedSpan, FinishedSpan | undefined> {
  const outermost = new Map<FinishedSpan, FinishedSpan | undefined>();
  for (const span of spans) {
    const below: FinishedSpan[] = [];
    let next: FinishedSpan | undefined = span;
    while (next && !outermost.has(next)) {
      outermost.set(next, undefined); // until it is known: a cycle ends here
      below.push(next);
      next = localParent(next, byId);
    }
    let root = next && outermost.get(next);
    for (const one of below.reverse()) {
      if (isRequest(one)) root ??= one;
      outermost.set(one, root);
    }
  }
  return outermost;
}

/** A CLIENT span is left by the process: what it is the parent of is another request, also to this very service. */
function localParent(
  span: FinishedSpan,
  byId: ReadonlyMap<string, FinishedSpan>,
): FinishedSpan | undefined {
  const parentId = parentSpanIdOf(span);
  if (parentId === undefined || span.parentSpanContext?.isRemote) return undefined;
  const parent = byId.get(`${span.spanContext().traceId}/${parentId}`);
  return parent && span.kind === SERVER && parent.kind === CLIENT ? undefined : parent;
}

const CLIENT = 2; // SpanKind.CLIENT

function isRequest(span: FinishedSpan): boolean {
  return span.kind === SERVER && methodOf(span.attributes) !== undefined;
}

function idOf(span: FinishedSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `${traceId}/${spanId}`;
}

function inOrderOfEnding(spans: readonly FinishedSpan[]): readonly FinishedSpan[] {
  if (spans.length < 2) return spans;
  // Each end is read once: those of received spans are computed from integers of 64 bits.
  const ends = spans.map((span) => ({
    span,
    at: toMillis(span.startTime) + toMillis(span.duration),
  }));
  return ends.sort((a, b) => a.at - b.at).map(({ span }) => span);
}
