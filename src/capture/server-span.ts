import type { IncomingMessage, Server } from 'node:http';
import { activeContext, otelGlobal, rpcMetadataOf } from '../common/otel-global.js';
import { currentRequest, ownerOf, setOwner } from '../request/contexts.js';
import type { Request } from '../request/request.js';

const linked = new WeakSet<Server>();

/**
 * Links the requests of a server with the SERVER span that the HTTP instrumentation stores in the context of the event `request`. The span is there
 * even if it is not recorded and no processor receives it.
 */
export function linkServerSpans(server: Server): void {
  // Nothing is registered with OpenTelemetry's API yet. The next connection checks again.
  if (!otelGlobal()?.context) return;
  if (linked.has(server) || typeof server.prependListener !== 'function') return;
  linked.add(server);
  server.prependListener('request', link);
}

function link(incoming: IncomingMessage): void {
  const request = currentRequest();
  if (request && ownerOf(incoming) === request) linkServerSpan(request);
}

export function linkServerSpan(request: Request): void {
  const rpc = rpcMetadataOf(activeContext());
  if (!rpc?.span) return;
  const owner = ownerOf(rpc.span);
  // A server that was started during a request has the span of that request in its context if no instrumentation sees its own requests.
  if (owner?.incoming && owner !== request) return;
  if (owner && owner !== request) request.takeSpanOf(owner);
  request.rpc = rpc;
  setOwner(rpc.span, request);
}
