import { isIP, isIPv4 } from '../../common/addresses.js';
import { copyText, remember } from '../../common/recent-texts.js';
import { isUrlHost } from '../page/page-url.js';
import { createIsInRanges, NAMED_RANGES, plainAddress } from './addresses.js';

/** What a request claims about its client and its target, not yet verified. */
export interface OriginClaims {
  readonly peerAddress: string | undefined;
  readonly host: string | undefined;
  /** Scheme of the local server: `http` behind a proxy that terminates TLS. */
  readonly scheme: string | undefined;
  readonly headers: { rawHeader(name: string): string | undefined };
}

/** The claims that are trusted. */
export interface Origin {
  readonly address: string | undefined;
  readonly host: string | undefined;
  readonly scheme: 'http' | 'https';
}

export interface OriginOptions {
  readonly trustProxy: boolean | number | readonly string[];
  readonly assumeHttps: boolean;
}

/**
 * Creates a function that decides whether the proxy at an address is trusted. `hop` is 0 for the peer of the connection.
 *
 * @throws An error whose message is the item of the list that is no address, CIDR, address with a netmask, or name.
 */
function createTrust(
  trustProxy: OriginOptions['trustProxy'],
): (address: string, hop: number) => boolean {
  if (typeof trustProxy === 'boolean') return () => trustProxy;
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  return createIsInRanges(trustProxy);
}

/**
 * Reads X-Forwarded-* like Express with `trust proxy`: the client is the first address from the right that is not a trusted proxy.
 * Scheme and host are trusted if the connection comes from a trusted proxy.
 */
export function createToOrigin({
  trustProxy,
  assumeHttps,
}: OriginOptions): (claims: OriginClaims) => Origin {
  const isTrusted = createTrust(trustProxy);
  const isLocal = remember(256, isLocalHost);

  return function toOrigin(claims) {
    const peer = isIPv4(claims.peerAddress ?? '')
      ? claims.peerAddress
      : plainAddress(claims.peerAddress);
    if (trustProxy === false || !isTrusted(peer ?? '', 0)) {
      const { host } = claims;
      return { address: peer, host, scheme: chooseScheme(host, claims.scheme) };
    }
    const { headers } = claims;
    const host = firstOf(headers.rawHeader('x-forwarded-host')) ?? claims.host;
    const proto = firstOf(headers.rawHeader('x-forwarded-proto'))?.toLowerCase();
    const address = findClientAddress(peer, headers.rawHeader('x-forwarded-for'));
    return {
      address: address && copyText(address), // a hit that is queued must not keep the whole header
      host,
      scheme: proto === 'http' || proto === 'https' ? proto : chooseScheme(host, claims.scheme),
    };
  };

  /** Local hosts usually have no proxy that terminates TLS, and the URL must work when it is clicked in a report of Matomo. */
  function chooseScheme(host: string | undefined, listener: string | undefined): 'http' | 'https' {
    if (listener === 'https') return 'https';
    return assumeHttps && !(host && isLocal(host)) ? 'https' : 'http';
  }

  /** An invalid entry hides all entries to its left, so the address to its right is that of the client. */
  function findClientAddress(peer: string | undefined, forwardedFor = ''): string | undefined {
    const hops = forwardedFor.split(',').filter((hop) => hop.trim() !== '');
    let client = peer;
    for (let hop = 1; hop <= Math.min(hops.length, MAX_HOPS); hop++) {
      const address = plainAddress(hops[hops.length - hop]);
      if (address === undefined) return client;
      client = address;
      if (!isTrusted(address, hop)) return client;
    }
    return client;
  }
}

/** The limit of `trustProxy`. No real setup has more proxies. */
const MAX_HOPS = 100;

function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}

const LOCAL_NAME = /^[^.]+$|\.(?:localhost|local|internal|test)$/;
/** Created on first use. */
let isLocalAddress: ((address: string) => boolean) | undefined;

/** Whether a Host header names a host on this machine or in a private network, where plain HTTP is usual. */
function isLocalHost(host: string): boolean {
  if (!isUrlHost(host)) return false;
  const { hostname } = new URL(`http://${host}/`);
  const name = hostname.replace(/^\[|[\].]$/g, '');
  if (isIP(name) === 0) return LOCAL_NAME.test(name);
  isLocalAddress ??= createIsInRanges([...NAMED_RANGES.keys()]);
  return isLocalAddress(name);
}
