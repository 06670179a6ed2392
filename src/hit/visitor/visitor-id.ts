import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

const DAY_MILLIS = 86_400_000;
const ID_BYTES = 8;

export interface Visitor {
  readonly address: string | undefined;
  readonly userAgent: string;
  readonly site: number;
  readonly startMillis: number;
}

/** Returns the key of a UTC day, counted from 1970; `undefined` if it was deleted. */
export type KeyOfDay = (day: number) => KeyObject | undefined;

/**
 * The visitor ID of an anonymous caller for one UTC day: 16 hex digits of an HMAC over address, user agent, site and date.
 * Without the key, the address cannot be derived from it, and the next day the same caller is another visitor.
 * Without a key for the day, the ID is random.
 */
export function createToVisitorId(key: string | Buffer | KeyOfDay): (visitor: Visitor) => string {
  const keyOfDay = typeof key === 'function' ? key : always(key);
  return function toVisitorId({ address = '', userAgent, site, startMillis }) {
    const day = Math.floor(startMillis / DAY_MILLIS);
    const secret = keyOfDay(day);
    if (secret === undefined) return randomBytes(ID_BYTES).toString('hex');
    return keyedId(secret, `${day}\n${site}\n${address}\n${userAgent}`);
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

function always(key: string | Buffer): KeyOfDay {
  const secret = toSecret(key);
  return () => secret;
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
