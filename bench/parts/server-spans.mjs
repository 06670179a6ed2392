import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { createRequests } from './requests.mjs';

/** Ended server spans of the SDK, with what the http instrumentation sets. */
export function createServerSpans(count, visitors) {
  const tracer = new BasicTracerProvider().getTracer('bench');
  return createRequests(count, visitors).map((request) => {
    const options = {
      kind: SpanKind.SERVER,
      startTime: request.startMillis,
      attributes: toAttributes(request),
    };
    const span = tracer.startSpan('GET', options, ROOT_CONTEXT);
    span.setAttributes({ 'http.response.status_code': 200, 'http.route': request.route });
    span.end(request.startMillis + request.durationMillis);
    return span;
  });
}

function toAttributes(request) {
  return {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': request.path,
    'url.query': request.query,
    'server.address': request.host,
    'network.peer.address': request.address,
    'network.protocol.version': '1.1',
    'user_agent.original': request.userAgent,
    'http.request.header.host': [request.host],
    'http.request.header.accept-language': [request.acceptLanguage],
    'http.request.header.referer': [request.referrer],
  };
}
