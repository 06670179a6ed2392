import { types } from 'node:util';
import { show } from '../common/diagnostics.js';
import { isRecord } from '../common/is-record.js';
import type { AttributeValue, MeterProvider } from '../common/otel-types.js';
import { parsePlace } from '../delivery/spool.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { isSecretName } from '../hit/page/redact.js';
import type { RouteDetails } from '../hit/page/routes.js';
import { TEMPLATE_FIELDS } from '../hit/page/title.js';
import { headerAttributeOf } from '../hit/parameters/attributes.js';
import { describeUnknownParameter } from '../hit/parameters/overrides.js';
import { declarationOf } from '../hit/parameters/parameter-table.js';
import { type TrackingParameters, toSiteId } from '../hit/parameters/parameter-values.js';
import { createIsInRanges } from '../hit/visitor/addresses.js';
import { USER_ID_CLAIMS, userIdSourceOf } from '../hit/visitor/pseudonym.js';
import { DAILY } from '../hit/visitor/visitor-id.js';
import { hideSecrets, invalid, optionError, type Parser, parser, type Syntax } from './option.js';

export const text: Parser<string> = parser('text', (value) =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined,
);

export const boolean: Parser<boolean> = parser('true or false', (value) => {
  if (typeof value === 'boolean') return value;
  const word = wordOf(['true', '1', 'false', '0'], value);
  return word === undefined ? undefined : word === 'true' || word === '1';
});

/** Reads a number, or text in the form in which the environment writes it; `NaN` for any other value. */
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

/** A share above 0, at most 1. */
export const share: Parser<number> = parser('a number above 0 and at most 1', (value) => {
  const number = numberOf(value, /^(?:\d+(?:\.\d+)?|\.\d+)$/);
  return number > 0 && number <= 1 ? number : undefined;
});

/** Finds a word in any case, because the environment may write `TRUE` for `true`. */
function wordOf<const T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((word) => typeof value === 'string' && word === value.toLowerCase());
}

export function oneOf<T extends string>(...words: T[]): Parser<T> {
  return parser(`one of ${words.map(show).join(', ')}`, (value) => wordOf(words, value));
}

export function functionOption<F>(): Parser<F> {
  return parser('a function', (value, name) => callback<F>(name, value));
}

/** Returns the value if it is a synchronous function. */
function callback<F>(name: string, value: unknown): F | undefined {
  if (typeof value !== 'function') return undefined;
  if (!types.isAsyncFunction(value)) return value as F;
  throw optionError(
    `${name} must be a function that returns its result at once, got an async function. Await what it needs in the handler, and pass it with annotate`,
  );
}

/** Creates a parser of a value that code can also compute from the request. `Result` is the type that the function returns. */
function orCallback<Resolved, Result, InCode = Resolved>(
  wanted: string,
  parse: (value: unknown, name: string) => Resolved | undefined,
): Parser<
  Resolved | ((request: TrackedRequest) => Result | undefined),
  InCode | ((request: TrackedRequest) => Result | undefined)
> {
  const orFunction = `${wanted}, or in code a function`;
  return parser(orFunction, (value, name) => callback(name, value) ?? parse(value, name));
}

/** Creates a parser of a list with at least `least` items. The error for an invalid item shows that item. */
export function listOf<Item, InCode = Item>(
  wanted: string,
  parseItem: (item: unknown, name: string) => Item | undefined,
  { least = 0, syntax = 'a list' }: { least?: number; syntax?: Syntax } = {},
): Parser<readonly Item[], readonly InCode[]> {
  function parseList(value: unknown, name: string): readonly Item[] | undefined {
    if (!Array.isArray(value) || value.length < least) return undefined;
    return value.map((item: unknown) => {
      const parsed = parseItem(item, name);
      if (parsed === undefined) throw invalid(name, wanted, item);
      return parsed;
    });
  }
  return parser(wanted, parseList, syntax);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Regular expressions, without the flags that make them remember a position. */
export const patterns: Parser<readonly RegExp[], readonly (RegExp | string)[]> = listOf(
  'a list of regular expressions (in the environment, write one that has a comma, brackets or flags between slashes, or the list as JSON; flags are d, g, i, m, s, u, v and y)',
  (item, name) => {
    if (item instanceof RegExp) return new RegExp(item.source, item.flags.replace(/[gy]/g, ''));
    if (typeof item !== 'string') return undefined;
    try {
      return new RegExp(item);
    } catch (error) {
      const reason = (error as Error).message.split(': ').at(-1);
      throw invalid(name, `a list of regular expressions (${reason})`, item);
    }
  },
  { syntax: 'a list of patterns' },
);

// Options about the target of hits.

/** The sites of services, such as `shop=3,blog=4,*=1`. Services that are not in the list are not tracked. */
export type ServiceSites = ReadonlyMap<string, number>;

export const siteId = orCallback<number | ServiceSites, number | string, number | string>(
  'a positive whole number, or sites of services such as shop=3,blog=4,*=1',
  (value) => {
    if (typeof value !== 'string' || !value.includes('=')) return toSiteId(value);
    const pairs = value.split(',').map((pair) => /^\s*([^=]*[^=\s])\s*=\s*(\d+)\s*$/.exec(pair));
    const sites = new Map(pairs.map((pair) => [pair?.[1] ?? '', toSiteId(pair?.[2]) ?? 0]));
    const isValid = sites.size === pairs.length && [...sites].every(([name, id]) => name && id);
    return isValid ? sites : undefined;
  },
);

/** The site of the service with this `service.name`; `*` stands for any other service. */
export function findServiceSite(sites: ServiceSites, service: unknown): number | undefined {
  return sites.get(service as string) ?? sites.get('*');
}

/** A secret. Errors do not show the value, because it may be a secret with a stray space. */
export const secret: Parser<string> = parser(
  'text without spaces or control characters',
  (value, name) => {
    const text = typeof value === 'string' ? value.trim() : undefined;
    if (text?.startsWith('<') && text.endsWith('>'))
      throw optionError(`${name} must be the secret itself, got a placeholder`);
    if (text !== undefined && /^[\x21-\x7e]+$/.test(text)) return text;
    const got = text === undefined ? `a ${typeof value}` : text === '' ? 'nothing' : 'other text';
    throw optionError(`${name} must be ${secret.wanted}, got ${got}`);
  },
);

/** A secret, or the word for a new key every day. A misspelled word is invalid, because it would become a permanent key. */
export const visitorKey: Parser<string> = parser(secret.wanted, (value, name) => {
  const text = typeof value === 'string' ? value.trim() : '';
  const isSecret = nearestName(text, [DAILY], 2) === undefined;
  return isSecret ? secret(name, value) : oneOf(DAILY)(name, text);
});

/** The URL of the tracker. `matomo.php` is appended unless the URL names `matomo.php` or `piwik.php`. */
export const matomoUrl: Parser<URL, string | URL> = httpUrl((url) => {
  if (url.search !== '' || url.hash !== '') return undefined;
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = /\/(?:matomo|piwik)\.php$/.test(path) ? path : `${path}/matomo.php`;
  return url;
});

/** A URL without trailing slash. */
export const trackedBaseUrl: Parser<string> = httpUrl(
  (url) => url.origin + url.pathname.replace(/\/+$/, ''),
);

function httpUrl<Resolved, InCode>(
  convert: (url: URL) => Resolved | undefined,
): Parser<Resolved, InCode> {
  const wanted = 'a URL that begins with http:// or https://, without user, password and query';
  return parser(wanted, (value, name) => {
    const text = value instanceof URL ? value.href : value;
    const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
    const isPlain = url && /^https?:$/.test(url.protocol) && url.username + url.password === '';
    const converted = isPlain ? convert(url) : undefined;
    if (converted === undefined) throw invalid(name, wanted, withoutQuery(text));
    return converted;
  });
}

/** Removes the query from a URL for a message, because it may contain a secret. */
function withoutQuery(value: unknown): unknown {
  return typeof value === 'string' ? hideSecrets(value).replace(/[?#].*$/s, '?…') : value;
}

/** A folder, or the URL of a Redis. */
export const spoolPlace: Parser<string> = parser(
  'the path of a folder, or a redis:// or rediss:// URL, whose only path is the number of a database',
  (value, name) => {
    const place = typeof value === 'string' ? parsePlace(value) : undefined;
    if (place === undefined) throw invalid(name, spoolPlace.wanted, withoutQuery(value));
    return place;
  },
);

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\da-z]+$/; // in lower case
/** Matches headers that the HTTP client itself sets. */
const OF_THE_REQUEST =
  /^(?:accept-encoding|connection|content-(?:encoding|length|type)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/;

/** Headers by lower-case name. Errors show neither names nor values, because text that cannot be parsed may be a secret. */
export const headers: Parser<Readonly<Record<string, string>>> = parser(
  'names and values of HTTP headers, such as authorization=Basic …, in code an object, such as Object.fromEntries(headers); its value is not shown, because it may be secret',
  (value, name) => {
    const pairs = isRecord(value) ? Object.entries(value) : [['', '']];
    const parsed = pairs.map(([key = '', content]) => {
      const header = key.trim().toLowerCase();
      const text = typeof content === 'string' ? content.trim() : '';
      if (!HEADER_NAME.test(header) || !/^[\x20-\x7e\x80-\xff]+$/.test(text))
        throw optionError(`${name} must be ${headers.wanted}`);
      if (OF_THE_REQUEST.test(header)) throw optionError(`${name} must not set ${header}`);
      return [header, text];
    });
    return Object.fromEntries(parsed);
  },
  'pairs',
);

/** Text that no output may show: values of secret headers, and the part of such a value behind a scheme such as `Basic`. */
export function credentialsIn(sent: Readonly<Record<string, string>>): string[] {
  return Object.entries(sent).flatMap(([name, value]) =>
    isSecretName(name) ? [value, ...value.split(' ').slice(1)] : [],
  );
}

export const meterProvider: Parser<MeterProvider | 'global'> = parser(
  '"global", or in code a meter provider',
  (value) => {
    const { getMeter } = (value ?? {}) as Partial<MeterProvider>;
    return typeof getMeter === 'function' ? (value as MeterProvider) : wordOf(['global'], value);
  },
);

// Options about requests and their clients.

/** Names of headers, in lower case and with dashes. */
export const headerNames: Parser<readonly string[]> = listOf(
  'a list of names of headers',
  (item) => {
    const name = typeof item === 'string' ? item.trim().toLowerCase().replaceAll('_', '-') : '';
    return HEADER_NAME.test(name) ? name : undefined;
  },
);

/** Exact paths. An item that does not begin with a slash would match nothing. */
export const paths: Parser<readonly string[]> = listOf(
  'a list of exact paths that begin with a slash (use ignorePatterns for regular expressions)',
  (item) => (typeof item === 'string' && item.startsWith('/') ? item : undefined),
);

export function methods(least: 0 | 1): Parser<readonly string[]> {
  const wanted = `a list of ${least === 1 ? 'at least one request method' : 'request methods'}`;
  const parseItem = (item: unknown) => {
    const method = typeof item === 'string' ? item.trim() : '';
    return HEADER_NAME.test(method.toLowerCase()) ? method.toUpperCase() : undefined;
  };
  return listOf(wanted, parseItem, { least });
}

/** The cookie or header with which visitors consent, and the value that means consent. */
export interface ConsentRule {
  readonly source: 'cookie' | 'header';
  /** The name of the cookie, or of the header in lower case. */
  readonly name: string;
  readonly value: string;
}

/** Matches a rule. The value has no semicolon or comma, because these separate several values. */
const CONSENT = /^(cookie|header):([!#$%&'*+.^_`|~\dA-Za-z-]+)=([\x21-\x2b\x2d-\x3a\x3c-\x7e]+)$/;

export const consent: Parser<ConsentRule, string> = parser(
  'cookie:name=value or header:name=value',
  (value) => {
    const text = typeof value === 'string' ? value.trim() : '';
    const [, source, key = '', agreed = ''] = CONSENT.exec(text) ?? [];
    if (source === 'cookie') return { source, name: key, value: agreed };
    return source === 'header' ? { source, name: key.toLowerCase(), value: agreed } : undefined;
  },
);

const RANGES =
  'a list of IP addresses, CIDRs, IPv4 addresses with a netmask, loopback, linklocal or uniquelocal';

export const ranges: Parser<readonly string[]> = parser(RANGES, parseRanges, 'a list');

export const trustProxy: Parser<
  boolean | number | readonly string[],
  boolean | number | string | readonly string[]
> = parser(
  `${RANGES}, a boolean or a number of hops up to 100`,
  (value, name) => {
    const word = typeof value === 'boolean' ? String(value) : wordOf(['true', 'false'], value);
    if (word !== undefined) return word === 'true';
    const hops = numberOf(value);
    if (!Number.isNaN(hops)) return integer(0, 100)(name, hops);
    const list = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
    return parseRanges(isStrings(list) ? list.filter((item) => item !== '') : list, name);
  },
  'one word or a list',
);

function parseRanges(value: unknown, name: string): readonly string[] | undefined {
  if (!isStrings(value)) return undefined;
  const lowered = value.map((range) => range.toLowerCase());
  try {
    createIsInRanges(lowered);
    return lowered;
  } catch (error) {
    throw invalid(name, RANGES, (error as Error).message);
  }
}

// Options about the contents of a hit.

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
      const isRoute = /^(?:[!#$%&'*+.^_`|~\dA-Za-z-]+ )?\//.test(route);
      if (!isRoute || !isRecord(declared)) throw invalid(name, routeDetails.wanted, route);
      const { cvar, ...parameters } = declared;
      const place = `${name}[${show(route)}]`;
      const unknown = Object.keys(parameters).find((key) => !declarationOf(key));
      if (unknown !== undefined)
        throw optionError(`${place}: ${describeUnknownParameter(unknown)}`);
      const own = primitivesIn(place, parameters);
      const variables = cvar === undefined ? {} : { cvar: primitivesIn(`${place}.cvar`, cvar) };
      return [route, { ...own, ...variables }];
    });
    return Object.fromEntries(copy);
  },
  'JSON',
);

function primitivesIn(place: string, values: unknown): Record<string, unknown> {
  const all = isRecord(values) ? Object.values(values) : [null];
  if (all.every((value) => ['string', 'number', 'boolean', 'undefined'].includes(typeof value)))
    return { ...(values as Record<string, unknown>) };
  throw invalid(place, 'an object of text, numbers and booleans', values);
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
  'pairs',
);

/** Attributes that dimensions cannot have, with the header that has the same information. */
const INSTEAD: Readonly<Record<string, string>> = {
  'mcp.protocol.version': 'http.request.header.mcp-protocol-version',
  'user_agent.bot.name': 'http.request.header.user-agent',
  'matomo.content_format': 'http.response.header.content-type',
  'matomo.deprecated_endpoint': 'http.response.header.deprecation',
};

/** The source of a dimension. Headers with secret names, and the session ID of MCP, which gives access to a session, are refused. */
const dimension = orCallback<string, AttributeValue>('the name of an attribute', (value, name) => {
  if (typeof value !== 'string' || value === '') return undefined;
  const source = withLowerHeader(name, value);
  const instead = INSTEAD[source];
  if (instead !== undefined) throw optionError(`${name} must not be ${source}. Use ${instead}`);
  const { header = '' } = headerAttributeOf(source) ?? {};
  if (!isSecretName(header) && source !== 'mcp.session.id') return source;
  throw optionError(
    `${name} must not be ${show(header || source)}, because it is secret. To recognize clients by a key, use userId, which sends a pseudonym`,
  );
});

export const userId = orCallback<string, string | number>(
  `the name of an attribute, of a request header, or one of ${USER_ID_CLAIMS.map((claim) => `jwt.${claim}`).join(', ')}`,
  (value, name) => {
    const source = withLowerHeader(name, typeof value === 'string' ? value.trim() : '');
    const used = userIdSourceOf(source);
    const isUnknownClaim = used?.kind === 'claim' && !USER_ID_CLAIMS.includes(used.claim);
    const isOfResponse = headerAttributeOf(source)?.direction === 'response';
    return source === '' || isUnknownClaim || isOfResponse ? undefined : source;
  },
);

function withLowerHeader(name: string, text: string): string {
  const named = headerAttributeOf(text);
  if (!named) return text;
  if (HEADER_NAME.test(named.header)) return `http.${named.direction}.header.${named.header}`;
  throw invalid(name, `a header after http.${named.direction}.header.`, text);
}

export const visitorId = orCallback<'auto' | 'cookie' | 'none', string>(
  'one of "auto", "cookie", "none"',
  (value) => wordOf(['auto', 'cookie', 'none'], value),
);

/** The query policy. In the environment, a misspelled word would be a list of one name, which removes everything else. */
export const queryPolicy: Parser<'keep' | 'redact' | 'strip' | readonly string[]> = parser(
  '"keep", "redact", "strip" or a list of names (write a single name with a comma after it)',
  (value) => (isStrings(value) ? [...value] : wordOf(['keep', 'redact', 'strip'] as const, value)),
  'one word or a list',
);

/** Finds the known name with the smallest edit distance to `name`, at most `maxDistance`; `undefined` if there is none. */
export function nearestName(
  name: string,
  known: Iterable<string>,
  maxDistance: number = Math.floor(name.length / 3),
): string | undefined {
  const plain = name.toLowerCase();
  let nearest: string | undefined;
  let least = maxDistance + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - plain.length) >= least) continue; // its distance cannot be smaller
    const distance = editDistance(plain, candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** The number of letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
