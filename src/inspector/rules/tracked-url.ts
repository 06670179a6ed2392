import { unescapeHtml } from '../../common/unescape-html.js';
import { cutStoredBytes, trim } from './php-values.js';
import {
  convertMatrixUrl,
  decodeStored,
  readUrlParameters,
  splitUrl,
  type UrlParts,
} from './read-url.js';

/** The parts of the `url` of a hit that Matomo uses. */
export interface TrackedUrl {
  /** The URL as it is stored. */
  readonly stored?: string | undefined;
  /** The scheme as it was sent; the stored URL has it in lower case. */
  readonly scheme?: string | undefined;
  /** The keyword that makes the hit a site search. */
  readonly keyword?: string | undefined;
}

const MAX_URL_BYTES = 1024;

export function readTrackedUrl(url: string): TrackedUrl {
  const parts = splitUrl(cleanUrl(url));
  if (parts === undefined) return {};
  return {
    stored: toActionUrl(parts),
    scheme: parts.scheme,
    keyword: findSearchKeyword(parts),
  };
}

/** A URL as Matomo reads it: one line, cut, with path parameters in its query. */
export function cleanUrl(url: string): string {
  const line = trim(unescapeHtml(url).replace(/[\r\n\0]/g, ''));
  return convertMatrixUrl(cutStoredBytes(line, MAX_URL_BYTES));
}

/** Parameters of a URL that name a campaign and its keyword, in Matomo's order. */
export const CAMPAIGN_NAMES: readonly string[] = `pk_cpn pk_campaign piwik_campaign mtm_campaign
  matomo_campaign utm_campaign utm_source utm_medium`.split(/\s+/);
export const CAMPAIGN_KEYWORDS: readonly string[] = `pk_kwd pk_keyword piwik_kwd piwik_keyword
  mtm_kwd mtm_keyword matomo_kwd matomo_keyword utm_term`.split(/\s+/);

/** Parameters that Matomo removes from every URL, in lower case: session and click ids, campaigns. */
const EXCLUDED: ReadonlySet<string> = new Set([
  ...`gclid fbclid msclkid twclid yclid wbraid gbraid fb_xd_fragment fb_comment_id
  sid sessionid phpsessid jsessionid aspsessionid doing_wp_cron pk_vid
  ignore_referrer ignore_referer`.split(/\s+/),
  ...CAMPAIGN_NAMES,
  ...CAMPAIGN_KEYWORDS,
]);

/**
 * The URL of an action as Matomo stores it: without fragment and excluded parameters, with the host in lower case, and
 * values of the query escaped for HTML. `undefined` if it has no usable scheme.
 */
function toActionUrl(parts: UrlParts): string | undefined {
  if (parts.scheme === undefined) return undefined;
  if (/^(?:mailto|javascript|vbscript|data)$/i.test(parts.scheme)) return undefined;
  const front = toFront(parts);
  return front.endsWith('://') ? undefined : `${front}${toQuery(parts.query ?? '')}`;
}

/** The same for a request by an AI chatbot, whose URL needs no scheme. */
export function toBotActionUrl(parts: UrlParts): string {
  return `${toFront(parts)}${toQuery(parts.query ?? '')}`;
}

/** The part before the query. */
function toFront(parts: UrlParts): string {
  const scheme = parts.scheme?.toLowerCase();
  const start = scheme === undefined ? '' : scheme === 'mailto' ? 'mailto:' : `${scheme}://`;
  const user = parts.user === undefined ? '' : `${parts.user}${password(parts)}@`;
  const port = parts.port === undefined ? '' : `:${parts.port}`;
  const authority = `${start}${user}${(parts.host ?? '').toLowerCase()}${port}`;
  const isRooted = parts.path === '' || parts.path.startsWith('/') || authority === '';
  return `${authority}${isRooted ? '' : '/'}${parts.path}`;
}

function password(parts: UrlParts): string {
  return parts.password === undefined ? '' : `:${parts.password}`;
}

function toQuery(query: string): string {
  const kept: string[] = [];
  for (const [name, value] of readUrlParameters(query)) {
    const plainName = name.replaceAll('%5B', '[').replaceAll('%5D', ']');
    if (EXCLUDED.has(plainName.toLowerCase())) continue;
    if (Array.isArray(value)) kept.push(...value.map((item) => toPair(`${plainName}[]`, item)));
    else kept.push(toPair(plainName, value));
  }
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function toPair(name: string, value: string | undefined): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** Whether Matomo stores the URL of a download or an outlink, which needs neither a scheme nor a host. */
export function isStorableUrl(url: string): boolean {
  return (
    /^(?:(?:[a-z][a-z\d+.-]*)?:)?\/\/./is.test(url) && !/^(?:javascript|vbscript|data):/i.test(url)
  );
}

/** Matomo's default search parameters, in their order of precedence. */
const SEARCH_PARAMETERS = ['q', 'query', 's', 'search', 'searchword', 'k', 'keyword', 'keywords'];

/**
 * The keyword in a tracked URL, which turns a page view into a site search. It may be in the query or the fragment, its name
 * is case-insensitive, and the URL needs no scheme.
 */
function findSearchKeyword(parts: UrlParts): string | undefined {
  const fragment = parts.fragment?.replace(/^[^?]*\?/, '') ?? '';
  const query = [parts.query ?? '', fragment].filter(Boolean).join('&');
  if (query === '') return undefined;
  const byName = new Map<string, string>();
  for (const [name, value] of readUrlParameters(query)) {
    const text = Array.isArray(value) ? value[0] : value;
    byName.set(name.toLowerCase(), toKeyword(text ?? ''));
  }
  return SEARCH_PARAMETERS.map((name) => byName.get(name)).find((keyword) => keyword);
}

/** The keyword in a value: empty if there is none, URL-encoded if it is not UTF-8. */
function toKeyword(value: string): string {
  const keyword = trim(decodeStored(value).replace(/[\r\n\0]/g, ''));
  return keyword === '0' ? '' : keyword;
}
