import { hash } from 'node:crypto';

/** Matches numbers as databases and forms write them. `0x10` is a number only in code, and `9,99` is ambiguous. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const MAX_NUMBER_CHARACTERS = 100;

/** Reads a number, text with a number, a `bigint`, or an object that prints as a number, such as a `Decimal`; `NaN` for everything else. */
export function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = textOfValue(value)?.trim() ?? '';
  return text.length <= MAX_NUMBER_CHARACTERS && NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** Text, or a value that stands for one: a `bigint`, a date (as ISO 8601), an object that prints as a number. Never throws. */
function textOfValue(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    if (Array.isArray(value)) return undefined;
    if ('toISOString' in value) return String((value as Date).toISOString());
    const text = String(value);
    return NUMBER.test(text.slice(0, MAX_NUMBER_CHARACTERS)) ? text : undefined;
  } catch {
    return undefined; // an invalid date, or an object that cannot be read
  }
}

/** Separates seconds from milliseconds: all times that Matomo stores are below this number in seconds, and above it in milliseconds. */
const LEAST_MILLIS = 1e11;

/** `2026-11-20`, `2026-11-20 10:00`, `2026-11-20T10:00:00.5Z`, `2026-11-20 10:00:00+01`: day, time, offset. */
const DATE =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d{1,9})?)? ?(?:Z|UTC|([+-]\d\d):?(\d\d)?)?$/i;

/**
 * Reads a time as epoch seconds: a number or text with seconds or milliseconds, a `Date`, or a date as Matomo reads it (UTC without an offset).
 * Returns `NaN` for everything else.
 */
export function readTime(value: unknown): number {
  const number = readNumber(value);
  if (Number.isFinite(number)) return Math.floor(number < LEAST_MILLIS ? number : number / 1000);
  const [, day = '', time = '00:00', hours, minutes = '00'] =
    DATE.exec(textOfValue(value)?.trim() ?? '') ?? [];
  const zone = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  const isDay = new Date(`${day}T00:00Z`).getUTCDate() === Number(day.slice(8)); // not February 30
  return isDay ? Math.floor(Date.parse(`${day}T${time}${zone}`) / 1000) : Number.NaN;
}

const HEX = /^[\da-f]{16}$/;
const UUID = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/;
/** Matches a client ID of Google Analytics, also in the form of the cookie `_ga`. */
const CLIENT_ID = /^(?:ga\d\.\d\.)?(\d{1,10}\.\d{9,10})$/;

/**
 * Reads a visitor ID. A UUID or a client ID of Google Analytics is hashed (start of its SHA-256) instead of cut, because the first digits of a
 * UUID may be a time.
 */
export function readVisitorId(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (HEX.test(text)) return text;
  const id = UUID.test(text) ? text.replaceAll('-', '') : CLIENT_ID.exec(text)?.[1];
  return id === undefined ? undefined : hash('sha256', id, 'hex').slice(0, 16);
}
