import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { HttpRequest } from '../hit/http-request.js';
import { createIsInRanges, NAMED_RANGES } from '../hit/visitor/addresses.js';
import type { Request } from '../request/request.js';

/** The number of tracked requests that are checked. If most of so many come through a proxy, that is not a coincidence. */
const ENOUGH = 20;

/**
 * Logs once if more than half of the first 20 tracked requests came through a proxy with a private address while `trustProxy` is not set. In such a
 * setup, many clients become one visitor. Returns a function to call for each tracked request until it returns false.
 */
export function createCountForwarded(
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): (http: HttpRequest, request: Request) => boolean {
  const isPrivate = createIsInRanges([...NAMED_RANGES.keys()]);
  let tracked = 0;
  let forwarded = 0;

  return function countForwarded({ address = '' }, request) {
    tracked += 1;
    if (request.header('x-forwarded-for') !== undefined && isPrivate(address)) forwarded += 1;
    if (tracked < ENOUGH) return true;
    if (forwarded > ENOUGH / 2) {
      const text = `Of the first ${ENOUGH} requests, ${forwarded} came from a private or loopback address with X-Forwarded-For: a proxy is in front of this server, and trustProxy is not set. All of its clients with the same user agent are one visitor. Set MATOMO_TRUST_PROXY: 1 for one proxy, 2 for two; docs/proxies.md has more.`;
      diagnostics.warnOnce('proxy-not-trusted', coded('proxy-not-trusted', text));
    }
    return false;
  };
}
