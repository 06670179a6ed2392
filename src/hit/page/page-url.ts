import { memoize } from '../../common/generation-cache.js';
import { partOf } from '../hit-text.js';
import { encodeValue, isPlain } from '../text.js';
import { redactPair } from './redaction.js';
import { asMatomoReads, type FilterPair, filterParts, pairNameOf } from './url-pairs.js';

/** Matomo cuts there, by bytes; what is sent is ASCII. */
const MAX_URL_LENGTH = 1024;
/** Longer ones may exceed Matomo's limit when they are HTML-escaped. */
const SAFE_URL_LENGTH = 170;

// A host as it may stand in a URL: a name or an address, IPv6 in brackets, a port. No userinfo, no path.
const MAX_HOST_LENGTH = 259; // a name of 253 bytes and a port
const HOST = /^(?:[a-z\d](?:[\w.-]*[a-z\d.])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

// What a request target may hold as it is. `#` is not in it: Matomo would look for a search behind it.
const NOT_IN_A_URL = /[^\w\-.~:/?[\]@!$&'()*+,;=%]/gu;

export interface PageUrlOptions extends QueryPolicyOptions {
  /** Replaces scheme and host; its own path stays in front. Without trailing slash. */
  readonly baseUrl?: string | undefined;
}

/** Where a request was sent to. */
export interface Located {
  readonly scheme: string;
  readonly host: string | undefined;
  readonly query: string | undefined;
}

/**
 * What the URL is for: the query of a GraphQL request is no site search, and that for an AI chatbot has no campaigns, which Matomo
 * removes from URLs of people.
 */
export type UrlUse = 'page' | 'graphql' | 'chatbot';

/**
 * The parameter `url` of a request whose path comes redacted: an absolute URL of at most 1,024 bytes, whose query is the first to be cut.
 * Encoding its parts one by one yields the same as encoding the whole.
 */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string, use?: UrlUse) => string {
  const toQuery = {
    page: createToQuery(options),
    graphql: createToQuery({ ...options, siteSearch: false }),
    chatbot: createToQuery({ ...options, removesCampaigns: true }),
  };
  const baseUrl = options.baseUrl === undefined ? undefined : encodeValue(options.baseUrl);
  const toHttp = memoize((host: string) => encodeValue(`http://${toHost(host, 'http')}`));
  const toHttps = memoize((host: string) => encodeValue(`https://${toHost(host, 'https')}`));
  function toPlace(path: string, use: UrlUse): string {
    if (path === '*') return '/';
    if (isPlain(path)) return path;
    const keepsSearch = options.siteSearch && use !== 'graphql';
    return encodeValue(encodeUnsafe(keepsSearch ? path : removeSearchFromPath(path)));
  }
  return function toPageUrl({ scheme, host = '', query }, path, use = 'page') {
    const origin = baseUrl ?? (scheme === 'https' ? toHttps(host) : toHttp(host));
    const place = toPlace(path, use);
    const tracked = query === undefined ? '' : toQuery[use](query);
    const isLong = origin.length + place.length + tracked.length > SAFE_URL_LENGTH;
    return isLong ? toLongPart(origin + place, tracked) : `&url=${origin}${place}${tracked}`;
  };
}

/** Only a query that is sent as it came is remembered: others may hold secrets. */
function createToQuery(policy: QueryPolicyOptions): (query: string) => string {
  const toTrackedQuery = createToTrackedQuery(policy);
  return memoize(
    (query: string) => {
      const tracked = encodeUnsafe(toTrackedQuery(withoutTimestamp(query)));
      return tracked === '' ? '' : encodeValue(`?${tracked}`);
    },
    (tracked, query) => decodeURIComponent(tracked) === (query && `?${query}`),
  );
}

function toLongPart(page: string, query: string): string {
  const url = decodeURIComponent(page + query);
  const pathEnd = decodeURIComponent(page).length;
  let text = url;
  // Never inside of a percent-encoded byte.
  if (pathEnd > MAX_URL_LENGTH) text = url.slice(0, MAX_URL_LENGTH).replace(/%[\da-f]?$/i, '');
  // Whole parameters are dropped from the end, so that no value is stored that nobody sent.
  else if (url.length > MAX_URL_LENGTH)
    text = url.slice(0, Math.max(url.lastIndexOf('&', MAX_URL_LENGTH), pathEnd));
  return partOf('url', text);
}

/** Without the port that the scheme has anyway, or that the listener had behind what made the scheme https. */
function toHost(host: string, scheme: string): string {
  if (!isUrlHost(host)) return 'localhost';
  return host.replace(scheme === 'https' ? /:(?:443|80)$/ : /:80$/, '');
}

/** A port beyond 65,535 or an address such as 1.2.3.4.5 passes the pattern, but then Matomo cannot parse the URL. */
export function isUrlHost(host: string): boolean {
  return host.length <= MAX_HOST_LENGTH && HOST.test(host) && URL.canParse(`http://${host}/`);
}

/** What is longer than a URL is cut in the end, and encoding makes no text shorter. */
function encodeUnsafe(text: string): string {
  const part = text.slice(0, MAX_URL_LENGTH + 1);
  return part.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Matomo reads these as the keyword of a site search, in upper or lower case: such a hit loses its URL, title and timing. */
const SEARCH_PARAMETER = /^(?:q|query|s|search|searchword|k|keywords?)$/;

/** Next.js adds it to the URL of a page if its own code requests the page: a hash of the request's headers. */
const RSC = '_rsc';

const CAMPAIGN = /^(?:(?:utm|mtm|pk|piwik|matomo)_|(?:gclid|fbclid)$)/i;

export interface QueryPolicyOptions {
  readonly query: 'keep' | 'redact' | 'strip' | readonly string[];
  /** Keeps parameters that Matomo reads as a site search. */
  readonly siteSearch: boolean;
  /** Removes campaign parameters, as Matomo does in URLs of people. */
  readonly removesCampaigns?: boolean;
}

/**
 * What is kept of a query in the tracked URL; `''` if nothing is. Reads parameters as Matomo does, and also those that `;` separates.
 * Parameters after the first 1,024 characters that are kept are dropped.
 */
export function createToTrackedQuery(
  { query: policy, siteSearch, removesCampaigns = false }: QueryPolicyOptions,
  isRedacted: boolean = policy === 'redact',
): (query: string) => string {
  const listed = typeof policy === 'string' ? undefined : new Set(policy);
  const filter: FilterPair = (pair, isContinued) => {
    const name = pairNameOf(pair);
    if (isRemoved(name) || !(listed === undefined || listed.has(name) || isContinued)) {
      return undefined;
    }
    return isRedacted ? redactPair(pair) : pair;
  };

  function isRemoved(name: string): boolean {
    if (name === RSC || (!siteSearch && isSearchParameter(name))) return true;
    return removesCampaigns && CAMPAIGN.test(name);
  }

  if (policy === 'strip') return () => '';
  return (query) => filterParts(`&${asMatomoReads(query)}`, filter).slice(1);
}

/**
 * Removes matrix parameters from a path that Matomo would read as a site search (`/find;q=shoes`). After the first `;`, Matomo reads the
 * rest of the path as a query, so `&` is a separator there too.
 */
function removeSearchFromPath(path: string): string {
  return asMatomoReads(path).replace(/;.*/s, (rest) =>
    rest.replace(/[;&][^/]*/g, (parts) => filterParts(parts, removeSearch, false)),
  );
}

function removeSearch(pair: string): string | undefined {
  return isSearchParameter(pairNameOf(pair)) ? undefined : pair;
}

function isSearchParameter(name: string): boolean {
  return SEARCH_PARAMETER.test(name.toLowerCase());
}

/** Whether a query is of Engine.IO's transport by polling, as socket.io uses it: then the rest of a path depends on a setting. */
function isPolling(query = ''): boolean {
  return query.includes('transport=polling') && /(?:^|&)EIO=/.test(query);
}

/** Whether such a request continues a session. The first one, the handshake, has no session ID. */
export function isPollingSession(query = ''): boolean {
  return isPolling(query) && /(?:^|&)sid=/.test(query);
}

/** The query without the time that keeps caches from answering such requests: it differs in each. */
function withoutTimestamp(query: string): string {
  return isPolling(query) ? query.replace(/^t=[^&]*&|&t=[^&]*/, '') : query;
}
