import type { FindSite } from '../sites.js';
import { toText } from './cell.js';
import { findVisit } from './find-visit.js';
import {
  dropped,
  type HitOutcome,
  invalid,
  isBotAddress,
  isKnownBot,
  type JudgedHit,
  refused,
  tracked,
} from './judged-hit.js';
import { fitsInto64Bits, type ParameterValue, toInteger, toNumber } from './php-values.js';
import type { Parameters, TrackerRequest } from './read-tracker-request.js';
import type { FindSpam } from './spam-prevention.js';
import { storeAction } from './store-action.js';
import { type ChatbotRules, storeAiRequest } from './store-ai-request.js';
import { convertGoal, hasUnknownGoal, UNKNOWN_GOAL } from './store-conversion.js';
import { readTrackedUrl } from './tracked-url.js';
import type { Access, RowTransaction } from './tracker-memory.js';

/** What the rules need besides the parameters of a hit. */
interface HitContext {
  readonly findSite: FindSite;
  readonly chatbots: ChatbotRules;
  /** Whether the plugin CustomVariables is active. */
  readonly customVariables: boolean;
  /** `undefined` if the plugin TrackingSpamPrevention is not active. */
  readonly findSpam: FindSpam | undefined;
  readonly writeAccess: (site: number) => Access;
  /** Time of arrival in epoch seconds. */
  readonly now: number;
  readonly request: TrackerRequest;
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
  const { chatbots, request } = context;
  const mode = chatbots.readsRecMode ? readRecMode(parameters.recMode) : 'visit';
  if (mode === 'visit') return judgeVisit(parameters, context);
  const userAgent = readUserAgent(parameters, request);
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
  const hit = readHit(parameters, LOCATION, context);
  if ('verdict' in hit) return hit;
  if (name === undefined) return dropped('ua: not an AI chatbot that this Matomo reports');
  return storeAiRequest(hit, name, context.chatbots.cleansUrls);
}

/** Discards a hit. Matomo checks its time before that, but not its site. */
function discard(parameters: Parameters, context: HitContext): HitOutcome {
  const time = readTime(parameters, [], toInteger(parameters.idsite) ?? 0, context);
  if (typeof time === 'object') return time;
  return dropped('recMode: only for bots, and ua is not a bot');
}

function judgeVisit(parameters: Parameters, context: HitContext): HitOutcome {
  const hit = readHit(parameters, ['cip', ...LOCATION], context);
  if ('verdict' in hit) return hit;
  if (!toInteger(parameters.rec)) return dropped('rec: not 1');
  const { findSpam, customVariables, chatbots } = context;
  const exclusion = findExclusion(hit, findSpam);
  if (exclusion !== undefined) return dropped(exclusion);
  if (hasInvalidVisitorId(parameters)) return invalid('cid: not 16 bytes');

  // Any other number is a page view.
  if (toInteger(parameters.ping) === 1) {
    if (toInteger(parameters.ca)) return refused('ca: needs CrashAnalytics');
    return hasUnknownGoal(hit) ? invalid(UNKNOWN_GOAL) : tracked(null, 'a ping');
  }
  const { startsVisit, referrer, save } = findVisit(hit, chatbots.findsAssistants);
  const action = { ...hit, url: readTrackedUrl(hit.pageUrl), startsVisit, customVariables };
  const outcome = convertGoal(action) ?? storeAction(action);
  if (outcome.verdict !== 'tracked' && !outcome.keepsVisit) return outcome;
  save();
  return referrer === undefined ? outcome : { ...outcome, referrer };
}

/** A hit of a site; or its outcome, if its site does not exist, or if it needs a token for its time or a parameter of `names`. */
function readHit(
  parameters: Parameters,
  names: readonly string[],
  context: HitContext,
): JudgedHit | HitOutcome {
  const siteId = toInteger(parameters.idsite) ?? 0;
  const site = context.findSite(siteId);
  if (site === undefined) return invalid('idsite: there is no such site');
  const time = readTime(parameters, names, siteId, context);
  if (typeof time === 'object') return time;
  const { request, rows } = context;
  const { cip, url, urlref } = parameters;
  const { referer = '' } = request.headers;
  return {
    parameters,
    headers: request.headers,
    address: toText(cip) || request.address,
    userAgent: readUserAgent(parameters, request),
    pageUrl: toText(url) || (toText(urlref) === '' ? referer : ''),
    siteId,
    site,
    time,
    rows,
  };
}

function readUserAgent({ ua }: Parameters, { headers }: TrackerRequest): string {
  return toText(ua) || (headers['user-agent'] ?? '');
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
    names.find((name) => isSet(name, toText(parameters[name]))) ??
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
function isSet(name: string, text: string): boolean {
  return text !== '' && !(LOCATION.includes(name) && text === '0');
}

/** `uid` wins over `cid`, so an invalid `cid` does not matter if there is a `uid`. */
function hasInvalidVisitorId({ cid, uid }: Parameters): boolean {
  const id = toText(cid);
  return id !== '' && id !== '0' && toText(uid) === '' && Buffer.byteLength(id) !== 16;
}

/** A few of the many names that Matomo treats as referrer spam. */
const SPAM_REFERRERS = /semalt\.com|darodar\.com|buttons-for-website\.com/i;

/** Why Matomo silently drops a hit; `undefined` if it does not. */
function findExclusion(hit: JudgedHit, findSpam: FindSpam | undefined): string | undefined {
  const { parameters, headers } = hit;
  if (!toInteger(parameters.bots)) {
    if (isKnownBot(hit.userAgent)) return 'ua: a bot, and bots=1 is not set';
    if (isBotAddress(hit.address)) return 'cip: an address of bots, and bots=1 is not set';
  }
  const spam = findSpam?.(hit);
  if (spam !== undefined) return spam;
  if (SPAM_REFERRERS.test(toText(parameters.urlref))) return 'urlref: referrer spam';
  const isPrefetch = headers['x-moz'] === 'prefetch' || headers['x-purpose'] === 'preview';
  return isPrefetch ? 'X-Moz or X-Purpose: a prefetch' : undefined;
}

const MAX_AGE_SECONDS = 20 * 365 * 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  sec: 1,
  second: 1,
  min: 60,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
};

/**
 * The time of a hit in epoch seconds, from `cdt` and `cdo`. A time in the future or more than 20 years ago counts as now,
 * and so does an unreadable `cdt`, whatever `cdo` is. `undefined` if `cdt` is a number beyond 64 bits, for which PHP fails.
 */
function toHitTime(cdt: ParameterValue, cdo: ParameterValue, now: number): number | undefined {
  const number = toNumber(cdt);
  if (number !== undefined && !fitsInto64Bits(String(cdt), number)) return undefined;
  const sent = number === undefined ? parseTime(cdt, now) : Math.trunc(number);
  if (sent === undefined && typeof cdt === 'string' && cdt !== '') return now;
  const time = (isPlausible(sent, now) ? sent : now) - Math.abs(toInteger(cdo) ?? 0);
  return isPlausible(time, now) ? time : now;
}

function isPlausible(time: number | undefined, now: number): time is number {
  return time !== undefined && time <= now && time > now - MAX_AGE_SECONDS;
}

/** The part of PHP's `strtotime` that was measured. Times without a zone are UTC. */
function parseTime(text: ParameterValue, now: number): number | undefined {
  if (typeof text !== 'string') return undefined;
  const [, date, time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text.trim(),
    ) ?? [];
  if (date !== undefined) return toSeconds(`${date}T${time}${zone}`);
  return parseRelativeTime(text.trim().toLowerCase(), now);
}

function parseRelativeTime(text: string, now: number): number | undefined {
  const midnight = now - (now % 86_400);
  if (text === 'now') return now;
  if (text === 'today' || text === 'midnight') return midnight;
  if (text === 'yesterday') return midnight - 86_400;
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (hours !== undefined)
    return midnight + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const [, amount, unit = '', ago] = /^([+-]?\d+) ?([a-z]+?)s?( ago)?$/.exec(text) ?? [];
  const unitSeconds = UNIT_SECONDS[unit];
  if (amount === undefined || unitSeconds === undefined) return undefined;
  return now + Number(amount) * unitSeconds * (ago === undefined ? 1 : -1);
}

function toSeconds(iso: string): number | undefined {
  const millis = Date.parse(iso);
  return Number.isNaN(millis) ? undefined : Math.floor(millis / 1000);
}

/** The meaning of `recMode`. `detect` depends on the user agent; Matomo discards a hit with an `other` value. */
type RecMode = 'visit' | 'bot' | 'detect' | 'other';

/** Reads `recMode` as PHP's `empty` and `(int)` do: `01`, `1abc`, `1.9` and a list are 1. */
function readRecMode(value: ParameterValue): RecMode {
  if (value === undefined || value === '' || value === '0') return 'visit';
  // For PHP, an array and `true` are 1.
  const number = typeof value === 'string' ? Math.trunc(Number.parseFloat(value)) : 1;
  return number === 1 ? 'bot' : number === 2 ? 'detect' : 'other';
}
