import { memoize, memoizePair } from '../common/generation-cache.js';
import {
  createToTrackedQuery,
  type QueryPolicyOptions,
  redactMatrix,
  removeSearchFromPath,
} from './query-policy.js';
import { type EncodedText, isPlain, toEncoded } from './text.js';

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

/**
 * The absolute URL of a request whose path comes redacted, of at most 1,024 bytes: the query is the first to be cut. Put
 * together of parts that are encoded, since most of them come again.
 */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string) => EncodedText {
  const toTrackedQuery = createToTrackedQuery(options);
  const toQuery = memoize((query: string) =>
    toEncoded(encodeUnsafe(cutRaw(toTrackedQuery(query)))),
  );
  const baseUrl = options.baseUrl === undefined ? undefined : toEncoded(options.baseUrl);
  const toOrigin = memoizePair((host: string, scheme: string) =>
    toEncoded(`${scheme}://${toHost(host, scheme)}`),
  );
  return function toPageUrl({ scheme, host = '', query }, path) {
    const origin = baseUrl ?? toOrigin(host, scheme);
    const place = toPlace(cutRaw(options.siteSearch ? path : removeSearchFromPath(path)));
    const page = join(origin, '', place);
    const pageEnd = page.text.length;
    if (pageEnd > MAX_URL_LENGTH) return toEncoded(cut(page.text, MAX_URL_LENGTH));
    if (query === undefined) return page;
    const tracked = toQuery(query);
    if (tracked.text === '') return page;
    const url = join(page, '?', tracked);
    return url.text.length <= MAX_URL_LENGTH ? url : toEncoded(cutQuery(url.text, pageEnd));
  };
}

/**
 * The page that a request came from, without fragment. Its query is redacted whatever `query` keeps of it; keywords stay,
 * because Matomo reports them.
 */
export function createToReferrer(
  { query }: Pick<QueryPolicyOptions, 'query'>,
  redactPath: (path: string) => string,
): (referrer: string | undefined) => string | undefined {
  const toTrackedQuery = createToTrackedQuery({ query, siteSearch: true }, true);
  return function toReferrer(referrer) {
    if (referrer === undefined) return undefined;
    const [, origin = '', path = '', search] =
      referrer.match(/^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i) ?? [];
    const page = withoutCredentials(origin) + (path === '' ? '' : redactPath(redactMatrix(path)));
    const kept = search === undefined ? '' : toTrackedQuery(search);
    return kept === '' ? page : `${page}?${kept}`;
  };
}

function withoutCredentials(origin: string): string {
  return origin.replace(/^([^/]*\/\/)[^/]*@/, '$1');
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

function join(start: EncodedText, separator: '' | '?', end: EncodedText): EncodedText {
  return {
    text: start.text + separator + end.text,
    encoded: start.encoded + separator + end.encoded,
  };
}

function toPlace(path: string): EncodedText {
  return isPlain(path) ? { text: path, encoded: path } : toEncoded(encodeUnsafe(path));
}

function encodeUnsafe(text: string): string {
  return text.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Before it is encoded, which makes no text shorter: what is longer than a URL is cut in the end. */
function cutRaw(text: string): string {
  return text.slice(0, MAX_URL_LENGTH + 1);
}

/** Whole parameters are dropped from the end, so that no value is stored that nobody sent. */
function cutQuery(url: string, pathEnd: number): string {
  const end = url.lastIndexOf('&', MAX_URL_LENGTH);
  return url.slice(0, Math.max(end, pathEnd));
}

/** Never inside of a percent-encoded byte. */
function cut(url: string, length: number): string {
  return url.slice(0, length).replace(/%[\da-f]?$/i, '');
}
