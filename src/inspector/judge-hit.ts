import { dropped, type HitOutcome, invalid } from './hit-outcome.js';
import { MAX_AGE_WITHOUT_TOKEN, toHitTime } from './hit-time.js';
import type { FindSite } from './inspector-options.js';
import { isKnownBot } from './known-bots.js';
import type { Parameters } from './read-tracker-request.js';
import { storeAction } from './store-action.js';
import { toInteger } from './to-integer.js';

/** What a hit is judged by besides its own parameters. */
export interface HitContext {
  readonly findSite: FindSite;
  /** Whether the token of the request or of the hit may write to a site. */
  readonly mayWrite: (site: number) => boolean;
  /** Epoch seconds. */
  readonly now: number;
  readonly userAgent: string;
}

const NEED_TOKEN = ['cip', 'country', 'region', 'city', 'lat', 'long'];

/** Applies the tracker's rules to one hit, in Matomo's order: the site and the token come first. */
export function judgeHit(parameters: Parameters, context: HitContext): HitOutcome {
  const siteId = toInteger(parameters.idsite) ?? 0;
  const site = context.findSite(siteId);
  if (site === undefined) return invalid('idsite: there is no such site');

  const time = toHitTime(parameters, context.now);
  const needsToken =
    NEED_TOKEN.find((name) => parameters[name]) ??
    (context.now - time >= MAX_AGE_WITHOUT_TOKEN ? 'cdt' : undefined);
  if (needsToken !== undefined && !context.mayWrite(siteId)) {
    return invalid(`${needsToken}: needs the token of a user who may write`);
  }
  if (!toInteger(parameters.rec)) return dropped('rec is not 1');
  if (!toInteger(parameters.bots) && isKnownBot(parameters.ua || context.userAgent)) {
    return dropped('ua: a bot, and bots=1 is not set');
  }
  const cid = parameters.cid;
  if (cid && cid !== '0' && !parameters.uid && Buffer.byteLength(cid) !== 16) {
    return invalid('cid: not 16 characters');
  }
  return storeAction(parameters, { site, siteId, time });
}
