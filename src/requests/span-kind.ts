// `SpanKind` of OpenTelemetry's API, which is not imported at run time. OTLP has other numbers: gateway/otlp/otlp-span-kind.

export const SERVER_SPAN = 1;
const CLIENT_SPAN = 2;
export const CONSUMER_SPAN = 4;

/**
 * Whether a span is of another request than its parent, also within one service: a CLIENT span leaves the process, so a
 * SERVER span below it has come in over the network.
 */
export function isOtherRequest(spanKind: number, parentKind: number): boolean {
  return spanKind === SERVER_SPAN && parentKind === CLIENT_SPAN;
}
