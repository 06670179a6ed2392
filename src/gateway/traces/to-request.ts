import type { Attributes, HrTime, SpanContext } from '../../common/otel-types.js';
import { type AssembledRequest, assembleRequest } from '../../requests/assemble-requests.js';
import { type FinishedSpan, targetOf } from '../../requests/finished-span.js';
import type { RequestReading } from '../../requests/request-reading.js';
import { isAnnotatedBelow } from '../../requests/request-record.js';
import type { ReceivedSpan } from '../otlp/received-span.js';
import { normalizeAttributes } from './normalize-attributes.js';
import type { RequestSpans } from './waiting-trace.js';

/**
 * Assembles one request from its spans, as the processor of an application does. `matomo.*` attributes of spans win over
 * those of the resource.
 *
 * @param namesBySpan whether a request without a path gets the name of its span as title
 */
export function toRequest(
  { root, below }: Pick<RequestSpans, 'root' | 'below'>,
  reading: RequestReading,
  namesBySpan: boolean,
): AssembledRequest | undefined {
  const spans: FinishedSpan[] = [];
  const defaults = defaultsOf(root, namesBySpan);
  if (defaults) spans.push(defaults);
  for (const span of below) {
    if (span.isRequest || isAnnotatedBelow(span, reading)) spans.push(span);
  }
  normalizeAttributes(root);
  const assembled = assembleRequest(root, spans, reading);
  return assembled && { record: assembled.record, span: new SpanOfService(root) };
}

/**
 * A server span as the callbacks of options see it: its own attributes override those of its resource. They are merged when
 * a callback reads them, which is rare.
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

/** A span with the defaults of a request from its resource. It ends before all others, so they override it. */
function defaultsOf(root: ReceivedSpan, namesBySpan: boolean): FinishedSpan | undefined {
  const { name, source } = root;
  const isNamed = namesBySpan && name !== '' && targetOf(root.attributes) === undefined;
  if (!isNamed && !source.matomoAttributes) return undefined;
  const attributes = { ...(isNamed && { 'matomo.action_name': name }), ...source.matomoAttributes };
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
