/** Names of span kinds in OTLP, by their numbers there: one more than those of the API. */
export const OTLP_SPAN_KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
] as const;

/** The number of SPAN_KIND_SERVER in OTLP; the API's is 1. */
export const OTLP_SERVER_SPAN = 2;

/** The number of a kind in the API. An unspecified kind counts as INTERNAL. */
export function toSpanKind(otlpKind: number): number {
  return otlpKind > 0 ? otlpKind - 1 : 0;
}
