import { isIP } from '../../common/addresses.js';
import { cleanText, cutBytes, cutCharacters, withoutUserInfo } from '../text.js';
import type { ValueRules } from './tracking-parameters.js';

/** A value that is safe to send; `undefined` if Matomo would reject it, it would make the bulk fail, or it is empty. */
export function toParameterValue(rules: ValueRules, value: unknown): string | undefined {
  return TO_VALUE[rules.kind](rules, value);
}

type ToValue = (rules: ValueRules, value: unknown) => string | undefined;

const TO_VALUE: Readonly<Record<ValueRules['kind'], ToValue>> = {
  text: toText,
  referrer: (rules, value) =>
    toText(rules, typeof value === 'string' ? withoutUserInfo(value.trim()) : value),
  url: toUrl,
  json: toJson,
  integer: toNumber,
  number: toNumber,
  flag: toFlag,
  'user-id': toUserId,
  'visitor-id': (_rules, value) =>
    typeof value === 'string' && /^[\da-f]{16}$/i.test(value) ? value.toLowerCase() : undefined,
  address: (_rules, value) =>
    typeof value === 'string' && isIP(value) && !value.includes('%') ? value : undefined,
  time: toTime,
  variables: () => undefined, // made of all custom variables of a request
};

/** Whether a value is or has a number that is not finite: as text, it would be the same for all whose value is missing. */
export function hasNonFiniteNumber(value: unknown): boolean {
  return [value].flat().some((each) => typeof each === 'number' && !Number.isFinite(each));
}

function toText(declaration: ValueRules, value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) {
    return undefined;
  }
  const whole = cleanText(String(value));
  let text = whole;
  if (declaration.maxCharacters !== undefined)
    text = cutCharacters(text, declaration.maxCharacters);
  if (declaration.maxBytes !== undefined) text = cutBytes(text, declaration.maxBytes);
  if (text !== whole) text = text.trimEnd(); // the cut may be after a space
  return text === '' || (text === '0' && declaration.isZeroEmpty) ? undefined : text;
}

const NOBODY = new Set(['', '0', 'null', 'undefined', 'anonymous']);

/** Addresses of which nothing is left after masking. */
const MASKED = /^(?:0\.0\.0\.0|::)(?:\s*,\s*(?:0\.0\.0\.0|::))*$/;

/** Whether a user ID means that there is no user: Matomo would make a user of that name of it. */
export function isNobody(userId: string): boolean {
  const text = userId.trim().toLowerCase();
  return NOBODY.has(text) || MASKED.test(text);
}

function toUserId(declaration: ValueRules, value: unknown): string | undefined {
  const text = toText(declaration, value) ?? '';
  return isNobody(text) ? undefined : text;
}

/** Only URLs with a scheme: Matomo drops others. Removes credentials, which Matomo would store. */
function toUrl(declaration: ValueRules, value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(text)) return undefined;
  return toText(declaration, withoutUserInfo(text));
}

/** JSON that is too long is dropped: after a cut it would not be valid. */
function toJson(declaration: ValueRules, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = cleanText(value);
  return text === '' || text.length > (declaration.maxCharacters ?? 0) ? undefined : text;
}

function toNumber(declaration: ValueRules, value: unknown): string | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) {
    return undefined;
  }
  const number = declaration.rounded ? Math.round(Number(value)) : Number(value);
  if (declaration.kind === 'integer' && !Number.isInteger(number)) return undefined;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = declaration;
  return Number.isFinite(number) && number >= min && number <= max ? String(number) : undefined;
}

function toFlag(_rules: ValueRules, value: unknown): string | undefined {
  if ([true, 1, '1', 'true'].includes(value as string)) return '1';
  return [false, 0, '0', 'false'].includes(value as string) ? '0' : undefined;
}

const TWENTY_YEARS_SECONDS = 631_152_000;

/** Only epoch seconds: Matomo accepts other formats too, but stores "now" for a time that it cannot parse. */
function toTime(_rules: ValueRules, value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const seconds = Math.floor(Number(value));
  return seconds > TWENTY_YEARS_SECONDS && seconds < 4_294_967_296 ? String(seconds) : undefined;
}

/** A site ID from a number or its digits; `undefined` if it is invalid. */
export function toSiteId(value: unknown): number | undefined {
  const digits = typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value);
  const id = digits ? Number(value) : value;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : undefined;
}
