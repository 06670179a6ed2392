// `Bun.serve` or `Deno.serve`. With OTEL_DENO=true, Deno makes and exports the spans.
import { announce, statusOf } from './serve-web.mjs';

function answer(request) {
  const { pathname } = new URL(request.url);
  return new Response('answered', { status: statusOf(request.method, pathname) });
}

const address = { port: 0, hostname: '127.0.0.1' };
if (globalThis.Bun) {
  const server = Bun.serve({ ...address, fetch: answer });
  announce(server.port, () => server.stop());
} else {
  const server = Deno.serve({ ...address, onListen: () => undefined }, answer);
  announce(server.addr.port, () => server.shutdown());
}
