import {
  NO_ATTRIBUTES,
  NO_HIT_EVENTS,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from '../../src/gateway/otlp/received-span.js';

const SOURCE: SpanSource = {
  attributes: {},
  matomoAttributes: undefined,
  isPython: false,
  service: 'shop',
  isTaken: true,
};

/** A span as the gateway keeps it. It is empty if it has no attributes. */
export function receivedSpan(
  fields: Partial<SpanFields>,
  source: Partial<SpanSource> = {},
): ReceivedSpan {
  const all: SpanFields = {
    traceId: '1'.repeat(32),
    spanId: '1'.repeat(16),
    parentSpanId: '',
    name: '',
    kind: 0,
    startNanos: 1n,
    endNanos: 1n,
    attributes: NO_ATTRIBUTES,
    statusCode: 0,
    exceptionType: undefined,
    hitEvents: NO_HIT_EVENTS,
    link: undefined,
    flags: 0,
    scope: '',
    ...fields,
  };
  return new ReceivedSpan(all, { ...SOURCE, ...source }, { takesScope: () => true });
}
