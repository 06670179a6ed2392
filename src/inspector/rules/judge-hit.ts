import type { FindSite } from '../inspector-options.js';
import type { Access } from './authenticate.js';
import { toText } from './cell.js';
import { convertGoal, hasUnknownGoal, UNKNOWN_GOAL } from './convert-goal.js';
import { findExclusion } from './exclude-hit.js';
import { findVisit } from './find-visit.js';
import { type HitOrigin, readUserAgent } from './hit-origin.js';
import { dropped, type HitOutcome, invalid, refused, tracked } from './hit-outcome.js';
import { toHitTime } from './hit-time.js';
import { isKnownBot } from './known-bots.js';
import type { ChatbotRules } from './matomo-version.js';
import type { Parameters } from './read-tracker-request.js';
import { readRecMode } from './rec-mode.js';
import type { RowTransaction } from './row-memory.js';
import type { SpamRules } from './spam-prevention.js';
import { storeAction } from './store-action.js';
import { storeAiRequest } from './store-ai-request.js';
import { toInteger } from './to-number.js';
import { readTrackedUrl } from './tracked-url.js';

/** What the rules need besides the parameters of a hit. */
export interface HitContext {
  readonly findSite: FindSite;
  readonly chatbots: ChatbotRules;
  /** `undefined` if the plugin TrackingSpamPrevention is not active. */
  readonly spamRules: SpamRules | undefined;
  readonly writeAccess: (site: number) => Access;
  /** Time of arrival in epoch seconds. */
  readonly now: number;
  readonly origin: HitOrigin;
  readonly rows: RowTransaction;
}

const LOCATION = ['country', 'region', 'city', 'lat', 'long'];
const MAX_AGE_WITHOUT_TOKEN = 86_400; // seconds

/**
 * Applies the tracker's rules to one hit. Matomo 5.7 and later first decide by `recMode` and the user agent whether it is a
 * request by a bot, a part of a visit, or neither.
 */
export function judgeHit(parameters: Parameters, context: HitContext): HitOutcome {
  if (Object.keys(parameters).length === 0) return dropped('a hit without parameters');
  const { chatbots, origin } = context;
  const mode = chatbots.readsRecMode ? readRecMode(parameters.recMode) : 'visit';
  if (mode === 'visit') return judgeVisit(parameters, context);
  const userAgent = readUserAgent(parameters, origin);
  const name = chatbots.findName(userAgent);
  const isBot = name !== undefined || isKnownBot(userAgent);
  if (mode !== 'other' && isBot) return judgeBot(parameters, name, context);
  return mode === 'detect' ? judgeVisit(parameters, context) : discard(parameters, context);
}

/** The rules for visits do not apply to a bot: `rec`, exclusions, and checks of `cid` and `cip`. */
function judgeBot(
  parameters: Parameters,
  name: string | undefined,
  context: HitContext,
): HitOutcome {
  const siteId = toInteger(parameters.idsite) ?? 0;
  if (context.findSite(siteId) === undefined) return invalid('idsite: there is no such site');
  const time = readTime(parameters, LOCATION, siteId, context);
  if (typeof time === 'object') return time;
  if (name === undefined) return dropped('ua: not an AI chatbot that this Matomo reports');
  return storeAiRequest(parameters, {
    siteId,
    time,
    name,
    pageUrl: readPageUrl(parameters, context.origin),
    cleansUrls: context.chatbots.cleansUrls,
    rows: context.rows,
  });
}

/** Discards a hit. Matomo checks its time before that, but not its site. */
function discard(parameters: Parameters, context: HitContext): HitOutcome {
  const time = readTime(parameters, [], toInteger(parameters.idsite) ?? 0, context);
  if (typeof time === 'object') return time;
  return dropped('recMode: only for bots, and ua is not a bot');
}

function judgeVisit(parameters: Parameters, context: HitContext): HitOutcome {
  const siteId = toInteger(parameters.idsite) ?? 0;
  const site = context.findSite(siteId);
  if (site === undefined) return invalid('idsite: there is no such site');
  const time = readTime(parameters, ['cip', ...LOCATION], siteId, context);
  if (typeof time === 'object') return time;
  if (!toInteger(parameters.rec)) return dropped('rec: not 1');
  const { spamRules, origin, rows } = context;
  const exclusion = findExclusion(parameters, origin, () =>
    spamRules?.findSpam(parameters, origin, rows),
  );
  if (exclusion !== undefined) return dropped(exclusion);
  if (hasInvalidVisitorId(parameters)) return invalid('cid: not 16 bytes');
  const visit = { siteId, time };
  const busy = spamRules?.findBusyVisit(parameters, origin, visit, rows);
  if (busy !== undefined) return dropped(busy);

  const pageUrl = readPageUrl(parameters, origin);
  const url = readTrackedUrl(pageUrl);
  // Any other number is a page view.
  if (toInteger(parameters.ping) === 1) {
    if (toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
    return hasUnknownGoal(parameters, site) ? invalid(UNKNOWN_GOAL) : tracked(null, 'a ping');
  }
  const { findsAssistants } = context.chatbots;
  const referrerContext = { ...visit, site, pageUrl, findsAssistants };
  const { startsVisit, referrer, save } = findVisit(parameters, origin, referrerContext, rows);
  const action = { site, siteId, time, url, startsVisit };
  const outcome = convertGoal(parameters, action, rows) ?? storeAction(parameters, action, rows);
  if (outcome.stored !== null) spamRules?.countAction(parameters, origin, visit, rows);
  if (outcome.verdict !== 'tracked' && !outcome.keepsVisit) return outcome;
  save();
  return referrer === undefined ? outcome : { ...outcome, referrer };
}

/** The time of a hit; or its outcome, if the time or a parameter of `names` needs a token that the hit does not have. */
function readTime(
  parameters: Parameters,
  names: readonly string[],
  siteId: number,
  { now, writeAccess }: HitContext,
): number | HitOutcome {
  const time = toHitTime(parameters.cdt, parameters.cdo, now);
  if (time === undefined) return { ...refused('cdt: beyond 64 bits'), fatal: true };
  const needsToken =
    names.find((name) => isGiven(name, toText(parameters[name]))) ??
    (now - time >= MAX_AGE_WITHOUT_TOKEN ? 'cdt' : undefined);
  if (needsToken === undefined) return time;
  switch (writeAccess(siteId)) {
    case 'granted':
      return time;
    case 'denied':
      return invalid(`${needsToken}: needs a token with write access`);
    case 'locked':
      return refused('token_auth: too many failed logins');
  }
}

/** A location of 0 counts as none. */
function isGiven(name: string, text: string): boolean {
  return text !== '' && !(LOCATION.includes(name) && text === '0');
}

/** `uid` wins over `cid`, so an invalid `cid` does not matter if there is a `uid`. */
function hasInvalidVisitorId({ cid, uid }: Parameters): boolean {
  const id = toText(cid);
  return id !== '' && id !== '0' && toText(uid) === '' && Buffer.byteLength(id) !== 16;
}

/** The URL of the page. Without `url` and `urlref`, Matomo uses the Referer header of the request. */
function readPageUrl({ url, urlref }: Parameters, { headers }: HitOrigin): string {
  return toText(url) || (toText(urlref) === '' ? (headers.referer ?? '') : '');
}
