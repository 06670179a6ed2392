import type { Attributes } from '../common/otel-types.js';
import type { Http2Request } from './http2-message.js';
import type { Request } from './request.js';

export function isHttp2(incoming: object | undefined): incoming is Http2Request {
  return (incoming as Partial<Http2Request> | undefined)?.httpVersion === '2';
}

/** The request on which frameworks store their data: Node's own. Over HTTP/2, only the compatibility API has one. */
export function frameworkRequestOf(incoming: Request['incoming']): object | undefined {
  return incoming?.httpVersion === '2' ? (incoming as Http2Request).compatible : incoming;
}

/** The attributes that an instrumentation would set, with stable names. */
export function nodeAttributes(
  { incoming, method, path, query }: Request,
  statusCode: number,
): Attributes {
  const { headers = {}, httpVersion = '1.1', socket } = incoming ?? {};
  const attributes: Attributes = {
    'http.request.method': method,
    'http.response.status_code': statusCode,
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
  if (host === undefined) return {};
  const colon = host.lastIndexOf(':');
  const port = host.slice(colon + 1);
  const hasPort = colon > 0 && /^\d{1,5}$/.test(port);
  return hasPort
    ? { 'server.address': host.slice(0, colon), 'server.port': Number(port) }
    : { 'server.address': host };
}
