import {
  createToTrackedQuery,
  type QueryPolicyOptions,
  removeSearchFromPath,
} from './query-policy.js';
import { rememberBoth } from './remember.js';

/** Matomo cuts there, by bytes; what is sent is ASCII. */
const MAX_URL_LENGTH = 1024;

// A host as it may stand in a URL: a name or an address, IPv6 in brackets, a port. No userinfo, no path.
const MAX_HOST_LENGTH = 259; // a name of 253 bytes and a port
const HOST = /^(?:[a-z\d](?:[\w.-]*[a-z\d.])?|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

// What a request target may hold as it is. `#` is not in it: Matomo would look for a search behind it.
const NOT_IN_A_URL = /[^\w\-.~:/?[\]@!$&'()*+,;=%]/gu;

export interface PageUrlOptions extends QueryPolicyOptions {
  /** Replaces scheme and host; its own path stays in front. Without trailing slash. */
  readonly baseUrl?: string | undefined;
}

interface Located {
  readonly scheme: string;
  readonly host: string | undefined;
  readonly query: string | undefined;
}

/** The absolute URL of a request whose path comes redacted, of at most 1,024 bytes: the query is the first to be cut. */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string) => string {
  const toTrackedQuery = createToTrackedQuery(options);
  const toOrigin = rememberBoth(
    (host: string, scheme: string) => `${scheme}://${toHost(host, scheme)}`,
  );
  return function toPageUrl({ scheme, host = '', query }, path) {
    const origin = options.baseUrl ?? toOrigin(host, scheme);
    const url = origin + encodeUnsafe(options.siteSearch ? path : removeSearchFromPath(path));
    if (query === undefined || url.length >= MAX_URL_LENGTH) return cut(url, MAX_URL_LENGTH);
    const tracked = encodeUnsafe(toTrackedQuery(query));
    return tracked === '' ? url : cutQuery(`${url}?${tracked}`, url.length);
  };
}

/** The page that a request came from, by the same rules; keywords stay, because Matomo reports them. */
export function createToReferrer(
  { query }: Pick<QueryPolicyOptions, 'query'>,
  redactPath: (path: string) => string,
): (referrer: string | undefined) => string | undefined {
  const toTrackedQuery = createToTrackedQuery({ query, siteSearch: true });
  return function toReferrer(referrer) {
    const [, origin = '', path = '', search] =
      referrer?.match(/^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?]*)(?:\?(.*))?$/is) ?? [];
    if (referrer === undefined) return undefined;
    const page = withoutCredentials(origin) + (path === '' ? '' : redactPath(path));
    const kept = search === undefined ? '' : toTrackedQuery(search);
    return kept === '' ? page : `${page}?${kept}`;
  };
}

function withoutCredentials(origin: string): string {
  return origin.replace(/^([^/]*\/\/)[^/]*@/, '$1');
}

/** Without the port that the scheme has anyway, or that the listener had behind what made the scheme https. */
function toHost(host: string, scheme: string): string {
  if (host.length > MAX_HOST_LENGTH || !HOST.test(host)) return 'localhost';
  return host.replace(scheme === 'https' ? /:(?:443|80)$/ : /:80$/, '');
}

function encodeUnsafe(text: string): string {
  return text.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Whole parameters are dropped from the end, so that no value is stored that nobody sent. */
function cutQuery(url: string, pathEnd: number): string {
  if (url.length <= MAX_URL_LENGTH) return url;
  const end = url.lastIndexOf('&', MAX_URL_LENGTH);
  return url.slice(0, Math.max(end, pathEnd));
}

/** Never inside of a percent-encoded byte. */
function cut(url: string, length: number): string {
  return url.length <= length ? url : url.slice(0, length).replace(/%[\da-f]?$/i, '');
}
