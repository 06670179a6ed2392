import type { Referrer } from '../inspected-hit.js';
import { toText } from './cell.js';
import { findReferrer, type ReferrerContext } from './find-referrer.js';
import { type HitOrigin, readUserAgent } from './hit-origin.js';
import type { Parameters } from './read-tracker-request.js';
import type { RowTransaction } from './row-memory.js';
import { type ParameterValue, toInteger } from './to-number.js';

/** What a later hit needs to know about a visit. */
interface Visit {
  /** Time of the latest action in epoch seconds. */
  readonly lastAction: number;
  readonly userId: string;
  readonly referrer: Referrer;
}

/** The visit of a hit. */
export interface FoundVisit {
  readonly startsVisit: boolean;
  /** The referrer that the hit gives to the visit; `undefined` if the visit keeps its own. */
  readonly referrer: Referrer | undefined;
  /** Stores the visit with this hit. */
  save(): void;
}

const VISIT_SECONDS = 1800;
const DAY_SECONDS = 86_400;

/**
 * Finds the visit that a hit joins, unless it has `new_visit=1`: by `uid` or else `cid`, and without `cid` also by address,
 * user agent and language. The inspector compares user agents as text; Matomo compares the browser and the operating system
 * that it finds in them.
 */
export function findVisit(
  parameters: Parameters,
  origin: HitOrigin,
  context: ReferrerContext & { siteId: number; time: number },
  rows: RowTransaction,
): FoundVisit {
  const { siteId, time } = context;
  const { cip, lang, cid, uid } = parameters;
  const userId = toId(uid);
  const visitorId = userId === '' ? toId(cid) : '';
  const isNamed = userId !== '' || visitorId !== '';
  const ownKey = `visit/${siteId}/${JSON.stringify([userId, visitorId])}`;
  const sender = [
    toText(cip) || origin.address,
    readUserAgent(parameters, origin),
    (toText(lang) || (origin.headers['accept-language'] ?? '')).replace(/;q=[\d.]*/g, ''),
  ];
  const senderKey = `visit/${siteId}/${JSON.stringify(sender)}`;

  function read(key: string): Visit | undefined {
    const row = rows.get(key);
    const visit = row === undefined ? undefined : (JSON.parse(row) as Visit);
    return visit !== undefined && isRunning(visit, time) ? visit : undefined;
  }

  const own = isNamed ? read(ownKey) : undefined;
  const ofSender = isNamed && userId === '' ? undefined : read(senderKey);
  const isOther = userId !== '' && ofSender?.userId !== '' && ofSender?.userId !== userId;
  const joined = own ?? (isOther ? undefined : ofSender);
  const referrer = findReferrer(parameters, context, joined?.referrer);
  const isForced = toInteger(parameters.new_visit) === 1;
  const running =
    isForced || (joined && isOtherCampaign(joined.referrer, referrer)) ? undefined : joined;
  const isGiven = running === undefined || running.referrer.kind === 'direct';
  const isChange = running === undefined || referrer.kind !== 'direct';
  return {
    startsVisit: running === undefined,
    referrer: isGiven && isChange ? referrer : undefined,
    save() {
      const visit: Visit = {
        lastAction: Math.max(time, running?.lastAction ?? 0),
        userId: userId || (running?.userId ?? ''),
        referrer: isGiven ? referrer : running.referrer,
      };
      for (const key of isNamed ? [ownKey, senderKey] : [senderKey]) {
        rows.set(key, JSON.stringify(visit));
      }
    },
  };
}

/** A user ID or visitor ID as it is compared: without case, and `0` is none. */
function toId(value: ParameterValue): string {
  const id = toText(value).toLowerCase();
  return id === '0' ? '' : id;
}

/** A campaign starts a visit, unless the visit so far is direct or has the same one. */
function isOtherCampaign(before: Referrer, { kind, ...after }: Referrer): boolean {
  return (
    kind === 'campaign' &&
    before.kind !== 'direct' &&
    (before.kind !== kind ||
      before.referer_name !== after.referer_name ||
      before.referer_keyword !== after.referer_keyword)
  );
}

/** A visit ends after half an hour without an action, and at midnight. */
function isRunning({ lastAction }: Visit, time: number): boolean {
  const isSameDay = Math.floor(lastAction / DAY_SECONDS) === Math.floor(time / DAY_SECONDS);
  return isSameDay && Math.abs(time - lastAction) < VISIT_SECONDS;
}
