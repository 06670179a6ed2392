import { type AssembledRequest, assembleRequests } from '../requests/assemble-requests.js';
import { type FinishedSpan, targetOf } from '../requests/finished-span.js';
import type { RequestReading } from '../requests/request-reading.js';
import { isAnnotated } from '../requests/request-record.js';
import type { ReceivedSpan } from './received-span.js';
import { toUsualAttributes } from './usual-attributes.js';
import type { RequestSpans } from './waiting-trace.js';

/**
 * One request of its spans, as the processor of an application would have it. What the resource says for Matomo is weaker
 * than what any span says.
 *
 * @param namesBySpan whether a request without a path has its span's name for a title.
 */
export function toRequest(
  { root, below }: RequestSpans,
  reading: RequestReading,
  namesBySpan: boolean,
): AssembledRequest | undefined {
  const spans: FinishedSpan[] = [outermost(root)];
  const weakest = weakestOf(root, namesBySpan);
  if (weakest) spans.push(weakest);
  for (const span of below) {
    if (span.isRequest || isAnnotated(span, reading)) spans.push(directlyBelow(root, span));
  }
  return assembleRequests(spans, reading)[0];
}

// The way up has been gone already: below, each span hangs on the request itself, and that on nothing.

function outermost(root: ReceivedSpan): FinishedSpan {
  const { name, kind, startTime, duration, status, events } = root;
  const attributes = toUsualAttributes(root);
  const spanContext = () => root.spanContext();
  return { name, kind, startTime, duration, status, events, attributes, spanContext };
}

function directlyBelow(root: ReceivedSpan, span: ReceivedSpan): FinishedSpan {
  const { name, kind, startTime, duration, status, events, attributes } = span;
  const parentSpanContext = { spanId: root.spanId };
  const spanContext = () => span.spanContext();
  return {
    name,
    kind,
    startTime,
    duration,
    status,
    events,
    attributes,
    parentSpanContext,
    spanContext,
  };
}

/** Stands for what the resource says: a span that ended before all others. */
function weakestOf(root: ReceivedSpan, namesBySpan: boolean): FinishedSpan | undefined {
  const { name, source } = root;
  const isNamed = namesBySpan && name !== '' && targetOf(root.attributes) === undefined;
  if (!isNamed && !source.said) return undefined;
  const attributes = { ...(isNamed && { 'matomo.action_name': name }), ...source.said };
  return {
    name: 'resource',
    kind: 0,
    startTime: [0, 0],
    duration: [0, 0],
    attributes,
    status: { code: 0 },
    parentSpanContext: { spanId: root.spanId },
    spanContext: () => ({ traceId: root.traceId, spanId: 'resource', traceFlags: 1 }),
  };
}
