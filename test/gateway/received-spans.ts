import type { Attributes } from '../../src/common/otel-types.js';
import { runAtOnce } from '../../src/common/slices.js';
import type { OtlpCodec } from '../../src/gateway/otlp/codecs.js';
import { DecodedExport } from '../../src/gateway/otlp/read-export.js';
import {
  ReceivedSpan,
  type SpanScope,
  type SpanSource,
} from '../../src/gateway/otlp/received-span.js';
import { createSelection } from '../../src/gateway/otlp/span-selection.js';

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
  runAtOnce(read(Buffer.from(body), into));
  return into;
}

const SOURCE: SpanSource = {
  attributes: {},
  isPython: false,
  extraBytes: 0,
  service: 'shop',
  isTaken: true,
};

/** Fields of a span as OTLP's JSON has them, with attributes as an object and any IDs. */
export interface SpanFields {
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
  const ids = { traceId: '1'.repeat(32), spanId: '1'.repeat(16) };
  const list = Object.entries(attributes).map(([key, value]) => ({ key, value }));
  const times = { startTimeUnixNano: 1, endTimeUnixNano: 1 };
  const scope: SpanScope = { source: { ...SOURCE, ...source }, isTaken: true };
  const values = {
    reasons: new Set<string>(),
    readId: (id: unknown) => (id ?? '') as string,
    readValue: (value: unknown) => value as string,
  };
  const json = { ...ids, ...times, ...fields, attributes: list };
  return new ReceivedSpan(json, scope, values, { keepsAttribute: () => true });
}
