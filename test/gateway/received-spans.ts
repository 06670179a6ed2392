import type { Attributes } from '../../src/common/otel-types.js';
import type { OtlpCodec } from '../../src/gateway/otlp/codecs.js';
import { createSelection, DecodedExport } from '../../src/gateway/otlp/read-export.js';
import { NO_ATTRIBUTES } from '../../src/gateway/otlp/read-values.js';
import {
  type ReceivedSpan,
  type SpanSource,
  toReceivedSpan,
} from '../../src/gateway/otlp/received-span.js';

/** An export that nothing was decoded into, without options that select spans. */
export function emptyExport(): DecodedExport {
  return new DecodedExport(createSelection({}, { userIdAttribute: undefined }));
}

/** What is decoded of an export at once. */
export function decode(
  read: OtlpCodec['read'],
  body: Uint8Array | string,
  into: DecodedExport = emptyExport(),
): DecodedExport {
  const steps = read(Buffer.from(body), into);
  while (!steps.next().done);
  return into;
}

const SOURCE: SpanSource = {
  attributes: {},
  isPython: false,
  extraBytes: 0,
  service: 'shop',
  isTaken: true,
};

/** Fields of a span in an export, with attributes as an object and any IDs. */
interface SpanFields {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  kind?: number;
  name?: string;
  flags?: number;
  attributes?: Attributes;
  links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** A span as the gateway keeps it. It is empty if it has no attributes. */
export function receivedSpan(
  { attributes = {}, ...fields }: SpanFields,
  source: Partial<SpanSource> = {},
): ReceivedSpan {
  const span = {
    traceId: '1'.repeat(32),
    spanId: '1'.repeat(16),
    parentSpanId: '',
    kind: 0,
    flags: 0,
    statusCode: 0,
    startNanos: 1,
    endNanos: 1,
    readName: () => fields.name ?? '',
    readAttributes: () => (Object.keys(attributes).length > 0 ? attributes : NO_ATTRIBUTES),
    readEvents: () => [],
    readLink: () => fields.links?.[0],
    ...fields,
  };
  const scope = { source: { ...SOURCE, ...source }, isTaken: true };
  return toReceivedSpan(span, scope, () => true);
}
