// `Deno.serve`. With OTEL_DENO=true Deno makes and exports the spans.
import { announce, statusOf } from './serve-web.mjs';

const server = Deno.serve(
  { port: 0, hostname: '127.0.0.1', onListen: () => undefined },
  (request) => {
    const { pathname } = new URL(request.url);
    return new Response('answered', { status: statusOf(request.method, pathname) });
  },
);
announce(server.addr.port, () => server.shutdown());
