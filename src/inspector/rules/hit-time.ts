import { fitsInto64Bits, type ParameterValue, toInteger, toNumber } from './to-number.js';

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
export function toHitTime(
  cdt: ParameterValue,
  cdo: ParameterValue,
  now: number,
): number | undefined {
  const number = toNumber(cdt);
  if (number !== undefined && !fitsInto64Bits(String(cdt), number)) return undefined;
  const sent = number === undefined ? readTime(cdt, now) : Math.trunc(number);
  if (sent === undefined && typeof cdt === 'string' && cdt !== '') return now;
  const time = (isPlausible(sent, now) ? sent : now) - Math.abs(toInteger(cdo) ?? 0);
  return isPlausible(time, now) ? time : now;
}

function isPlausible(time: number | undefined, now: number): time is number {
  return time !== undefined && time <= now && time > now - MAX_AGE_SECONDS;
}

/** The part of PHP's `strtotime` that was measured. Times without a zone are UTC. */
function readTime(text: ParameterValue, now: number): number | undefined {
  if (typeof text !== 'string') return undefined;
  const [, date, time = '00:00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text.trim(),
    ) ?? [];
  if (date !== undefined) return toSeconds(`${date}T${time}${zone}`);
  return readRelativeTime(text.trim().toLowerCase(), now);
}

function readRelativeTime(text: string, now: number): number | undefined {
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
