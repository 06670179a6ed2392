import { createHmac, createSecretKey } from 'node:crypto';

const DAY_MILLIS = 86_400_000;
const ID_BYTES = 8;

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
  // Node.js 24 takes six times as long with the bytes of a key.
  const secret = createSecretKey(Buffer.from(key));
  return function toVisitorId({ address = '', userAgent, site, startMillis }) {
    const text = `${Math.floor(startMillis / DAY_MILLIS)}\n${site}\n${address}\n${userAgent}`;
    const digest = createHmac('sha256', secret).update(text).digest();
    return digest.toString('hex', 0, ID_BYTES); // a slice of a longer text would be slower to compare
  };
}

/** The key that all processes with one token share. The token cannot be derived from it. */
export function deriveVisitorKey(tokenAuth: string): Buffer {
  return createHmac('sha256', tokenAuth).update('opentelemetry-matomo visitor id').digest();
}
