import {
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  SERVER,
  textAttribute,
  toMillis,
} from './finished-span.js';
import { readRequest } from './read-request.js';
import type { RequestReading } from './request-reading.js';
import {
  annotate,
  type EndedRecord,
  endRecord,
  isAnnotated,
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
  const roots = new Map<FinishedSpan, RequestRecord>();
  for (const span of spans) {
    if (isRequest(span) && !requestAround(span, byId)) {
      roots.set(span, new RequestRecord(span, undefined, NOWHERE));
    }
  }
  for (const span of inOrderOfEnding(spans)) {
    const record = roots.get(span);
    if (record) annotate(record.own, span, reading);
    else annotateRequestAround(span, byId, roots, reading);
  }
  const assembled: AssembledRequest[] = [];
  for (const [span, record] of roots) {
    const request = readRequest(record, span, reading.toOrigin);
    if (request) assembled.push({ record: endRecord(record, request), span });
  }
  return assembled;
}

function annotateRequestAround(
  span: FinishedSpan,
  byId: ReadonlyMap<string, FinishedSpan>,
  roots: ReadonlyMap<FinishedSpan, RequestRecord>,
  reading: RequestReading,
): void {
  const isNested = isRequest(span);
  if (!isNested && !isAnnotated(span, reading)) return;
  let around = requestAround(span, byId);
  while (around && !roots.has(around)) around = requestAround(around, byId);
  const record = around && roots.get(around);
  if (!record) return;
  annotate(record.descendants, span, reading);
  if (isNested) record.nestedRoute ??= textAttribute(span.attributes, 'http.route');
}

/** The nearest SERVER span of a request above this one in the same process. */
function requestAround(
  span: FinishedSpan,
  byId: ReadonlyMap<string, FinishedSpan>,
): FinishedSpan | undefined {
  const seen = new Set<FinishedSpan>([span]);
  let parent = localParent(span, byId);
  while (parent && !seen.has(parent)) {
    if (isRequest(parent)) return parent;
    seen.add(parent);
    parent = localParent(parent, byId);
  }
  return undefined;
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

function inOrderOfEnding(spans: readonly FinishedSpan[]): FinishedSpan[] {
  const endOf = (span: FinishedSpan) => toMillis(span.startTime) + toMillis(span.duration);
  return [...spans].sort((a, b) => endOf(a) - endOf(b));
}
