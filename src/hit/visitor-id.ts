import { createHmac } from 'node:crypto';

const MAX_REMEMBERED = 10_000;
const DAY_MILLIS = 86_400_000;

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
  const remembered = new Map<string, string>();
  return function toVisitorId({ address = '', userAgent, site, startMillis }) {
    const caller = `${Math.floor(startMillis / DAY_MILLIS)}\n${site}\n${address}\n${userAgent}`;
    let id = remembered.get(caller);
    if (id === undefined) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      id = createHmac('sha256', key).update(caller).digest('hex').slice(0, 16);
      remembered.set(caller, id);
    }
    return id;
  };
}

/** The key that all processes with one token agree on; the token cannot be told from it. */
export function deriveVisitorKey(tokenAuth: string): Buffer {
  return createHmac('sha256', tokenAuth).update('opentelemetry-matomo visitor id').digest();
}
