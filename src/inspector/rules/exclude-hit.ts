import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { toText } from './cell.js';
import { isKnownBot } from './known-bots.js';
import type { Parameters } from './read-tracker-request.js';
import { toInteger } from './to-number.js';

/** The sender of a hit. */
export interface HitOrigin {
  readonly headers: IncomingHttpHeaders;
  /** IP address of the sender. */
  readonly address: string;
}

/**
 * Networks from which Matomo expects only bots: those of measured addresses that were dropped, as Google and Microsoft
 * announce them, and one address of a scraper.
 */
const BOT_ADDRESSES = createBlockList(`
  64.18.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16 173.194.0.0/16 209.85.128.0/17
  216.239.32.0/19 65.52.0.0/14 157.54.0.0/15 157.56.0.0/14 157.60.0.0/16 207.46.0.0/16
  1.202.218.8/32`);

/** A few of the many names that Matomo treats as referrer spam. */
const SPAM_REFERRERS = /semalt\.com|darodar\.com|buttons-for-website\.com/i;

/** Why Matomo silently drops a hit; `undefined` if it does not. */
export function findExclusion(
  parameters: Parameters,
  { headers, address }: HitOrigin,
): string | undefined {
  if (headers['x-moz'] === 'prefetch' || headers['x-purpose'] === 'preview') {
    return 'X-Moz or X-Purpose: a prefetch';
  }
  if (!toInteger(parameters.bots)) {
    if (isKnownBot(readUserAgent(parameters, { headers })))
      return 'ua: a bot, and bots=1 is not set';
    if (isBotAddress(toText(parameters.cip) || address)) {
      return 'cip: an address of bots, and bots=1 is not set';
    }
  }
  return SPAM_REFERRERS.test(toText(parameters.urlref)) ? 'urlref: referrer spam' : undefined;
}

/** If `ua` is missing or empty, Matomo uses the user agent of the sender. */
export function readUserAgent({ ua }: Parameters, { headers }: Pick<HitOrigin, 'headers'>): string {
  return toText(ua) || (headers['user-agent'] ?? '');
}

function isBotAddress(address: string): boolean {
  return isIP(address) === 4 && BOT_ADDRESSES.check(address);
}

function createBlockList(ranges: string): BlockList {
  const list = new BlockList();
  for (const range of ranges.trim().split(/\s+/)) {
    const [network = '', prefix] = range.split('/');
    list.addSubnet(network, Number(prefix));
  }
  return list;
}
