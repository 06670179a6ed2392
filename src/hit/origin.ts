import { isIP, isIPv4 } from 'node:net';
import { memoize } from '../common/generation-cache.js';
import { isLocalHost } from './local-host.js';
import { createTrust } from './proxy-trust.js';

/** What a request says of where it came from and where it went, unchecked. */
export interface OriginClaims {
  /** Address of the connection's other end. */
  readonly peerAddress: string | undefined;
  readonly host: string | undefined;
  /** Scheme of the local listener, which is `http` behind a proxy that ends TLS. */
  readonly scheme: string | undefined;
  /** Reads a header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
}

/** What of that is believed. */
export interface Origin {
  /** A plain IP address. */
  readonly address: string | undefined;
  readonly host: string | undefined;
  readonly scheme: 'http' | 'https';
}

export interface OriginOptions {
  readonly trustProxy: boolean | number | readonly string[];
  readonly assumeHttps: boolean;
}

/**
 * Reads X-Forwarded-* as Express does with `trust proxy`: the caller is the first address from the right that is not of a
 * trusted proxy, and scheme and host are believed where the connection comes from a trusted one.
 */
export function createToOrigin({
  trustProxy,
  assumeHttps,
}: OriginOptions): (claims: OriginClaims) => Origin {
  const isTrusted = createTrust(trustProxy);
  const isLocal = memoize(isLocalHost);
  const toPeer = memoize((address: string) => (isIPv4(address) ? address : plainAddress(address)));

  return function toOrigin(claims) {
    const peer = claims.peerAddress === undefined ? undefined : toPeer(claims.peerAddress);
    if (trustProxy === false || !isTrusted(peer ?? '', 0)) {
      const { host } = claims;
      return { address: peer, host, scheme: schemeOf(host, claims.scheme) };
    }
    const { header } = claims;
    const host = firstOf(header('x-forwarded-host')) ?? claims.host;
    const proto = firstOf(header('x-forwarded-proto'))?.toLowerCase();
    return {
      address: callerOf(peer, header('x-forwarded-for')),
      host,
      scheme: proto === 'http' || proto === 'https' ? proto : schemeOf(host, claims.scheme),
    };
  };

  /** Nobody ends TLS in front of a local host, and a URL in Matomo's reports is there to be clicked. */
  function schemeOf(host: string | undefined, listener: string | undefined): 'http' | 'https' {
    if (listener === 'https') return 'https';
    return assumeHttps && !(host && isLocal(host)) ? 'https' : 'http';
  }

  /** Behind something that is no address nobody can say who it was: the last that is known counts. */
  function callerOf(
    peer: string | undefined,
    forwardedFor: string | undefined,
  ): string | undefined {
    const hops = (forwardedFor ?? '').split(',').filter((hop) => hop.trim() !== '');
    let caller = peer;
    for (let hop = 1; hop <= Math.min(hops.length, MAX_HOPS); hop++) {
      const address = plainAddress(hops[hops.length - hop]);
      if (address === undefined) return caller;
      caller = address;
      if (!isTrusted(address, hop)) return caller;
    }
    return caller;
  }
}

/** Nobody has more proxies; as many as `trustProxy` may name. */
const MAX_HOPS = 100;
/** An IPv6 address with zone, brackets, quotes and port has fewer characters. */
const MAX_ADDRESS_LENGTH = 128;

/** Without port, brackets and zone, and IPv4 in its own form; `undefined` for what is no address. */
function plainAddress(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let address = text.trim();
  if (address.length > MAX_ADDRESS_LENGTH) return undefined;
  address = address.replace(/^"(.*)"$/, '$1');
  if (address.startsWith('[')) address = address.slice(1, Math.max(1, address.indexOf(']')));
  else if (/^[\d.]+:\d+$/.test(address)) address = address.slice(0, address.indexOf(':'));
  // Not by an expression, which looks for the end from each percent sign.
  const zone = address.indexOf('%');
  if (zone >= 0) address = address.slice(0, zone);
  // A dual-stack socket tells IPv4 callers as ::ffff:192.0.2.1.
  address = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  return isIP(address) ? address : undefined;
}

function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}
