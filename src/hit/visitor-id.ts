import { createHmac } from 'node:crypto';
import { PairCache } from '../common/generation-cache.js';

const MAX_CALLERS = 10_000;
const DAY_MILLIS = 86_400_000;
const ID_DIGITS = 16;

export interface Visitor {
  readonly address: string | undefined;
  readonly userAgent: string;
  readonly site: number;
  readonly startMillis: number;
}

/**
 * The visitor ID of an anonymous caller for one UTC day: 16 hex digits of an HMAC over address, user agent, site and date.
 * Without the key, the address cannot be derived from it, and the next day the same caller is another visitor.
 */
export function createToVisitorId(key: string | Buffer): (visitor: Visitor) => string {
  const newest = new PairCache<string, string, { id: string; day: number; site: number }>(
    MAX_CALLERS,
  );
  return function toVisitorId({ address = '', userAgent, site, startMillis }) {
    const day = Math.floor(startMillis / DAY_MILLIS);
    const known = newest.get(userAgent, address);
    if (known && known.day === day && known.site === site) return known.id;
    const text = `${day}\n${site}\n${address}\n${userAgent}`;
    const digest = createHmac('sha256', key).update(text).digest();
    const id = digest.toString('hex', 0, ID_DIGITS / 2); // a slice of a longer text is slower to compare and sort
    newest.set(userAgent, address, { id, day, site });
    return id;
  };
}

/** The key that all processes with one token share. The token cannot be derived from it. */
export function deriveVisitorKey(tokenAuth: string): Buffer {
  return createHmac('sha256', tokenAuth).update('opentelemetry-matomo visitor id').digest();
}
