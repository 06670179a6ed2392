import type { Attributes } from '../common/otel-types.js';
import type { Request } from './request.js';

/** The attributes that an instrumentation would set, with stable names. */
export function nodeAttributes({ incoming, response, path, query }: Request): Attributes {
  const { method = 'GET', headers = {}, httpVersion = '1.1', socket } = incoming ?? {};
  const attributes: Attributes = {
    'http.request.method': method,
    'http.response.status_code': response?.statusCode ?? 200,
    'url.path': path,
    'url.scheme': nodeScheme(incoming),
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

export function nodeScheme(incoming: Request['incoming']): 'http' | 'https' {
  const { socket } = incoming ?? {};
  const isEncrypted = socket && 'encrypted' in socket && socket.encrypted === true;
  return isEncrypted ? 'https' : 'http';
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
