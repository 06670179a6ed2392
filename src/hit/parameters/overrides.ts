import { isRecord, isThenable } from '../../common/is-record.js';
import { type HitText, rawPart } from '../hit-text.js';
import type { ReportProblem } from './annotations.js';
import { declarationOf, PARAMETERS, RESERVED } from './parameter-table.js';
import { MAX_AGE_SECONDS, toParameterValue, type ValueRules } from './parameter-values.js';

const OF_AN_EVENT = ['e_c', 'e_a', 'e_n', 'e_v'];

/** How values of the application are validated. */
export interface OverrideOptions {
  readonly hasToken: boolean;
  /** Reports invalid values. */
  readonly report: ReportProblem;
  /** Redacts URLs. Missing if the values are already redacted. */
  readonly redactUrl?: ((url: string) => string) | undefined;
  /** Epoch milliseconds, to validate times: Matomo replaces a time in the future, or one that is too old, by the current time. */
  readonly nowMillis?: number | undefined;
}

/** Sets parameters of a hit, except `cvar`, to values of the application. */
export function overrideAll(
  hit: HitText,
  overrides: Readonly<Record<string, unknown>> = {},
  options: OverrideOptions,
  source: string,
): void {
  const { report } = options;
  for (const name of Object.keys(overrides)) {
    if (name !== 'cvar') override(hit, name, overrides[name], options, source);
    else if (overrides.cvar !== undefined && !isRecord(overrides.cvar)) {
      reportValue(report, PARAMETERS.cvar, overrides.cvar, 'cvar', source);
    }
  }
}

/**
 * Sets one parameter. An invalid value, which Matomo may reject, ignore or misread, is reported and left out. `source` says in the words of a
 * message where the value comes from.
 */
export function override(
  hit: HitText,
  name: string,
  unchecked: unknown,
  { hasToken, report, redactUrl, nowMillis }: OverrideOptions,
  source: string,
): void {
  if (unchecked === undefined) return;
  const declaration = declarationOf(name);
  if (!declaration) {
    report(
      `parameter ${name.slice(0, 50)}`,
      () =>
        `${describeUnknownParameter(name)}. It was left out of ${source}. Correct or remove it.`,
    );
    return;
  }
  if (declaration.needsToken && !hasToken) {
    report(
      `token ${name}`,
      () =>
        `"${name}" needs a token. It was left out, because Matomo would reject the hit. Set tokenAuth.`,
    );
    return;
  }
  const isUrl = declaration.kind === 'url' || declaration.kind === 'referrer';
  const redacted =
    isUrl && redactUrl && typeof unchecked === 'string' ? redactUrl(unchecked) : unchecked;
  const rules = nowMillis !== undefined && name === 'cdt' ? timeRules(nowMillis) : declaration;
  const value = toParameterValue(rules, redacted);
  if (value === undefined) reportValue(report, rules, redacted, name, source);
  else hit.put(name, rawPart(name, value));
}

/** Times may be in the future by this much, because the clock of another server may be ahead. */
const MAX_AHEAD_SECONDS = 60;

function timeRules(nowMillis: number): ValueRules {
  const now = Math.floor(nowMillis / 1000);
  return { ...PARAMETERS.cdt, min: now - MAX_AGE_SECONDS, max: now + MAX_AHEAD_SECONDS };
}

/** Reports an invalid value. Each mistake has its own key, so it is reported once. */
function reportValue(
  report: ReportProblem,
  rules: ValueRules,
  unchecked: unknown,
  name: string,
  source: string,
): void {
  const kind = kindOf(unchecked);
  report(
    `value ${name}: ${kind} from ${source}`,
    () =>
      `"${name}" must be ${RULES[rules.kind](rules)}, got ${kind} from ${source}. It was left out. Correct it.`,
  );
}

/** Removes an incomplete event, which Matomo would store as a page view. */
export function completeEvent(hit: HitText, report: ReportProblem): void {
  if (!hit.rest.includes('&e_') || hit.has('e_c') === hit.has('e_a')) return;
  report(
    'event',
    () => 'An event needs both e_c and e_a. The event was left out of the hit. Set both.',
  );
  for (const name of OF_AN_EVENT) hit.delete(name);
}

/** Says why an application cannot set a parameter. */
export function describeUnknownParameter(name: string): string {
  const start = name.slice(0, 50);
  const shown = JSON.stringify(start);
  if (RESERVED.has(name)) return `${shown} cannot be set for a request`;
  if (/^dimension-?\d+$/.test(start)) return `${shown} is not a dimension: IDs are 1 to 999`;
  return `${shown} is not a tracking parameter of Matomo`;
}

const RULES: Readonly<Record<ValueRules['kind'], (rules: ValueRules) => string>> = {
  text: textRule,
  referrer: textRule,
  url: () => 'a URL with a scheme and a host',
  integer: (rules) => `a whole number${rangeOf(rules)}`,
  number: (rules) =>
    `a number${rangeOf(rules)}, as text with a decimal point and no other separators`,
  flag: () => 'true, false, 1 or 0',
  'user-agent': textRule,
  hints: ({ maxCharacters }) =>
    `client hints as JSON of at most ${maxCharacters} characters, of the types that browsers report`,
  items: ({ maxCharacters }) => `a list as JSON of at most ${maxCharacters} characters`,
  'user-id': () => 'text that names a user',
  'visitor-id': () =>
    "16 hex digits, a UUID or a client ID of Google Analytics (for other IDs, use createHash('sha256').update(id).digest('hex').slice(0, 16) of node:crypto)",
  address: () => 'one IP address',
  time: () =>
    'a time of the last 20 years and not of the future: epoch seconds or milliseconds, a Date, or text such as "2026-11-20 10:00:00" (UTC) or "2026-11-20T10:00:00+01:00"',
  variables: () => 'an object of custom variables',
};

function textRule({ isZeroEmpty }: ValueRules): string {
  return `text that is not empty${isZeroEmpty ? ' or "0"' : ''}`;
}

function rangeOf({ min, max }: ValueRules): string {
  return min === undefined ? '' : ` from ${min} to ${max}`;
}

/** Describes a value without showing it, because it may be personal data. */
function kindOf(unchecked: unknown): string {
  if (unchecked === null) return 'null';
  if (isThenable(unchecked)) return 'a promise';
  if (isList(unchecked)) return 'a list';
  const isUnusual = typeof unchecked === 'number' && !Number.isFinite(unchecked);
  return isUnusual ? String(unchecked) : `a value of type ${typeof unchecked}`;
}

/** Whether a value is an array. `Array.isArray` throws for a revoked proxy. */
function isList(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
