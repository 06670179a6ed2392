import { createHmac } from 'node:crypto';
import { rememberBoth } from '../common/generation-cache.js';
import { createKeyedHash } from './keyed-hash.js';

const MAX_REMEMBERED = 10_000;
const DAY_MILLIS = 86_400_000;
const ID_BYTES = 8;

export interface Visitor {
  readonly address: string | undefined;
  readonly userAgent: string;
  readonly site: number;
  readonly startMillis: number;
}

/**
 * Who a caller without a name is for one UTC day: 16 hex digits of an HMAC over address, user agent, site and date.
 * Without the key nobody can tell the address from it, and tomorrow the same caller is another visitor.
 */
export function createToVisitorId(key: string | Buffer): (visitor: Visitor) => string {
  const keyedHash = createKeyedHash(key);
  const newest = rememberBoth(
    (_userAgent: string, _address: string) => ({ id: '', day: 0, site: 0 }),
    MAX_REMEMBERED,
  );
  return function toVisitorId({ address = '', userAgent, site, startMillis }) {
    const day = Math.floor(startMillis / DAY_MILLIS);
    const known = newest(userAgent, address);
    if (known.day !== day || known.site !== site) {
      known.id = keyedHash(`${day}\n${site}\n${address}\n${userAgent}`, ID_BYTES);
      known.day = day;
      known.site = site;
    }
    return known.id;
  };
}

/** The key that all processes with one token agree on; the token cannot be told from it. */
export function deriveVisitorKey(tokenAuth: string): Buffer {
  return createHmac('sha256', tokenAuth).update('opentelemetry-matomo visitor id').digest();
}
