import { remember } from '../../common/recent-texts.js';
import { partOf } from '../hit-text.js';
import { decodePath, encodeValue, isPlain } from '../text.js';
import { redactPair } from './redact.js';

/** Matomo cuts URLs at this number of bytes; what is sent is ASCII. */
const MAX_URL_LENGTH = 1024;
/** A longer URL, with the name of the parameter, may exceed Matomo's limit when it is HTML-escaped. */
const SAFE_LENGTH = 175;

// A host as it may stand in a URL: a name or an address, IPv6 in brackets, a port. No userinfo, no path.
const MAX_HOST_LENGTH = 259; // a name of 253 bytes and a port
const HOST = /^(?:[a-z\d](?:[\w.-]*[a-z\d.])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

// What a request target may hold as it is. Neither `#`, behind which Matomo would look for a search, nor `;`, which could end an entity or begin
// matrix parameters, both of which Matomo would read as parameters.
const NOT_IN_A_URL = /[^\w\-.~:/?[\]@!$&'()*+,=%]/gu;

export interface PageUrlOptions extends QueryPolicyOptions {
  /** The option `baseUrl`, without trailing slash: it replaces scheme and host, and its path stays in front. */
  readonly baseUrl?: string | undefined;
}

export interface Located {
  readonly scheme: string;
  readonly host: string | undefined;
  readonly query: string | undefined;
}

/**
 * The use of a URL: the query of a GraphQL request is no site search, and that of an AI chatbot has no campaigns, which Matomo removes
 * from URLs of people.
 */
export type UrlUse = 'page' | 'graphql' | 'chatbot';

/**
 * The parameter `url` of a request whose path comes redacted: an absolute URL of at most 1,024 bytes, whose query is the first to be cut.
 * Encoding its parts one by one yields the same as encoding the whole.
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

/** Texts of queries. Only those that are sent as they came are remembered: others may hold secrets. */
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
  // The cut must not be inside of a percent-encoded byte.
  if (pathEnd > MAX_URL_LENGTH) text = url.slice(0, MAX_URL_LENGTH).replace(/%[\da-f]?$/i, '');
  // Whole parameters are dropped from the end, so that no value is stored that nobody sent.
  else if (url.length > MAX_URL_LENGTH)
    text = url.slice(0, Math.max(url.lastIndexOf('&', MAX_URL_LENGTH), pathEnd));
  return partOf('url', text);
}

/** A host without the default port of the scheme, and without that of a listener behind a proxy that terminates TLS. */
function toHost(host: string, scheme: string): string {
  if (!isUrlHost(host)) return 'localhost';
  return host.replace(scheme === 'https' ? /:(?:443|80)$/ : /:80$/, '');
}

/** A port beyond 65,535 or an address such as 1.2.3.4.5 passes the pattern, but then Matomo cannot parse the URL. */
export const isUrlHost: (host: string) => boolean = /* @__PURE__ */ remember(
  256,
  (host) => host.length <= MAX_HOST_LENGTH && HOST.test(host) && URL.canParse(`http://${host}/`),
);

/** A text that is longer than a URL is cut before it is encoded, because encoding makes no text shorter. */
function encodeUnsafe(text: string): string {
  const part = text.slice(0, MAX_URL_LENGTH + 1);
  return part.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Names that Matomo reads as the keyword of a site search, in any case: such a hit loses its URL, title and timing. */
const SEARCH_PARAMETER = /^(?:q|query|s|search|searchword|k|keywords?)$/;

/** A hash of headers, which Next.js adds to the URL of a page that its own code requests. */
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
    // Some links have `&amp;` where `&` was meant, and Matomo reads it so.
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

/** A name that needs no decoding, as most do. */
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
