import { types } from 'node:util';
import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import type { AttributeValue, MeterProvider } from '../common/otel-types.js';
import { AI_CHATBOTS } from '../hit/bots/ai-chatbots.js';
import type { TrackedRequest } from '../hit/http-request.js';
import type { ConsentRule } from '../hit/ignore.js';
import { nearestName } from '../hit/nearest-name.js';
import { TEMPLATE_FIELDS } from '../hit/page/action-name.js';
import { describeUnknownParameter } from '../hit/parameters/overrides.js';
import { declarationOf } from '../hit/parameters/parameter-table.js';
import { toSiteId } from '../hit/parameters/parameter-value.js';
import type { RouteDetails } from '../hit/parameters/route-details.js';
import { createTrust, NAMED_RANGES } from '../hit/visitor/proxy-trust.js';
import { listFromText } from './environment-text.js';
import { dimensionSource, userIdSource } from './header-values.js';
import { optionError } from './option-error.js';

type Callback<T> = (request: TrackedRequest) => T | undefined;

// Each parser takes a value from code or the environment and returns the resolved value, or throws.

/** `wantedInCode` names what only code can pass. Environment variables are recognized by their names. */
function refuse(name: string, wanted: string, value: unknown, wantedInCode = wanted): never {
  const isVariable = name.startsWith('MATOMO_');
  throw optionError(`${name} must be ${isVariable ? wanted : wantedInCode}, got ${show(value)}`);
}

/** The environment may write `TRUE` for `true`. */
function lowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** A callback, if the value is a function. What it does when it is called is not known here. */
function callback<F>(name: string, value: unknown): F | undefined {
  if (typeof value !== 'function') return undefined;
  if (!types.isAsyncFunction(value)) return value as F;
  throw optionError(
    `${name} must be a function that returns its result at once, got an async function. Await what it needs in the handler, and pass it with annotate`,
  );
}

export function siteId(name: string, value: unknown): number | Callback<number | string> {
  const chosen = callback<Callback<number | string>>(name, value);
  if (chosen) return chosen;
  const several = ' (to choose among several sites, set the option siteId in code)';
  const wanted = `a positive whole number${String(value).includes(',') ? several : ''}`;
  return toSiteId(value) ?? refuse(name, wanted, value, `${wanted} or a function`);
}

/** The error does not show the value: it may be a secret with a stray space. */
export function secret(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : undefined;
  if (text !== undefined && /^[\x21-\x7e]+$/.test(text)) return text;
  if (text === '') throw optionError(`${name} must not be empty`);
  const got = text === undefined ? `a ${typeof value}` : 'other text';
  throw optionError(`${name} must be text without spaces or control characters, got ${got}`);
}

/** The word for a new key every day, in upper or lower case, or a secret. */
export function visitorKey(name: string, value: unknown): string {
  return lowerCase(value) === 'daily' ? 'daily' : secret(name, value);
}

export function boolean(name: string, value: unknown): boolean {
  switch (lowerCase(value)) {
    case true:
    case 'true':
    case '1':
      return true;
    case false:
    case 'false':
    case '0':
      return false;
    default:
      return refuse(name, 'true or false', value);
  }
}

export function integer(min: number, max: number): (name: string, value: unknown) => number {
  return function toInteger(name, value) {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    const fits = Number.isInteger(number) && (number as number) >= min && (number as number) <= max;
    return fits ? (number as number) : refuse(name, `a whole number from ${min} to ${max}`, value);
  };
}

/** A share of a whole, above 0. */
export function share(name: string, value: unknown): number {
  const isNumber = typeof value === 'string' && /^(?:\d+(?:\.\d+)?|\.\d+)$/.test(value);
  const number = isNumber ? Number(value) : value;
  const fits = typeof number === 'number' && number > 0 && number <= 1;
  return fits ? number : refuse(name, 'a number above 0 and at most 1', value);
}

export function oneOf<T extends string>(...words: T[]): (name: string, value: unknown) => T {
  return (name, value) =>
    words.find((word) => word === lowerCase(value)) ??
    refuse(name, `one of ${words.map(show).join(', ')}`, value);
}

export function functionOption<F>(name: string, value: unknown): F {
  return callback<F>(name, value) ?? refuse(name, 'a function', value);
}

/** `cookie:name=value` or `header:name=value`. The value has no semicolon or comma, which separate several values. */
export function consent(name: string, value: unknown): ConsentRule {
  const text = typeof value === 'string' ? value.trim() : '';
  const [, source, key = '', agreed = ''] =
    /^(cookie|header):([!#$%&'*+.^_`|~\dA-Za-z-]+)=([\x21-\x2b\x2d-\x3a\x3c-\x7e]+)$/.exec(text) ??
    [];
  if (source === 'cookie') return { source, name: key, value: agreed };
  if (source === 'header') return { source, name: key.toLowerCase(), value: agreed };
  return refuse(name, 'cookie:name=value or header:name=value', value);
}

export function meterProvider(name: string, value: unknown): MeterProvider | 'global' {
  if (lowerCase(value) === 'global') return 'global';
  const { getMeter } = (value ?? {}) as Partial<MeterProvider>;
  return typeof getMeter === 'function'
    ? (value as MeterProvider)
    : refuse(name, '"global"', value, '"global" or a meter provider');
}

function strings(name: string, value: unknown): readonly string[] {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? [...value] : refuse(name, 'a list of strings', value);
}

/** Exact paths. Without a slash at its beginning, an item would match nothing. */
export function paths(name: string, value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const pattern = items.find((item) => item instanceof RegExp);
  if (pattern !== undefined) {
    const advice = 'a list of exact paths (use ignorePatterns for regular expressions)';
    return refuse(name, advice, pattern);
  }
  const list = strings(name, value);
  const relative = list.find((path) => !path.startsWith('/'));
  return relative === undefined
    ? list
    : refuse(name, 'a list of paths that begin with a slash', relative);
}

export function methods(least: number): (name: string, value: unknown) => readonly string[] {
  return function toMethods(name, value) {
    const list = strings(name, value).map((method) => method.trim().toUpperCase());
    const invalid = list.find((method) => !/^[!#$%&'*+.^_`|~\dA-Z-]+$/.test(method));
    if (invalid !== undefined) refuse(name, 'a list of request methods', invalid);
    if (list.length < least) refuse(name, 'a list of at least one method', '[]');
    return list;
  };
}

/** A copy without the flags that make a regular expression remember its position. */
export function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''));
}

export function patterns(name: string, value: unknown): readonly RegExp[] {
  const wanted = 'a list of regular expressions';
  if (!Array.isArray(value)) {
    const advice = `${wanted} (write one that contains a comma between slashes, or the list as JSON)`;
    return refuse(name, advice, value, wanted);
  }
  return value.map((pattern) => {
    if (pattern instanceof RegExp) return stateless(pattern);
    if (typeof pattern !== 'string') return refuse(name, wanted, pattern);
    try {
      return new RegExp(pattern);
    } catch (error) {
      const reason = (error as Error).message.split(': ').at(-1);
      return refuse(name, `${wanted} (${reason})`, pattern);
    }
  });
}

export function actionName(name: string, value: unknown): string | Callback<string> {
  const chosen = callback<Callback<string>>(name, value);
  if (chosen) return chosen;
  if (typeof value !== 'string' || value === '') {
    return refuse(name, 'a template', value, 'a template or a function');
  }
  for (const [, field = ''] of value.matchAll(/\{(\w+)\}/g)) {
    if (!TEMPLATE_FIELDS.includes(field)) {
      refuse(
        name,
        `a template of ${TEMPLATE_FIELDS.map((known) => `{${known}}`).join(', ')}`,
        value,
      );
    }
  }
  return value;
}

export function routeDetails(name: string, value: unknown): Readonly<Record<string, RouteDetails>> {
  if (!isRecord(value)) return refuse(name, 'an object of tracking parameters by route', value);
  const copy: Record<string, RouteDetails> = {};
  for (const [route, declared] of Object.entries(value)) {
    const place = `${name}[${show(route)}]`;
    if (!/^(?:[!#$%&'*+.^_`|~\dA-Za-z-]+ )?\//.test(route)) {
      refuse(name, 'an object with keys such as "GET /users/:id" or "/users/:id"', route);
    }
    if (!isRecord(declared)) return refuse(place, 'an object', declared);
    const { cvar, ...parameters } = declared;
    const unknown = Object.keys(parameters).find((key) => !declarationOf(key));
    if (unknown !== undefined) throw optionError(`${place}: ${describeUnknownParameter(unknown)}`);
    checkValues(place, parameters);
    if (cvar === undefined) copy[route] = { ...parameters };
    else if (isRecord(cvar)) {
      checkValues(`${place}.cvar`, cvar);
      copy[route] = { ...parameters, cvar: { ...cvar } } as RouteDetails;
    } else refuse(`${place}.cvar`, 'an object of custom variables', cvar);
  }
  return copy;
}

function checkValues(place: string, values: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!['string', 'number', 'boolean', 'undefined'].includes(typeof value)) {
      refuse(`${place}.${key}`, 'text, a number or a boolean', value);
    }
  }
}

export function dimensions(
  name: string,
  value: unknown,
): Readonly<Record<string, string | Callback<AttributeValue>>> {
  if (!isRecord(value)) {
    const wantedInCode = 'an object of attributes or functions by ID';
    return refuse(name, 'pairs of ID and attribute', value, wantedInCode);
  }
  for (const [id, source] of Object.entries(value)) {
    if (!/^[1-9]\d{0,2}$/.test(id)) {
      refuse(
        name,
        'pairs like 1=http.route with IDs from 1 to 999',
        id,
        'an object by IDs from 1 to 999',
      );
    }
    if (callback(`${name}[${id}]`, source)) continue;
    if (typeof source !== 'string' || source === '') {
      const wanted = 'the name of an attribute';
      refuse(`${name}[${id}]`, wanted, source, `${wanted} or a function`);
    }
  }
  const sources = Object.entries(value).map(([id, source]) => [
    id,
    typeof source === 'string' ? dimensionSource(`${name}[${id}]`, source) : source,
  ]);
  return Object.fromEntries(sources) as Readonly<Record<string, string | Callback<AttributeValue>>>;
}

export function trustProxy(name: string, value: unknown): boolean | number | readonly string[] {
  const word = lowerCase(value);
  if (word === true || word === 'true') return true;
  if (word === false || word === 'false') return false;
  const hops = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof hops === 'number') return integer(0, 100)(name, hops);
  const ranges = typeof value === 'string' ? listFromText(value) : strings(name, value);
  const list = ranges.map((range) => range.toLowerCase());
  try {
    createTrust(list);
    return list;
  } catch (error) {
    const { message } = error as Error;
    const near = nearestName(message, Object.keys(NAMED_RANGES));
    const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
    return refuse(name, `a list of IP addresses and CIDRs${hint}`, message);
  }
}

export function visitorId(
  name: string,
  value: unknown,
): 'auto' | 'cookie' | 'none' | Callback<string> {
  return callback<Callback<string>>(name, value) ?? oneOf('auto', 'cookie', 'none')(name, value);
}

export function userId(name: string, value: unknown): string | Callback<string | number> {
  const chosen = callback<Callback<string | number>>(name, value);
  if (chosen) return chosen;
  if (typeof value === 'string' && value.trim() !== '') return userIdSource(name, value.trim());
  const wanted = 'the name of an attribute';
  return refuse(name, wanted, value, `${wanted} or a function`);
}

export function queryPolicy(
  name: string,
  value: unknown,
): 'keep' | 'redact' | 'strip' | readonly string[] {
  if (typeof value !== 'string') return strings(name, value);
  const policy = (['keep', 'redact', 'strip'] as const).find((word) => word === lowerCase(value));
  if (policy !== undefined) return policy;
  // In the environment, a misspelled policy would be read as a list of one name and remove everything else.
  const wanted = '"keep", "redact", "strip" or a list of names';
  return refuse(name, `${wanted} (write a single name with a comma after it)`, value, wanted);
}

/** Names of AI chatbots. Only the environment can add to the default with `+`: in code, spread `AI_CHATBOTS`. */
export function chatbotNames(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value))
    throw optionError(`${name} must be a list of names, got ${show(value)}`);
  const isVariable = name.startsWith('MATOMO_');
  const added = value.filter((item) => String(item).startsWith('+'));
  if (!isVariable && added.length > 0) {
    const example = `[...AI_CHATBOTS, ${show(String(added[0]).slice(1))}]`;
    throw optionError(`${name} must be a list of names such as ${example}, got ${show(added[0])}`);
  }
  if (added.length > 0 && added.length < value.length) {
    const wanted = 'a list in which either every name or none begins with +';
    throw optionError(`${name} must be ${wanted}, got ${show(value.join(','))}`);
  }
  const names = value.map((item) => chatbotName(name, item));
  return added.length > 0 ? [...AI_CHATBOTS, ...names] : names;
}

/** An empty name would match every user agent. */
function chatbotName(option: string, item: unknown): string {
  const text = typeof item === 'string' ? item.replace(/^\+/, '').trim() : '';
  if (text !== '') return text;
  throw optionError(`${option} must be a list of names, got ${show(item)}`);
}
