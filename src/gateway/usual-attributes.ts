import type { Attributes } from '@opentelemetry/api';
import { splitTarget, targetOf, textAttribute } from '../requests/finished-span.js';
import type { ReceivedSpan } from './received-span.js';

const PEER = ['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip'];

/**
 * The attributes of a server span where instrumentations of some languages put things elsewhere, and below them those of its
 * resource.
 */
export function toUsualAttributes({ attributes, source }: ReceivedSpan): Attributes {
  const usual: Attributes = {};
  for (const name in source.attributes) {
    if (!name.startsWith('matomo.')) usual[name] = source.attributes[name];
  }
  Object.assign(usual, attributes);
  const isPython = source.attributes['telemetry.sdk.language'] === 'python';
  setAddress(usual, isPython);
  setHost(usual);
  setTarget(usual, isPython);
  return usual;
}

/** In Python `client.address` is the peer; elsewhere it is what anybody wrote into X-Forwarded-For. */
function setAddress(usual: Attributes, isPython: boolean): void {
  if (!isPython || textAttribute(usual, ...PEER) !== undefined) return;
  const peer = textAttribute(usual, 'client.address', 'http.client_ip');
  if (peer !== undefined) usual['network.peer.address'] = peer;
}

/** `server.address` may hold what the Host header held, its port included. */
function setHost(usual: Attributes): void {
  for (const [name, port] of [
    ['server.address', 'server.port'],
    ['net.host.name', 'net.host.port'],
  ] as const) {
    const [, host, ownPort] = /^([^:]+|\[[^\]]*\]):(\d+)$/.exec(String(usual[name] ?? '')) ?? [];
    if (host === undefined || ownPort === undefined) continue;
    usual[name] = host;
    usual[port] = Number(ownPort);
  }
}

/** The query may be in `http.url` alone, and the path may be UTF-8 taken for Latin-1. */
function setTarget(usual: Attributes, isPython: boolean): void {
  const target = targetOf(usual);
  if (target === undefined) return;
  const url = textAttribute(usual, 'http.url', 'url.full');
  const query = target.query ?? (url === undefined ? undefined : splitTarget(url).query);
  const path = isPython ? decodeLatin1(target.path) : target.path;
  if (path === target.path && query === target.query) return;
  usual['url.path'] = path;
  if (query !== undefined) usual['url.query'] = query;
}

function decodeLatin1(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[\u0100-\uffff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
