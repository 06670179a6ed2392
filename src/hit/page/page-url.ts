import { memoize } from '../../common/generation-cache.js';
import { createField, Field, rawField } from '../field.js';
import { encodeValue, isPlain } from '../text.js';
import {
  createToTrackedQuery,
  isPolling,
  type QueryPolicyOptions,
  removeSearchFromPath,
  withoutTimestamp,
} from './redact-query.js';

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

/** A part of a URL, and its encoding in the value of a query string. */
class UrlPart {
  readonly text: string;
  readonly encoded: string;

  constructor(text: string, encoded = encodeValue(text)) {
    this.text = text;
    this.encoded = encoded;
  }
}

const NO_QUERY = /* @__PURE__ */ new UrlPart('');

/**
 * The absolute URL of a request whose path comes redacted, of at most 1,024 bytes: the query is the first to be cut. Encoding its parts
 * one by one yields the same as encoding the whole.
 */
export function createToPageUrl(
  options: PageUrlOptions,
): (request: Located, path: string, use?: UrlUse) => Field {
  const toQuery = {
    page: createToQuery(options),
    graphql: createToQuery({ ...options, siteSearch: false }),
    chatbot: createToQuery({ ...options, removesCampaigns: true }),
  };
  const baseUrl = options.baseUrl === undefined ? undefined : rawField('url', options.baseUrl);
  const toHttp = memoize((host: string) => rawField('url', `http://${toHost(host, 'http')}`));
  const toHttps = memoize((host: string) => rawField('url', `https://${toHost(host, 'https')}`));
  function toPlace(path: string, use: UrlUse): UrlPart {
    if (isPlain(path)) return new UrlPart(path, path);
    const keepsSearch = options.siteSearch && use !== 'graphql';
    return new UrlPart(encodeUnsafe(cutRaw(keepsSearch ? path : removeSearchFromPath(path))));
  }
  return function toPageUrl({ scheme, host = '', query }, path, use = 'page') {
    const origin = baseUrl ?? (scheme === 'https' ? toHttps(host) : toHttp(host));
    const place = toPlace(path, use);
    const tracked = query === undefined ? NO_QUERY : toQuery[use](query);
    const value = origin.value + place.text + tracked.text;
    if (value.length > SAFE_URL_LENGTH) {
      return toLongField(value, origin.value.length + place.text.length);
    }
    return new Field('url', value, origin.text + place.encoded + tracked.encoded);
  };
}

function createToQuery(policy: QueryPolicyOptions): (query: string) => UrlPart {
  const toTrackedQuery = createToTrackedQuery(policy);
  return memoize((query: string): UrlPart => {
    const stable = isPolling(query) ? withoutTimestamp(query) : query;
    const tracked = encodeUnsafe(cutRaw(toTrackedQuery(stable)));
    return tracked === '' ? NO_QUERY : new UrlPart(`?${tracked}`);
  }, isSentAsItCame);
}

/** Other queries are not remembered: they may hold secrets. */
function isSentAsItCame({ text }: UrlPart, query: string): boolean {
  return text === (query === '' ? '' : `?${query}`);
}

function toLongField(url: string, pathEnd: number): Field {
  let text = url;
  // Never inside of a percent-encoded byte.
  if (pathEnd > MAX_URL_LENGTH) text = url.slice(0, MAX_URL_LENGTH).replace(/%[\da-f]?$/i, '');
  // Whole parameters are dropped from the end, so that no value is stored that nobody sent.
  else if (url.length > MAX_URL_LENGTH)
    text = url.slice(0, Math.max(url.lastIndexOf('&', MAX_URL_LENGTH), pathEnd));
  return createField('url', text) as Field; // a scheme and a host make every URL valid
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

function encodeUnsafe(text: string): string {
  return text.replace(NOT_IN_A_URL, (character) =>
    encodeURIComponent(character.replace(/\p{Surrogate}/u, '\ufffd')),
  );
}

/** Before it is encoded, which makes no text shorter: what is longer than a URL is cut in the end. */
function cutRaw(text: string): string {
  return text.slice(0, MAX_URL_LENGTH + 1);
}
