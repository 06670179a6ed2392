import type { Attributes } from '@opentelemetry/api';
import { decodeLatin1 } from '../../hit/decode-latin1.js';
import { peerAddressOf, splitTarget, targetOf, textOf } from '../../requests/finished-span.js';
import type { ReceivedSpan } from '../otlp/received-span.js';

/** A name of 253 bytes, and a port. */
const MAX_HOST_CHARACTERS = 259;

/**
 * Puts what instrumentations of some languages put elsewhere among the attributes of a server span. They are changed in
 * place: a request is read once, and a copy costs more than all else here.
 */
export function normalizeAttributes({ attributes, source: { isPython } }: ReceivedSpan): void {
  setAddress(attributes, isPython);
  setHost(attributes, isPython);
  setTarget(attributes, isPython);
}

/** In Python `client.address` is the peer; elsewhere it is what anybody wrote into X-Forwarded-For. */
function setAddress(usual: Attributes, isPython: boolean): void {
  if (!isPython || peerAddressOf(usual) !== undefined) return;
  const peer = textOf(usual['client.address']) ?? textOf(usual['http.client_ip']);
  if (peer !== undefined) usual['network.peer.address'] = peer;
}

/**
 * A full URL has the host as the client named it, where other attributes may have that of the listener; and
 * `server.address` may hold what the Host header held, its port included: in
 * Python a name without one had none, whatever port the server listens on.
 */
function setHost(usual: Attributes, isPython: boolean): void {
  const url = textOf(usual['url.full']) ?? textOf(usual['http.url']);
  const host = url === undefined ? undefined : /^https?:\/\/([^/?#@]+)(?:[/?#]|$)/i.exec(url)?.[1];
  if (host !== undefined) {
    usual['http.host'] = host;
    return;
  }
  setPort(usual, 'server.address', 'server.port', isPython);
  setPort(usual, 'net.host.name', 'net.host.port', isPython);
}

function setPort(usual: Attributes, address: string, port: string, isPython: boolean): void {
  const given = textOf(usual[address]);
  if (given === undefined || given.length > MAX_HOST_CHARACTERS) return;
  const [, name, ownPort] = /^([^:]+|\[[^\]]*\]):(\d+)$/.exec(given) ?? [];
  if (name !== undefined && ownPort !== undefined) {
    usual[address] = name;
    usual[port] = Number(ownPort);
  } else if (isPython && isName(given)) {
    delete usual[port];
  }
}

/** Whether the last label of a host has a letter, which that of an address has not. */
function isName(host: string): boolean {
  const [label = ''] = /[\w-]*$/.exec(host) ?? [];
  return /[a-z]/i.test(label) && host.toLowerCase() !== 'localhost';
}

/** The query may be in `http.url` alone, and the path may be decoded, or UTF-8 taken for Latin-1. */
function setTarget(usual: Attributes, isPython: boolean): void {
  const target = targetOf(usual);
  if (target === undefined) return;
  const url = textOf(usual['http.url']) ?? textOf(usual['url.full']);
  const query = target.query ?? (url === undefined ? undefined : splitTarget(url).query);
  const path = encodePath(isPython ? decodeLatin1(target.path) : target.path);
  if (path === target.path && query === target.query) return;
  usual['url.path'] = path;
  if (query !== undefined) usual['url.query'] = query;
}

/**
 * As it was in the request; what the server had decoded to ASCII stays so. Everything is encoded at once and ASCII decoded
 * again, because a call for each character makes a long path slow.
 */
function encodePath(path: string): string {
  if (/^[!-~]*$/.test(path)) return path;
  let encoded = encodeURI(path.replace(/\p{Surrogate}/gu, '\ufffd'));
  for (const character of ENCODED_ASCII) {
    if (path.includes(character)) encoded = encoded.replaceAll(encodeURI(character), character);
  }
  return encoded;
}

/** What `encodeURI` encodes of visible ASCII; the percent sign last, so that no new sequence is decoded. */
const ENCODED_ASCII = '"<>[\\]^`{|}%';
