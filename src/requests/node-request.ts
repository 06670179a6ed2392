import type { Attributes } from '../common/otel-types.js';
import type { CapturedRequest } from './captured-request.js';

/** The attributes that an instrumentation would set, with stable names. */
export function nodeAttributes({ request, response, path, query }: CapturedRequest): Attributes {
  const { method = 'GET', headers = {}, httpVersion = '1.1', socket } = request ?? {};
  const attributes: Attributes = {
    'http.request.method': method,
    'http.response.status_code': response?.statusCode ?? 200,
    'url.path': path,
    'url.scheme': nodeScheme(request),
    'network.protocol.version': httpVersion,
    ...serverOf(headers.host),
  };
  if (query !== undefined) attributes['url.query'] = query;
  const { remoteAddress, remotePort } = socket ?? {};
  if (remoteAddress !== undefined) attributes['network.peer.address'] = remoteAddress;
  if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
  if (headers['user-agent'] !== undefined)
    attributes['user_agent.original'] = headers['user-agent'];
  return attributes;
}

export function nodeScheme(request: CapturedRequest['request']): 'http' | 'https' {
  const { socket } = request ?? {};
  const isEncrypted = socket && 'encrypted' in socket && socket.encrypted === true;
  return isEncrypted ? 'https' : 'http';
}

/** 0 if Node.js has not announced the request. */
export function elapsedMillis(captured: CapturedRequest | undefined): number {
  return captured ? performance.now() - captured.startedMillis : 0;
}

/** Host and port from the Host header. */
function serverOf(host: string | undefined): Attributes {
  if (host === undefined || host === '') return {};
  const colon = host.lastIndexOf(':');
  const port = host.slice(colon + 1);
  const hasPort = colon > 0 && /^\d{1,5}$/.test(port);
  return hasPort
    ? { 'server.address': host.slice(0, colon), 'server.port': Number(port) }
    : { 'server.address': host };
}
