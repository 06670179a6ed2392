import { toText } from './cell.js';
import { type HitOrigin, isBotAddress, readUserAgent } from './hit-origin.js';
import { isKnownBot } from './known-bots.js';
import type { Parameters } from './read-tracker-request.js';
import { toInteger } from './to-number.js';

/** A few of the many names that Matomo treats as referrer spam. */
const SPAM_REFERRERS = /semalt\.com|darodar\.com|buttons-for-website\.com/i;

/** Why Matomo silently drops a hit; `undefined` if it does not. `findSpam` applies the plugin TrackingSpamPrevention. */
export function findExclusion(
  parameters: Parameters,
  { headers, address }: HitOrigin,
  findSpam: () => string | undefined,
): string | undefined {
  if (!toInteger(parameters.bots)) {
    if (isKnownBot(readUserAgent(parameters, { headers })))
      return 'ua: a bot, and bots=1 is not set';
    if (isBotAddress(toText(parameters.cip) || address)) {
      return 'cip: an address of bots, and bots=1 is not set';
    }
  }
  const spam = findSpam();
  if (spam !== undefined) return spam;
  if (SPAM_REFERRERS.test(toText(parameters.urlref))) return 'urlref: referrer spam';
  const isPrefetch = headers['x-moz'] === 'prefetch' || headers['x-purpose'] === 'preview';
  return isPrefetch ? 'X-Moz or X-Purpose: a prefetch' : undefined;
}
