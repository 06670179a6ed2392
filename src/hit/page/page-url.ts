import { memoize, memoizePair } from '../../common/generation-cache.js';
import { type EncodedText, isPlain, toEncoded } from '../text.js';
import {
  createToTrackedQuery,
  isPolling,
  type QueryPolicyOptions,
  removeSearchFromPath,
  withoutTimestamp,
} from './query-policy.js';

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
 * The absolute URL of a request whose path comes redacted, of at most 1,024 bytes: the query is the first to be cut. Encoding its parts
 * one by one yields the same as encoding the whole.
 */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string) => EncodedText {
  const toTrackedQuery = createToTrackedQuery(options);
  const toQuery = memoize(
    (query: string) => {
      const stable = isPolling(query) ? withoutTimestamp(query) : query;
      return toEncoded(encodeUnsafe(cutRaw(toTrackedQuery(stable))));
    },
    ({ text }, query) => text === query,
  );
  const baseUrl = options.baseUrl === undefined ? undefined : toEncoded(options.baseUrl);
  const toOrigin = memoizePair((host: string, scheme: string) =>
    toEncoded(`${scheme}://${toHost(host, scheme)}`),
  );
  return function toPageUrl({ scheme, host = '', query }, path) {
    const origin = baseUrl ?? toOrigin(host, scheme);
    const place = toPlace(cutRaw(options.siteSearch ? path : removeSearchFromPath(path)));
    const page = joinTexts(origin, place);
    if (page.text.length > MAX_URL_LENGTH) return toEncoded(cut(page.text, MAX_URL_LENGTH));
    const tracked = query === undefined ? undefined : toQuery(query);
    if (tracked === undefined || tracked.text === '') return page;
    const url = {
      text: `${page.text}?${tracked.text}`,
      encoded: `${page.encoded}?${tracked.encoded}`,
    };
    if (url.text.length <= MAX_URL_LENGTH) return url;
    return toEncoded(cutQuery(url.text, page.text.length));
  };
}

function joinTexts(first: EncodedText, second: EncodedText): EncodedText {
  return { text: first.text + second.text, encoded: first.encoded + second.encoded };
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
