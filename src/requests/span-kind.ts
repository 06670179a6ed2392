// `SpanKind` of OpenTelemetry's API, which is not imported at run time. OTLP has other numbers, see gateway/otlp/otlp-span-kind.

export const SERVER_SPAN = 1;
export const CLIENT_SPAN = 2;
export const CONSUMER_SPAN = 4;

/**
 * Whether a span belongs to another request than its parent, even in the same service: a CLIENT span leaves the process, so
 * a SERVER span below it came over the network.
 */
export function isOtherRequest(spanKind: number, parentKind: number): boolean {
  return spanKind === SERVER_SPAN && parentKind === CLIENT_SPAN;
}
