import type { Parameters } from './read-tracker-request.js';
import { toNumber } from './to-integer.js';

const TWENTY_YEARS = 20 * 365 * 86_400;
/** Older hits need a token, in seconds. */
export const MAX_AGE_WITHOUT_TOKEN = 86_400;

/** The time of a hit in epoch seconds; one in the future or long ago is taken for now. */
export function toHitTime(parameters: Parameters, now: number): number {
  const sent = readTime(parameters.cdt);
  const offset = Math.trunc(Math.abs(toNumber(parameters.cdo) ?? 0));
  const time = isPlausible(sent, now) ? sent : now;
  return time - offset;
}

function isPlausible(time: number | undefined, now: number): time is number {
  return time !== undefined && time > 0 && time <= now && time > now - TWENTY_YEARS;
}

function readTime(text: string | null | undefined): number | undefined {
  const seconds = toNumber(text);
  if (seconds !== undefined) return Math.trunc(seconds);
  const datetime = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?(Z|[+-]\d\d:?\d\d)?$/.exec(
    text ?? '',
  );
  if (datetime === null) return undefined;
  const [, date, time = '00:00:00', zone = 'Z'] = datetime;
  const millis = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(millis) ? undefined : Math.trunc(millis / 1000);
}
