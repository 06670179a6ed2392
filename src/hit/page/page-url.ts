import { memoize, memoizeLatestPair } from '../../common/generation-cache.js';
import { isPolling, withoutTimestamp } from '../engine-io.js';
import { type EncodedText, isPlain, toEncoded } from '../text.js';
import {
  createToTrackedQuery,
  type QueryPolicyOptions,
  removeSearchFromPath,
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

/** A part of a URL, and what it is in a query string. */
interface Part extends EncodedText {
  readonly piece: string;
}

/** A URL in its parts, which are encoded already and mostly come again. */
export class PageUrl implements EncodedText {
  readonly origin: Part;
  readonly place: EncodedText;
  readonly query: Part | undefined;
  /** Of `text`, without putting it together. */
  readonly length: number;

  constructor(origin: Part, place: EncodedText, query: Part | undefined) {
    this.origin = origin;
    this.place = place;
    this.query = query;
    const end = query === undefined ? 0 : query.text.length + 1;
    this.length = origin.text.length + place.text.length + end;
  }

  get text(): string {
    const page = this.origin.text + this.place.text;
    return this.query ? `${page}?${this.query.text}` : page;
  }

  get encoded(): string {
    const page = this.origin.encoded + this.place.encoded;
    return this.query ? `${page}?${this.query.encoded}` : page;
  }
}

const NOTHING: EncodedText = { text: '', encoded: '' };

function toPart(start: '&url=' | '?', text: string): Part {
  const { encoded } = toEncoded(text);
  return { text, encoded, piece: [start, encoded].join('') };
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
): (request: Located, path: string, isSimple?: boolean) => PageUrl {
  const toTrackedQuery = createToTrackedQuery(options);
  const toQuery = memoize(
    (query: string) => {
      const stable = isPolling(query) ? withoutTimestamp(query) : query;
      return toPart('?', encodeUnsafe(cutRaw(toTrackedQuery(stable))));
    },
    ({ text }, query) => text === query,
  );
  const baseUrl = options.baseUrl === undefined ? undefined : toPart('&url=', options.baseUrl);
  const toOrigin = memoizeLatestPair((host: string, scheme: string) =>
    toPart('&url=', `${scheme}://${toHost(host, scheme)}`),
  );
  const toFilteredPlace = (path: string) =>
    toPlace(cutRaw(options.siteSearch ? path : removeSearchFromPath(path)));
  return function toPageUrl({ scheme, host = '', query }, path, isSimple = false) {
    const origin = baseUrl ?? toOrigin(host, scheme);
    const place = isSimple ? { text: path, encoded: path } : toFilteredPlace(path);
    const pageEnd = origin.text.length + place.text.length;
    if (pageEnd > MAX_URL_LENGTH) return toCutUrl(cut(origin.text + place.text, MAX_URL_LENGTH));
    const tracked = query === undefined ? undefined : toQuery(query);
    if (tracked === undefined || tracked.text === '') return new PageUrl(origin, place, undefined);
    const url = new PageUrl(origin, place, tracked);
    return url.length <= MAX_URL_LENGTH ? url : toCutUrl(cutQuery(url.text, pageEnd));
  };
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

function toCutUrl(text: string): PageUrl {
  return new PageUrl(toPart('&url=', text), NOTHING, undefined);
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
