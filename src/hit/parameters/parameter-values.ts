import { isIP } from '../../common/addresses.js';
import { cleanText, cutBytes, cutCharacters, withoutFourBytes, withoutUserInfo } from '../text.js';
import { plainAddress } from '../visitor/addresses.js';
import { storableHints, storableUserAgent } from './client-values.js';
import type { SettableValues } from './parameter-table.js';
import { readNumber, readTime, readVisitorId } from './read-values.js';

/** Timings of a page view. */
export const PERF_KEYS = ['pf_net', 'pf_srv', 'pf_tfr', 'pf_dm1', 'pf_dm2', 'pf_onl'] as const;

/**
 * A timing of a page view: `pf_net` network, `pf_srv` server, `pf_tfr` transfer, `pf_dm1` DOM processing, `pf_dm2` DOM completion,
 * `pf_onl` on load. A server can use the last five for its own steps.
 */
export type PerfKey = (typeof PERF_KEYS)[number];

export function isPerfKey(value: unknown): value is PerfKey {
  return PERF_KEYS.includes(value as PerfKey);
}

/**
 * Tracking parameters for one request, by Matomo's names. Custom variables are added to the existing ones. All others replace the
 * value of the hit. `undefined` means that a parameter is not set.
 */
export interface TrackingParameters extends SettableValues {
  /** Custom dimensions, `dimension1` to `dimension999`. @see [Matomo: `dimension[0-999]`](https://developer.matomo.org/api-reference/tracking-api) */
  [dimension: `dimension${number}`]: string | number | boolean | undefined;
}

/** Tracking parameters of an additional hit. At least one of them says what the hit is about. */
export type HitParameters = TrackingParameters &
  (
    | { action_name: string }
    | { url: string }
    | { link: string }
    | { download: string }
    | { search: string }
    | { idgoal: number }
    | { e_c: string; e_a: string }
    | { c_n: string }
    | { ping: true | 1 }
  );

/** The kinds of values, with their types in code. */
export interface ValueTypes {
  text: string;
  url: string;
  referrer: string;
  integer: number;
  number: number | string | bigint;
  flag: boolean | 0 | 1;
  'user-agent': string;
  hints: string;
  items: string;
  'user-id': string | number | bigint;
  'visitor-id': string;
  address: string;
  time: number | string | Date;
  variables: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** Rules for a value that Matomo stores and its database accepts. */
export interface ValueRules {
  readonly kind: keyof ValueTypes;
  /** For text: the size of its column in bytes, counted after HTML escaping, because Matomo escapes before it cuts. */
  readonly maxBytes?: number;
  readonly maxCharacters?: number;
  /** For text: the column is in `utf8mb3`, even if the tables have another character set. */
  readonly isThreeBytes?: true;
  /** For text: Matomo treats `0` as empty. */
  readonly isZeroEmpty?: true;
  /** For numbers: a value outside of this range drops the parameter. */
  readonly min?: number;
  readonly max?: number;
  /** For integers: a fraction, which Matomo would ignore, is rounded. Without this flag, a fraction drops the parameter. */
  readonly rounded?: true;
}

/** Names of products, categories, events and content. */
export const NAME = { kind: 'text', maxCharacters: 4096, isZeroEmpty: true } as const;

export const USER_AGENT = { kind: 'user-agent', maxCharacters: 1024, isThreeBytes: true } as const;

export const ADDRESS = { kind: 'address' } as const;

/** The maximum length of the JSON, about 400 items. Longer JSON is rejected as a whole, because cut JSON is invalid. */
export const ITEMS = { kind: 'items', maxCharacters: 32_000 } as const;

/** Name or value of a custom variable. */
export const VARIABLE_TEXT = { kind: 'text', maxCharacters: 200 } as const;

/** Converts a value to text that is safe to send; `undefined` if the value is empty, or Matomo would reject it, or it would make the bulk fail. */
export function toParameterValue(rules: ValueRules, value: unknown): string | undefined {
  return TO_VALUE[rules.kind](rules, value);
}

type ToValue = (rules: ValueRules, value: unknown) => string | undefined;

const TO_VALUE: Readonly<Record<ValueRules['kind'], ToValue>> = {
  text: toText,
  referrer: (rules, value) =>
    toText(rules, typeof value === 'string' ? withoutUserInfo(value.trim()) : value),
  url: toUrl,
  'user-agent': (rules, value) => storableUserAgent(toText(rules, value) ?? '') || undefined,
  hints: (rules, value) => storableHints(readJson(rules, value)),
  items: toItems,
  integer: toNumber,
  number: toNumber,
  flag: toFlag,
  'user-id': toUserId,
  'visitor-id': (_rules, value) => readVisitorId(value),
  address: toAddress,
  time: toTime,
  variables: () => undefined, // `cvar` is made of all custom variables of a request
};

/** Whether a value is or contains a number that is not finite. As text (`NaN`), it would be the same for all requests whose value is missing. */
export function hasNonFiniteNumber(value: unknown): boolean {
  return [value].flat().some((each) => typeof each === 'number' && !Number.isFinite(each));
}

const TEXT_TYPES: ReadonlySet<string> = /* @__PURE__ */ new Set(['string', 'boolean', 'bigint']);

/** Returns the valid part of a text; `undefined` if nothing of it is valid. */
export function toText(declaration: ValueRules, value: unknown): string | undefined {
  if (!TEXT_TYPES.has(typeof value) && !Number.isFinite(value)) return undefined;
  const given = String(value);
  const whole = cleanText(declaration.isThreeBytes ? withoutFourBytes(given) : given);
  let text = whole;
  if (declaration.maxCharacters !== undefined)
    text = cutCharacters(text, declaration.maxCharacters);
  if (declaration.maxBytes !== undefined) text = cutBytes(text, declaration.maxBytes);
  if (text !== whole) text = text.trimEnd(); // the cut may be after a space
  return text === '' || (text === '0' && declaration.isZeroEmpty) ? undefined : text;
}

/** Reads an address that may have a port, brackets or a zone, as proxies report it. */
function toAddress(_rules: ValueRules, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return isIP(value) && !value.includes('%') ? value : plainAddress(value);
}

const NOBODY = new Set(['', '0', 'null', 'undefined', 'false', 'anonymous']);

/** Matches addresses that are completely masked. */
const MASKED = /^(?:0\.0\.0\.0|::)(?:\s*,\s*(?:0\.0\.0\.0|::))*$/;

/** Whether a user ID means that there is no user. Matomo would create a user with such a name. */
export function isNobody(userId: string): boolean {
  const text = userId.trim().toLowerCase();
  return NOBODY.has(text) || MASKED.test(text);
}

function toUserId(declaration: ValueRules, value: unknown): string | undefined {
  const text = toText(declaration, value) ?? '';
  return isNobody(text) ? undefined : text;
}

/** Reads a URL with a scheme, because Matomo drops others. Removes credentials, because Matomo would store them. */
function toUrl(declaration: ValueRules, value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/]/i.test(text)) return undefined;
  return toText(declaration, withoutUserInfo(text));
}

/** Reads JSON from text, or a list as it is. Text that is too long is dropped, because cut JSON is invalid. */
function readJson({ maxCharacters = 0 }: ValueRules, value: unknown): unknown {
  const text = typeof value === 'string' ? value : listAsJson(value);
  if (text.length > maxCharacters) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The items of an order: `[sku, name, categories, price, quantity]`. */
function toItems(rules: ValueRules, value: unknown): string | undefined {
  const items = readJson(rules, value);
  if (!Array.isArray(items)) return undefined;
  const text = JSON.stringify(items.filter(Array.isArray).map((item) => item.map(toItemValue)));
  return text.length > ITEMS.maxCharacters ? undefined : text;
}

/** Reads a value of an item. Matomo fails on objects, and on lists other than categories. */
function toItemValue(value: unknown, i: number): unknown {
  if (typeof value === 'number') return value;
  if (Array.isArray(value) && i === 2) return value.map((each) => toText(NAME, each) ?? '');
  return toText(NAME, value) ?? '';
}

/** Formats a list as JSON; empty if the value is not a list, or cannot be serialized. */
function listAsJson(value: unknown): string {
  try {
    return Array.isArray(value) ? JSON.stringify(value) : '';
  } catch {
    return ''; // the value refers to itself, or has a `bigint`
  }
}

function toNumber(declaration: ValueRules, value: unknown): string | undefined {
  const read = readNumber(value);
  const number = declaration.rounded ? Math.round(read) : read;
  if (declaration.kind === 'integer' && !Number.isInteger(number)) return undefined;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = declaration;
  return Number.isFinite(number) && number >= min && number <= max ? String(number) : undefined;
}

function toFlag(_rules: ValueRules, value: unknown): string | undefined {
  if ([true, 1, '1', 'true'].includes(value as string)) return '1';
  return [false, 0, '0', 'false'].includes(value as string) ? '0' : undefined;
}

/** Matomo replaces an older time by the current time. */
export const MAX_AGE_SECONDS: number = 20 * 365 * 86_400;

/** Reads a time in epoch seconds. If it is unreadable, in the future or too old, Matomo would store the time of arrival. */
function toTime({ min = MAX_AGE_SECONDS, max = 2 ** 32 - 1 }: ValueRules, value: unknown) {
  const seconds = readTime(value);
  return seconds > min && seconds <= max ? String(seconds) : undefined;
}

/** A site ID from a number or its digits; `undefined` if it is invalid. */
export function toSiteId(value: unknown): number | undefined {
  const digits = typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value);
  const id = digits ? Number(value) : value;
  return typeof id === 'number' && Number.isInteger(id) && id > 0 && id < 2 ** 32 ? id : undefined;
}
