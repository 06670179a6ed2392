import type { Access } from './authenticate.js';
import { toText } from './cell.js';
import { convertGoal, hasUnknownGoal, UNKNOWN_GOAL } from './convert-goal.js';
import { findExclusion, type HitOrigin } from './exclude-hit.js';
import { dropped, type HitOutcome, invalid, refused, tracked } from './hit-outcome.js';
import { toHitTime } from './hit-time.js';
import type { FindSite } from './inspector-options.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import { storeAction } from './store-action.js';
import { toInteger } from './to-number.js';
import { readTrackedUrl } from './tracked-url.js';

/** What a hit is judged by besides its own parameters. */
export interface HitContext {
  readonly findSite: FindSite;
  readonly writeAccess: (site: number) => Access;
  /** Epoch seconds. */
  readonly now: number;
  readonly origin: HitOrigin;
  readonly rows: RowTransaction;
}

const NEED_TOKEN = ['cip', 'country', 'region', 'city', 'lat', 'long'];
const MAX_AGE_WITHOUT_TOKEN = 86_400; // seconds

/** Applies the tracker's rules to one hit, in Matomo's order: the site and the token come first. */
export function judgeHit(parameters: Parameters, context: HitContext): HitOutcome {
  if (Object.keys(parameters).length === 0) return dropped('a hit without parameters');
  const siteId = toInteger(parameters.idsite) ?? 0;
  const site = context.findSite(siteId);
  if (site === undefined) return invalid('idsite: there is no such site');

  const time = toHitTime(parameters.cdt, parameters.cdo, context.now);
  if (time === undefined) return { ...refused('cdt: beyond 64 bits'), fatal: true };
  const needsToken =
    NEED_TOKEN.find((name) => toText(parameters[name]) !== '') ??
    (context.now - time >= MAX_AGE_WITHOUT_TOKEN ? 'cdt' : undefined);
  if (needsToken !== undefined) {
    const access = context.writeAccess(siteId);
    if (access === 'denied')
      return invalid(`${needsToken}: needs the token of a user who may write`);
    if (access === 'locked') return refused('token_auth: too many failed log-ins');
  }
  if (!toInteger(parameters.rec)) return dropped('rec: not 1');
  const exclusion = findExclusion(parameters, context.origin);
  if (exclusion !== undefined) return dropped(exclusion);
  if (hasBadVisitorId(parameters)) return invalid('cid: not 16 bytes');

  const url = readTrackedUrl(toText(parameters.url) || readReferrer(parameters, context.origin));
  if (toInteger(parameters.ping)) {
    if (toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
    return hasUnknownGoal(parameters, site) ? invalid(UNKNOWN_GOAL) : tracked(null, 'a ping');
  }
  const action = { site, siteId, time, url };
  return (
    convertGoal(parameters, action, context.rows) ?? storeAction(parameters, action, context.rows)
  );
}

/** `uid` wins over `cid`, so that a bad one beside it does no harm. */
function hasBadVisitorId({ cid, uid }: Parameters): boolean {
  const id = toText(cid);
  return id !== '' && id !== '0' && toText(uid) === '' && Buffer.byteLength(id) !== 16;
}

/** A hit without `url` and `urlref` is taken for one of the page that its request names. */
function readReferrer({ urlref }: Parameters, { headers }: HitOrigin): string {
  return toText(urlref) === '' ? (headers.referer ?? '') : '';
}
