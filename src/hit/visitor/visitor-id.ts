import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { copyText, PairCache } from '../../common/generation-cache.js';
import { type Field, FieldGroup, rawField } from '../field.js';

const DAY_MILLIS = 86_400_000;
const ID_BYTES = 8;
/** Visitors who are remembered: to compute an ID takes longer than all else of a hit. */
const MAX_VISITORS = 40_000;

/** What a visitor ID is made of. */
export interface VisitorTraits {
  /** Masked, if addresses are. */
  readonly address: string | undefined;
  /** As it is sent. */
  readonly userAgent: string;
  readonly site: number;
  readonly startMillis: number;
  /** Of MCP, as a digest. It takes the place of address and user agent, which all users of a hosted client share. */
  readonly session?: string | undefined;
}

/** Whom Matomo counts, for one site and one UTC day. */
export interface Visitor {
  readonly site: number;
  readonly day: number;
  /** `undefined` if none is sent. */
  readonly id: string | undefined;
  /** Site, address and visitor ID, as they are sent: the beginning of a hit. */
  readonly fields: FieldGroup;
}

/** Returns the key of a UTC day, counted from 1970; `undefined` if it was deleted. */
export type KeyOfDay = (day: number) => KeyObject | undefined;

/**
 * The visitor ID of an anonymous client for one UTC day: 16 hex digits of an HMAC over address and user agent, or session, site and date.
 * Without the key, the address cannot be derived from it, and the next day the same client is another visitor.
 * Without a key for the day, the ID is random.
 */
export function createToVisitorId(
  key: string | Buffer | KeyOfDay,
): (traits: VisitorTraits) => string {
  const always = typeof key === 'function' ? undefined : toSecret(key);
  const keyOfDay = typeof key === 'function' ? key : () => always;
  return function toVisitorId({ address = '', userAgent, site, startMillis, session }) {
    const day = Math.floor(startMillis / DAY_MILLIS);
    const secret = keyOfDay(day);
    if (secret === undefined) return randomBytes(ID_BYTES).toString('hex');
    const who = session === undefined ? `${address}\n${userAgent}` : keyOfSession(session);
    return keyedId(secret, `${day}\n${site}\n${who}`);
  };
}

/** Differs from every user agent: a header contains no line break. */
function keyOfSession(session: string): string {
  return `session\n${session}`;
}

/** Finds what is sent of a visitor. Visitors are not remembered if their IDs must not be linked to addresses later. */
export function createToVisitor(
  toSite: (site: number) => FieldGroup,
  toAddress: (address: string) => Field | undefined,
  toId: (traits: VisitorTraits) => string | undefined,
  areRemembered = true,
): (traits: VisitorTraits) => Visitor {
  const visitors = new PairCache<string, string, Visitor>(MAX_VISITORS);
  return function toVisitor(traits) {
    const { address, userAgent, site, startMillis, session } = traits;
    const day = Math.floor(startMillis / DAY_MILLIS);
    const who = session === undefined ? userAgent : keyOfSession(session);
    const known = visitors.get(who, address ?? '');
    if (known && known.day === day && known.site === site) return known;
    const id = toId(traits);
    const fields = new FieldGroup([
      ...toSite(site).fields,
      address === undefined ? undefined : toAddress(copyText(address)),
      id === undefined ? undefined : rawField('cid', id),
    ]);
    const visitor = { site, day, id, fields };
    if (areRemembered) visitors.set(who, address ?? '', visitor);
    return visitor;
  };
}

/** 16 hex digits of an HMAC. */
function keyedId(secret: KeyObject, text: string): string {
  const digest = createHmac('sha256', secret).update(text).digest();
  return digest.toString('hex', 0, ID_BYTES); // a slice of a longer text would be slower to compare
}

/** Makes IDs of texts with one key. */
export function createToKeyedId(key: string | Buffer): (text: string) => string {
  const secret = toSecret(key);
  return (text) => keyedId(secret, text);
}

/** Node.js 24 takes six times as long with the bytes of a key. */
function toSecret(key: string | Buffer): KeyObject {
  return createSecretKey(Buffer.from(key));
}

/** The key that all processes with one token share. The token cannot be derived from it. */
export function deriveVisitorKey(tokenAuth: string): Buffer {
  return createHmac('sha256', tokenAuth).update('opentelemetry-matomo visitor id').digest();
}

/** The word for a new key every day. */
export const DAILY = 'daily';

/**
 * The key that stays and that processes with the same options share; `undefined` if there is none. One that is stored in a spool does
 * not count: it is not there before the spool is.
 */
export function stableVisitorKey({
  visitorKey,
  tokenAuth,
}: {
  readonly visitorKey?: string | undefined;
  readonly tokenAuth?: string | undefined;
}): string | Buffer | undefined {
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
