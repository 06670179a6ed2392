import type { Attributes, HrTime, SpanContext } from '@opentelemetry/api';
import { type AssembledRequest, assembleRequest } from '../../requests/assemble-requests.js';
import { type FinishedSpan, targetOf } from '../../requests/finished-span.js';
import type { RequestReading } from '../../requests/request-reading.js';
import { isAnnotatedBelow } from '../../requests/request-record.js';
import type { ReceivedSpan } from '../otlp/received-span.js';
import { normalizeAttributes } from './normalize-attributes.js';
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
  const spans: FinishedSpan[] = [];
  const weakest = weakestOf(root, namesBySpan);
  if (weakest) spans.push(weakest);
  for (const span of below) {
    if (span.isRequest || isAnnotatedBelow(span, reading)) spans.push(span);
  }
  normalizeAttributes(root);
  const assembled = assembleRequest(root, spans, reading);
  return assembled && { record: assembled.record, span: new SpanOfService(root) };
}

/**
 * A server span as options see it: with the attributes of its resource, unless it has one of that name itself. They are put
 * together when an option asks, because one resource may have many requests and mostly nobody does.
 */
class SpanOfService implements FinishedSpan {
  readonly #span: ReceivedSpan;
  #attributes: Attributes | undefined;

  constructor(span: ReceivedSpan) {
    this.#span = span;
  }

  get attributes(): Attributes {
    this.#attributes ??= { ...this.#span.source.attributes, ...this.#span.attributes };
    return this.#attributes;
  }

  get name(): string {
    return this.#span.name;
  }

  get kind(): number {
    return this.#span.kind;
  }

  get startTime(): HrTime {
    return this.#span.startTime;
  }

  get duration(): HrTime {
    return this.#span.duration;
  }

  get status(): { readonly code: number } {
    return this.#span.status;
  }

  spanContext(): SpanContext {
    return this.#span.spanContext();
  }
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
    spanContext: () => ({ traceId: root.traceId, spanId: 'resource', traceFlags: 1 }),
  };
}
