// Answers a web request of the matrix within a span made by hand.
import { SpanKind } from '@opentelemetry/api';
import { statusOf } from './serve-web.mjs';
import { startTracing } from './tracing.mjs';

const tracer = startTracing();

export function answerWithSpan(request) {
  const { pathname, search, hostname, port } = new URL(request.url);
  const status = statusOf(request.method, pathname);
  const span = tracer.startSpan(request.method, {
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': request.method,
      'url.path': pathname,
      'url.query': search.slice(1),
      'server.address': hostname,
      'server.port': Number(port),
      'user_agent.original': request.headers.get('user-agent') ?? '',
      'http.request.header.accept-language': [request.headers.get('accept-language') ?? ''],
    },
  });
  span.setAttribute('http.response.status_code', status).end();
  return new Response('answered', { status });
}
