import { types } from 'node:util';
import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import type { AttributeValue, MeterProvider } from '../common/otel-types.js';
import type { TrackedRequest } from '../hit/http-request.js';
import type { RouteDetails } from '../hit/page/routes.js';
import { TEMPLATE_FIELDS } from '../hit/page/title.js';
import { describeUnknownParameter } from '../hit/parameters/overrides.js';
import { declarationOf } from '../hit/parameters/parameter-table.js';
import { type TrackingParameters, toSiteId } from '../hit/parameters/parameter-values.js';
import { nearestName } from '../hit/text.js';
import { createIsInRanges, NAMED_RANGES } from '../hit/visitor/addresses.js';
import { DAILY } from '../hit/visitor/visitor-id.js';
import { dimensionSource, HEADER_NAME, userIdSource } from './header-values.js';
import { invalid, isVariable, optionError, type Parser, parser } from './parser.js';
import { readServiceSites, type ServiceSites } from './service-sites.js';
import {
  JSON_OBJECT,
  LIST,
  listFromText,
  PAIRS,
  PATTERNS,
  type Syntax,
  WORD_OR_LIST,
} from './syntax.js';

/** A callback, if the value is a function. What it does when it is called is not known here. */
function callback<F>(name: string, value: unknown): F | undefined {
  if (typeof value !== 'function') return undefined;
  if (!types.isAsyncFunction(value)) return value as F;
  throw optionError(
    `${name} must be a function that returns its result at once, got an async function. Await what it needs in the handler, and pass it with annotate`,
  );
}

export function functionOption<F>(): Parser<F> {
  return parser('a function', (value, name) => callback<F>(name, value));
}

/** A value that code can also compute from the request. `Result` is what the function returns. */
function orCallback<Resolved, Result, InCode = Resolved>(
  wanted: string,
  parse: (value: unknown, name: string) => Resolved | undefined,
): Parser<
  Resolved | ((request: TrackedRequest) => Result | undefined),
  InCode | ((request: TrackedRequest) => Result | undefined)
> {
  return parser(wanted, (value, name) => callback(name, value) ?? parse(value, name), {
    orInCode: 'a function',
  });
}

export const siteId = orCallback<number | ServiceSites, number | string, number | string>(
  'a positive whole number, or sites of services such as shop=3,blog=4,*=1',
  (value) => {
    const isList = typeof value === 'string' && value.includes('=');
    return isList ? readServiceSites(value) : toSiteId(value);
  },
);

/** The error does not show the value: it may be a secret with a stray space. */
export const secret: Parser<string> = parser(
  'text without spaces or control characters',
  (value, name) => {
    const text = typeof value === 'string' ? value.trim() : undefined;
    if (text === '') throw optionError(`${name} must not be empty`);
    if (text?.startsWith('<') && text.endsWith('>'))
      throw optionError(`${name} must be the secret itself, got a placeholder`);
    if (text !== undefined && /^[\x21-\x7e]+$/.test(text)) return text;
    const got = text === undefined ? `a ${typeof value}` : 'other text';
    throw optionError(`${name} must be ${secret.wanted}, got ${got}`);
  },
);

/** The word for a new key every day, in upper or lower case, or a secret. A misspelled word would be a key that stays. */
export const visitorKey: Parser<string> = parser(secret.wanted, (value, name) => {
  const text = typeof value === 'string' ? value.trim() : '';
  const isSecret = nearestName(text, [DAILY], 2) === undefined;
  return isSecret ? secret(name, value) : oneOf(DAILY)(name, text);
});

export const boolean: Parser<boolean> = parser('true or false', (value) => {
  if (typeof value === 'boolean') return value;
  const word = wordOf(['true', '1', 'false', '0'], value);
  return word === undefined ? undefined : word === 'true' || word === '1';
});

/** A number, which the environment writes as text in this form; `NaN` if the value is none. */
function numberOf(value: unknown, written = /^\d+$/): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && written.test(value) ? Number(value) : Number.NaN;
}

export function integer<InCode extends number = number>(
  min: number,
  max: number,
): Parser<number, InCode> {
  return parser(`a whole number from ${min} to ${max}`, (value) => {
    const number = numberOf(value);
    return Number.isInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

/** A share of a whole, above 0. */
export const share: Parser<number> = parser('a number above 0 and at most 1', (value) => {
  const number = numberOf(value, /^(?:\d+(?:\.\d+)?|\.\d+)$/);
  return number > 0 && number <= 1 ? number : undefined;
});

/** The word that a value is, in upper or lower case: the environment may write `TRUE` for `true`. */
function wordOf<const T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((word) => typeof value === 'string' && word === value.toLowerCase());
}

export function oneOf<T extends string>(...words: T[]): Parser<T> {
  return parser(`one of ${words.map(show).join(', ')}`, (value) => wordOf(words, value));
}

/** Where visitors say that they may be tracked: the one value of a cookie or a header that is consent. */
export interface ConsentRule {
  readonly source: 'cookie' | 'header';
  /** Of a header, in lower case. */
  readonly name: string;
  readonly value: string;
}

/** `cookie:name=value` or `header:name=value`. The value has no semicolon or comma, which separate several values. */
export const consent: Parser<ConsentRule, string> = parser(
  'cookie:name=value or header:name=value',
  (value) => {
    const text = typeof value === 'string' ? value.trim() : '';
    const [, source, key = '', agreed = ''] =
      /^(cookie|header):([!#$%&'*+.^_`|~\dA-Za-z-]+)=([\x21-\x2b\x2d-\x3a\x3c-\x7e]+)$/.exec(
        text,
      ) ?? [];
    if (source === 'cookie') return { source, name: key, value: agreed };
    if (source === 'header') return { source, name: key.toLowerCase(), value: agreed };
    return undefined;
  },
);

export const meterProvider: Parser<MeterProvider | 'global'> = parser(
  '"global"',
  (value) => {
    const word = wordOf(['global'], value);
    if (word !== undefined) return word;
    const { getMeter } = (value ?? {}) as Partial<MeterProvider>;
    return typeof getMeter === 'function' ? (value as MeterProvider) : undefined;
  },
  { orInCode: 'a meter provider' },
);

/** The error for an invalid item shows that item. `least` is the number of items that the list needs. */
export function listOf<Item, InCode = Item>(
  wanted: string,
  parseItem: (item: unknown, name: string) => Item | undefined,
  { least = 0, syntax = LIST }: { least?: number; syntax?: Syntax } = {},
): Parser<readonly Item[], readonly InCode[]> {
  function parseList(value: unknown, name: string): readonly Item[] | undefined {
    if (!Array.isArray(value) || value.length < least) return undefined;
    return value.map((item: unknown) => {
      const parsed = parseItem(item, name);
      if (parsed === undefined) throw invalid(name, wanted, item);
      return parsed;
    });
  }
  return parser(wanted, parseList, { syntax });
}

/** Names of headers, in lower case and with dashes. */
export const headerNames: Parser<readonly string[]> = listOf(
  'a list of names of headers',
  (item) => {
    const name = typeof item === 'string' ? item.trim().toLowerCase().replaceAll('_', '-') : '';
    return HEADER_NAME.test(name) ? name : undefined;
  },
);

/** Exact paths. Without a slash at its beginning, an item would match nothing. */
export const paths: Parser<readonly string[]> = listOf(
  'a list of exact paths that begin with a slash (use ignorePatterns for regular expressions)',
  (item) => (typeof item === 'string' && item.startsWith('/') ? item : undefined),
);

export function methods(least: 0 | 1): Parser<readonly string[]> {
  const wanted = `a list of ${least === 1 ? 'at least one request method' : 'request methods'}`;
  return listOf(
    wanted,
    (item) => {
      const method = typeof item === 'string' ? item.trim().toUpperCase() : '';
      return /^[!#$%&'*+.^_`|~\dA-Z-]+$/.test(method) ? method : undefined;
    },
    { least },
  );
}

/** A copy without the flags that make a regular expression remember its position. */
function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''));
}

const REGULAR_EXPRESSIONS = 'a list of regular expressions';
const WRITTEN = `${REGULAR_EXPRESSIONS} (write one that contains a comma between slashes, or the list as JSON; flags are d, g, i, m, s, u, v and y)`;

export const patterns: Parser<readonly RegExp[], readonly (RegExp | string)[]> = parser(
  REGULAR_EXPRESSIONS,
  (value, name) => {
    if (typeof value === 'string' && isVariable(name)) throw invalid(name, WRITTEN, value);
    return Array.isArray(value) ? value.map((item: unknown) => pattern(name, item)) : undefined;
  },
  { syntax: PATTERNS },
);

function pattern(name: string, item: unknown): RegExp {
  if (item instanceof RegExp) return stateless(item);
  if (typeof item !== 'string') throw invalid(name, REGULAR_EXPRESSIONS, item);
  try {
    return new RegExp(item);
  } catch (error) {
    const reason = (error as Error).message.split(': ').at(-1);
    throw invalid(name, `${REGULAR_EXPRESSIONS} (${reason})`, item);
  }
}

export const actionName = orCallback<string, string>(
  `a template of ${TEMPLATE_FIELDS.map((field) => `{${field}}`).join(', ')}`,
  (value) => {
    if (typeof value !== 'string' || value === '') return undefined;
    const fields = [...value.matchAll(/\{(\w+)\}/g)].map(([, field = '']) => field);
    return fields.every((field) => TEMPLATE_FIELDS.includes(field)) ? value : undefined;
  },
);

export const routeDetails: Parser<
  Readonly<Record<string, RouteDetails>>,
  Readonly<Record<string, TrackingParameters>>
> = parser(
  'an object of tracking parameters by route, such as "GET /users/:id" or "/users/:id"',
  (value, name) => {
    if (!isRecord(value)) return undefined;
    const copy = Object.entries(value).map(([route, declared]) => {
      if (!/^(?:[!#$%&'*+.^_`|~\dA-Za-z-]+ )?\//.test(route)) {
        throw invalid(name, routeDetails.wanted, route);
      }
      return [route, detailsOf(`${name}[${show(route)}]`, declared)];
    });
    return Object.fromEntries(copy);
  },
  { syntax: JSON_OBJECT },
);

function detailsOf(place: string, declared: unknown): RouteDetails {
  if (!isRecord(declared)) throw invalid(place, 'an object', declared);
  const { cvar, ...parameters } = declared;
  const unknown = Object.keys(parameters).find((key) => !declarationOf(key));
  if (unknown !== undefined) throw optionError(`${place}: ${describeUnknownParameter(unknown)}`);
  checkValues(place, parameters);
  if (cvar === undefined) return parameters;
  if (!isRecord(cvar)) throw invalid(`${place}.cvar`, 'an object of custom variables', cvar);
  checkValues(`${place}.cvar`, cvar);
  return { ...parameters, cvar: { ...cvar } } as RouteDetails;
}

function checkValues(place: string, values: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(values)) {
    if (!['string', 'number', 'boolean', 'undefined'].includes(typeof value)) {
      throw invalid(`${place}.${key}`, 'text, a number or a boolean', value);
    }
  }
}

type Dimensions = Readonly<
  Record<number, string | ((request: TrackedRequest) => AttributeValue | undefined)>
>;

export const dimensions: Parser<Dimensions> = parser(
  'names of attributes by ID from 1 to 999, such as 1=http.route',
  (value, name) => {
    if (!isRecord(value)) return undefined;
    const sources = Object.entries(value).map(([id, source]) => {
      if (!/^[1-9]\d{0,2}$/.test(id)) throw invalid(name, dimensions.wanted, id);
      return [id, dimension(`${name}[${id}]`, source)];
    });
    return Object.fromEntries(sources) as Dimensions;
  },
  { syntax: PAIRS },
);

const dimension = orCallback<string, AttributeValue>('the name of an attribute', (value, name) =>
  typeof value === 'string' && value !== '' ? dimensionSource(name, value) : undefined,
);

const RANGES = 'a list of IP addresses, CIDRs and IPv4 addresses with a netmask';

export const ranges: Parser<readonly string[]> = parser(RANGES, parseRanges, { syntax: LIST });

export const trustProxy: Parser<
  boolean | number | readonly string[],
  boolean | number | string | readonly string[]
> = parser(
  RANGES,
  (value, name) => {
    if (typeof value === 'boolean') return value;
    const word = wordOf(['true', 'false'], value);
    if (word !== undefined) return word === 'true';
    const hops = numberOf(value);
    if (!Number.isNaN(hops)) return integer(0, 100)(name, hops);
    return parseRanges(typeof value === 'string' ? listFromText(value) : value, name);
  },
  { syntax: WORD_OR_LIST, orInCode: 'a boolean or a number of hops' },
);

function parseRanges(value: unknown, name: string): readonly string[] | undefined {
  if (!isStrings(value)) return undefined;
  const lowered = value.map((range) => range.toLowerCase());
  try {
    createIsInRanges(lowered);
    return lowered;
  } catch (error) {
    const { message } = error as Error;
    const near = nearestName(message, NAMED_RANGES.keys());
    const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
    throw invalid(name, `${RANGES}${hint}`, message);
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

export const visitorId = orCallback<'auto' | 'cookie' | 'none', string>(
  'one of "auto", "cookie", "none"',
  (value) => wordOf(['auto', 'cookie', 'none'], value),
);

export const userId = orCallback<string, string | number>(
  'the name of an attribute',
  (value, name) => {
    const text = typeof value === 'string' ? value.trim() : '';
    return text === '' ? undefined : userIdSource(name, text);
  },
);

/** In the environment, a misspelled policy would be read as a list of one name and remove everything else. */
export const queryPolicy: Parser<'keep' | 'redact' | 'strip' | readonly string[]> = parser(
  '"keep", "redact", "strip" or a list of names (write a single name with a comma after it)',
  (value) => {
    if (isStrings(value)) return [...value];
    return wordOf(['keep', 'redact', 'strip'] as const, value);
  },
  { syntax: WORD_OR_LIST },
);
