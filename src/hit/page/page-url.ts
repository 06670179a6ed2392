import { remember } from '../../common/recent-texts.js';
import { partOf } from '../hit-text.js';
import { decodePath, encodeValue, isPlain } from '../text.js';
import { redactPair } from './redact.js';

/** Matomo cuts URLs at this number of bytes. URLs are sent in ASCII, so bytes are characters. */
const MAX_URL_LENGTH = 1024;
/** Up to this length, with the name of the parameter, a URL is within Matomo's limit even when it is HTML-escaped. */
const SAFE_LENGTH = 175;

// Matches a host that is valid in a URL: a name or an address, IPv6 in brackets, a port. No userinfo, no path.
const MAX_HOST_LENGTH = 259; // a name of 253 bytes and a port
const HOST = /^(?:[a-z\d](?:[\w.-]*[a-z\d.])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

// Matches characters that a URL must not contain as they are. Matomo would look for a search behind `#`. A `;` could end an entity or begin
// matrix parameters, which Matomo would read as parameters.
const NOT_IN_A_URL = /[^\w\-.~:/?[\]@!$&'()*+,=%]/gu;

export interface PageUrlOptions extends QueryPolicyOptions {
  /** The option `baseUrl`, without trailing slash. Its origin replaces scheme and host, and its path precedes the path of the request. */
  readonly baseUrl?: string | undefined;
}

export interface Located {
  readonly scheme: string;
  readonly host: string | undefined;
  readonly query: string | undefined;
}

/**
 * The use of a URL. `query` in the URL of a GraphQL request is not a site search. URLs of AI chatbots are sent without campaign parameters,
 * as Matomo removes these from page URLs.
 */
export type UrlUse = 'page' | 'graphql' | 'chatbot';

/**
 * Builds the parameter `url` from a path that is redacted already: an absolute URL of at most 1,024 bytes. The query is cut before the path.
 * Encoding the parts one by one yields the same as encoding the whole.
 */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string, use?: UrlUse, encoded?: string) => string {
  const toQuery = {
    page: createToQuery(options),
    graphql: createToQuery({ ...options, siteSearch: false }),
    chatbot: createToQuery({ ...options, removesCampaigns: true }),
  };
  const baseUrl = options.baseUrl === undefined ? undefined : toStart(options.baseUrl);
  const toHttp = remember(256, (host) => toStart(`http://${toHost(host, 'http')}`));
  const toHttps = remember(256, (host) => toStart(`https://${toHost(host, 'https')}`));
  return function toPageUrl(
    { scheme, host = '', query },
    path,
    use = 'page',
    encoded = encodePath(path),
  ) {
    const start = baseUrl ?? (scheme === 'https' ? toHttps(host) : toHttp(host));
    const tracked = query === undefined ? '' : toQuery[use](query);
    const isLong = start.length + encoded.length + tracked.length > SAFE_LENGTH;
    return isLong
      ? toLongPart(start.slice(START.length) + encoded, tracked)
      : start + encoded + tracked;
  };
}

const START = '&url=';

function toStart(origin: string): string {
  return START + encodeValue(origin);
}

/** Encodes a redacted path for the parameter. */
export function encodePath(path: string): string {
  if (path === '*') return '/';
  return isPlain(path) ? path : encodeValue(encodeUnsafe(path));
}

/** Builds and caches queries. A query that redaction changes may contain secrets, so it is not cached. */
function createToQuery(policy: QueryPolicyOptions): (query: string) => string {
  const toTrackedQuery = createToTrackedQuery(policy);
  return remember(
    1024,
    (query) => {
      const tracked = encodeUnsafe(toTrackedQuery(query));
      return tracked === '' ? '' : encodeValue(`?${tracked}`);
    },
    (tracked, query) => decodeURIComponent(tracked) === (query && `?${query}`),
  );
}

function toLongPart(page: string, query: string): string {
  const url = decodeURIComponent(page + query);
  const pathEnd = decodeURIComponent(page).length;
  let text = url;
  // The cut must not split a percent-encoded byte.
  if (pathEnd > MAX_URL_LENGTH) text = url.slice(0, MAX_URL_LENGTH).replace(/%[\da-f]?$/i, '');
  // Whole parameters are dropped from the end. A cut value would be one that no client has sent.
  else if (url.length > MAX_URL_LENGTH)
    text = url.slice(0, Math.max(url.lastIndexOf('&', MAX_URL_LENGTH), pathEnd));
  return partOf('url', text);
}

/** Removes the default port of the scheme from a host, and port 80 of a listener behind a proxy that terminates TLS. */
function toHost(host: string, scheme: string): string {
  if (!isUrlHost(host)) return 'localhost';
  return host.replace(scheme === 'https' ? /:(?:443|80)$/ : /:80$/, '');
}

/** A port beyond 65,535 or an address such as 1.2.3.4.5 passes the pattern, but Matomo cannot parse a URL with it. */
export const isUrlHost: (host: string) => boolean = /* @__PURE__ */ remember(
  256,
  (host) => host.length <= MAX_HOST_LENGTH && HOST.test(host) && URL.canParse(`http://${host}/`),
);

/** Text that is longer than a URL is cut before it is encoded, because encoding never shortens text. */
function encodeUnsafe(text: string): string {
  const part = text.slice(0, MAX_URL_LENGTH + 1);
  return part.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Matches names that Matomo reads as the keyword of a site search. A hit with such a parameter loses its URL, title and timing. */
const SEARCH_PARAMETER = /^(?:q|query|s|search|searchword|k|keywords?)$/;

/** A parameter that Next.js adds to URLs of pages that its own code requests. The value is a hash of headers. */
const RSC = '_rsc';

const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid)$)/i;

export interface QueryPolicyOptions {
  readonly query: 'keep' | 'redact' | 'strip' | readonly string[];
  readonly siteSearch: boolean;
  readonly removesCampaigns?: boolean;
}

/** The part of a query that the tracked URL keeps; may be empty. */
export function createToTrackedQuery(
  { query: policy, siteSearch, removesCampaigns = false }: QueryPolicyOptions,
  isRedacted: boolean = policy === 'redact',
): (query: string) => string {
  const listed = typeof policy === 'string' ? undefined : new Set(policy);

  function isKept(pair: string): boolean {
    const name = pairNameOf(pair);
    if (name === RSC || (!siteSearch && isSearchParameter(name))) return false;
    if (removesCampaigns && CAMPAIGN.test(name)) return false;
    return listed === undefined || listed.has(name);
  }

  if (policy === 'strip') return () => '';
  return (query) => {
    const sent: string[] = [];
    let length = 0;
    // Some links contain `&amp;` instead of `&`. Matomo accepts both.
    for (const pair of query.split(/&(?:amp;)*/)) {
      if (!isKept(pair)) continue;
      const shown = isRedacted ? redactPair(pair) : pair;
      sent.push(shown);
      length += shown.length + 1;
      if (length > MAX_URL_LENGTH) break;
    }
    return sent.join('&');
  };
}

/** Matches names that need no decoding. Most names are like that. */
const PLAIN_NAME = /^[\w-]*$/;

/** The name as PHP reads it: decoded, without the brackets of an array. */
function pairNameOf(pair: string): string {
  const equals = pair.indexOf('=');
  const encoded = equals < 0 ? pair : pair.slice(0, equals);
  if (PLAIN_NAME.test(encoded)) return encoded;
  const name = decodePath(encoded.replaceAll('+', ' '));
  const bracket = name.indexOf('[');
  return (bracket > 0 ? name.slice(0, bracket) : name).trim();
}

function isSearchParameter(name: string): boolean {
  return SEARCH_PARAMETER.test(name.toLowerCase());
}
