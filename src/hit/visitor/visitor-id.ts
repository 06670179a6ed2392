import { hash, randomBytes } from 'node:crypto';
import { copyText } from '../../common/recent-texts.js';
import { maskAddress } from './addresses.js';

export const DAY_MILLIS = 86_400_000;
const ID_DIGITS = 16;

/**
 * The traits from which a visitor ID is derived. Stronger sources of an ID are the option `visitorId` or the cookie (callbacks.ts), a route,
 * `annotate` or an attribute (hit-builder.ts), and `beforeSend`.
 */
export interface VisitorTraits {
  /** The address, masked if an option masks addresses. */
  readonly address: string | undefined;
  readonly userAgent: string;
  readonly site: number;
  /** The start of a request on the day of the ID, in epoch milliseconds. */
  readonly startMillis: number;
  /** The digest of an MCP session. It replaces address and user agent, which all users of a hosted client share. */
  readonly session?: string | undefined;
}

/** Returns the key of a UTC day, counted from 1970; `undefined` if it was deleted. */
export type KeyOfDay = (day: number) => Buffer | undefined;

/**
 * Creates the visitor ID of an anonymous client for one UTC day: 16 hex digits of a keyed hash over day, site, address and user agent (or
 * the session). Without the key, the address cannot be derived from it. The next day, the same client is another visitor. Without a key for
 * the day, the ID is random.
 */
export function createToVisitorId(
  key: string | Buffer | KeyOfDay,
): (traits: VisitorTraits) => string {
  const secretOf = createSecretOf(key);
  return function toVisitorId({ address = '', userAgent, site, startMillis, session }) {
    const day = dayOf(startMillis);
    const secret = secretOf(day);
    if (secret === undefined) return randomBytes(ID_DIGITS / 2).toString('hex');
    return keyedId(
      secret,
      session === undefined ? [day, site, address, userAgent] : [day, site, session],
    );
  };
}

/**
 * Creates a keyed hash of a client's address; `undefined` without a key for the day. Addresses of one IPv6 /64 have the same hash, because a
 * client may use all of them. No hash equals a visitor ID.
 */
export function createToClient(
  key: string | Buffer | KeyOfDay,
): (address: string, epochSeconds: number) => string | undefined {
  const secretOf = createSecretOf(key);
  return function toClient(address, epochSeconds) {
    const day = dayOf(epochSeconds * 1000);
    const secret = secretOf(day);
    const network = address.includes(':') ? maskAddress(address, 1) : address;
    return secret && keyedId(secret, ['client', day, network]);
  };
}

/** The secret of a day is derived for each call, so that nothing outlives the key of the day. */
function createSecretOf(key: string | Buffer | KeyOfDay): (day: number) => string | undefined {
  const always = typeof key === 'function' ? undefined : toFixedLength(key);
  return function secretOf(day) {
    const ofDay = typeof key === 'function' ? key(day) : undefined;
    return always ?? (ofDay && toFixedLength(ofDay));
  };
}

/** The UTC day, counted from 1970. */
export function dayOf(epochMillis: number): number {
  return Math.floor(epochMillis / DAY_MILLIS);
}

/** A key that never equals a user agent, because a header contains no line break. */
export function keyOfSession(session: string): string {
  return `session\n${session}`;
}

/** A keyed hash of traits. JSON keeps different lists apart. The hash is cut, so nobody can extend it, and the key may come first. */
export function keyedId(key: string, traits: readonly (string | number)[]): string {
  return copyText(hash('sha256', key + JSON.stringify(traits), 'hex').slice(0, ID_DIGITS));
}

/** Hashes a key to a fixed length, so that key and hashed text cannot be confused. */
export function toFixedLength(key: string | Buffer): string {
  return hash('sha256', key, 'hex');
}

/** The key that all processes with one token share. The token cannot be derived from it. */
export function deriveVisitorKey(tokenAuth: string): string {
  return hash('sha256', `opentelemetry-matomo visitor id\n${tokenAuth}`, 'hex');
}

/** The value of `visitorKey` that means a new key every day. */
export const DAILY = 'daily';

/**
 * The permanent key that processes with the same options share; `undefined` if there is none. A key in a spool does not count, because it
 * does not exist before the spool does.
 */
export function stableVisitorKey({
  visitorKey,
  tokenAuth,
}: Partial<Record<'visitorKey' | 'tokenAuth', string | undefined>>): string | undefined {
  if (visitorKey === DAILY) return undefined;
  if (visitorKey !== undefined) return visitorKey;
  return tokenAuth === undefined ? undefined : deriveVisitorKey(tokenAuth);
}

const VISITOR_COOKIE = /(?:^|;\s*)_pk_id\.(\d+)(?:\.[\da-f]+)?=([\da-f]{16})(?=\.|%2E|;|$)/gi;

/** The visitor of Matomo's JavaScript tracker, 16 hex digits, from its `_pk_id.<site>.<hash>` cookie. */
export function visitorOfCookie(cookies: string | undefined, site: number): string | undefined {
  if (cookies === undefined) return undefined;
  for (const [, ofSite, visitor] of cookies.matchAll(VISITOR_COOKIE)) {
    if (ofSite === String(site)) return visitor?.toLowerCase();
  }
  return undefined;
}

const RANGE = 2 ** 32;

/**
 * Whether a visitor is in the sample. The first 32 bits of the SHA-256 of its name decide, so processes with the same rate and the same name
 * get the same result.
 */
export function isInSample(name: string, rate: number): boolean {
  return rate >= 1 || Number.parseInt(hash('sha256', name, 'hex').slice(0, 8), 16) < rate * RANGE;
}
