import {
  EMPTY_SPAN,
  ReceivedSpan,
  type SpanFields,
  type SpanSource,
} from '../../src/gateway/otlp/received-span.js';

const SOURCE: SpanSource = {
  attributes: {},
  isPython: false,
  service: 'shop',
  isTaken: true,
};

/** A span as the gateway keeps it. It is empty if it has no attributes. */
export function receivedSpan(
  fields: Partial<SpanFields>,
  source: Partial<SpanSource> = {},
): ReceivedSpan {
  const ids = { traceId: '1'.repeat(32), spanId: '1'.repeat(16) };
  const all = { ...EMPTY_SPAN, ...ids, startNanos: 1n, endNanos: 1n, ...fields };
  return new ReceivedSpan(all, { ...SOURCE, ...source }, { takesScope: () => true });
}
