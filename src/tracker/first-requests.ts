import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import type { HttpRequest } from '../hit/http-request.js';
import { createIsInRanges, NAMED_RANGES } from '../hit/visitor/addresses.js';
import type { Request } from '../request/request.js';
import type { IgnoreReason } from './reasons.js';

/** The number of requests that are watched: if all are ignored, or most come through a proxy, that is no coincidence. */
const ENOUGH = 20;

/** Reasons that do not show that pages reach this process. */
const NOISE: ReadonlySet<IgnoreReason> = new Set(['static', 'prefetch', 'mcp']);

/**
 * Logs once if the first 20 requests were all ignored for reasons that usually concern only some of them; and once if more than half of the
 * first 20 that were tracked came through a proxy with a private address, and `trustProxy` is not set: its clients are few visitors then.
 * Returns a function to call for each request until it returns false.
 */
export function createCountFirst(
  trustProxy: unknown,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): (http: HttpRequest, request: Request, reason: IgnoreReason | undefined) => boolean {
  const isPrivate = createIsInRanges([...NAMED_RANGES.keys()]);
  const noise: IgnoreReason[] = [];
  let isNoise = true;
  let tracked = trustProxy === false ? 0 : ENOUGH;
  let forwarded = 0;

  return function countFirst({ address = '' }, request, reason) {
    isNoise &&= reason !== undefined && NOISE.has(reason);
    if (isNoise && reason) noise.push(reason);
    if (isNoise && noise.length === ENOUGH) {
      const text = `The first ${ENOUGH} requests were all ignored (${[...new Set(noise)].join(', ')}). Matomo has received nothing yet. If this process serves pages, check that their requests reach it; to track static files, set staticFiles to track.`;
      diagnostics.warnOnce('all-ignored', coded('all-ignored', text));
      isNoise = false;
    }
    if (reason === undefined && tracked < ENOUGH) {
      tracked += 1;
      if (request.header('x-forwarded-for') !== undefined && isPrivate(address)) forwarded += 1;
      if (tracked === ENOUGH && forwarded > ENOUGH / 2) {
        const text = `Of the first ${ENOUGH} requests, ${forwarded} came from a private or loopback address with X-Forwarded-For: a proxy is in front of this server, and trustProxy is not set. All of its clients with the same user agent are one visitor. Set MATOMO_TRUST_PROXY: 1 for one proxy, 2 for two; docs/proxies.md has more.`;
        diagnostics.warnOnce('proxy-not-trusted', coded('proxy-not-trusted', text));
      }
    }
    return isNoise || tracked < ENOUGH;
  };
}
