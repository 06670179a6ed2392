// `Bun.serve` and spans made by hand.
import { SpanKind } from '@opentelemetry/api';
import { announce, statusOf } from './serve-web.mjs';
import { processor, startTracing } from './tracing.mjs';

const tracer = startTracing();
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
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
  },
});
announce(server.port, () => processor.shutdown());
