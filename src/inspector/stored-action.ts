import { unescapeHtml } from '../common/unescape-html.js';
import type { StoredAction } from './inspected-hit.js';
import type { Parameters } from './read-request.js';

type ActionType = StoredAction['type'];

/** Finds the type of a hit in the order of Matomo's rules; `undefined` for an event or content whose names are blank, which is invalid. */
export function findActionType(params: Parameters): ActionType | undefined {
  const { idgoal = '', ec_id, download, link, e_c, e_a, c_n, search = '', url = '' } = params;
  if (idgoal === '0') return ec_id ? 'order' : 'cart';
  if (idgoal !== '') return 'goal';
  if (download) return 'download';
  if (link) return 'link';
  if (e_c && e_a) return e_c.trim() && e_a.trim() ? 'event' : undefined;
  if (c_n) return c_n.trim() ? 'content' : undefined;
  return toLine(search) || findKeyword(url) ? 'search' : 'page';
}

/** Builds what Matomo stores of a hit of this type. */
export function toStoredAction(params: Parameters, type: ActionType, time: number): StoredAction {
  const title = toTitle(params, type);
  const url = toUrl(params, type);
  return { type, ...(title && { title }), ...(url && { url }), time };
}

function toTitle(params: Parameters, type: ActionType): string | undefined {
  const { action_name, search, url = '', e_c, e_a, e_n, c_n, idgoal, ec_id } = params;
  switch (type) {
    case 'page':
      return cutBytes(toLine(action_name));
    case 'search':
      return cutBytes(toLine(search) || findKeyword(url));
    case 'event':
      return [e_c, e_a, e_n].map(toName).filter(Boolean).join(' / ');
    case 'content':
      return toName(c_n);
    case 'goal':
      return `goal ${idgoal}`;
    case 'order':
      return `order ${ec_id}`;
    default:
      return undefined;
  }
}

function toUrl({ url = '', ...params }: Parameters, type: ActionType): string | undefined {
  switch (type) {
    case 'download':
    case 'link': {
      const target = params[type]?.trim() ?? '';
      return URL_PARTS.test(target) ? cutBytes(target) : undefined;
    }
    case 'search':
    case 'order':
    case 'cart':
      return undefined;
    default:
      return toStoredUrl(url);
  }
}

const MAX_NAME_BYTES = 1024;

/** Decodes the entities in a name. Returns an empty text for `0`. */
function toName(text = ''): string {
  const name = unescapeHtml(text).trim();
  return name === '0' ? '' : name;
}

/** Converts a title or keyword to one line. */
function toLine(text = ''): string {
  return toName(text.replace(/[\r\n]/g, ''));
}

/** Cuts a text to a number of bytes in UTF-8. A character that does not fit is dropped. */
function cutBytes(text = ''): string {
  const bytes = Buffer.from(text).subarray(0, MAX_NAME_BYTES);
  return new TextDecoder().decode(bytes, { stream: true });
}

/** Parameters that Matomo removes from every URL, in lower case: IDs of sessions and clicks, campaigns and their keywords. */
const REMOVED: ReadonlySet<string> = new Set(
  `gclid fbclid msclkid twclid yclid wbraid gbraid fb_xd_fragment fb_comment_id
  sid sessionid phpsessid jsessionid aspsessionid doing_wp_cron pk_vid ignore_referrer ignore_referer
  pk_cpn pk_campaign piwik_campaign mtm_campaign matomo_campaign utm_campaign utm_source utm_medium
  pk_kwd pk_keyword piwik_kwd piwik_keyword mtm_kwd mtm_keyword matomo_kwd matomo_keyword utm_term`.split(
    /\s+/,
  ),
);
/** Matomo's default search parameters. The first one that has a value counts. */
const KEYWORDS = ['q', 'query', 's', 'search', 'searchword', 'k', 'keyword', 'keywords'];
const URL_PARTS = /^([a-z][a-z\d+.-]*:\/\/)([^/?#]+)([^?#]*)(?:\?([^#]*))?/is;

/**
 * Converts the URL of an action to the one that Matomo stores: without fragment and removed parameters, scheme and host in lower case. If a name is
 * repeated, the last value counts. Returns `undefined` without scheme and host.
 */
function toStoredUrl(url: string): string | undefined {
  const [, scheme, host = '', path = '', query = ''] = URL_PARTS.exec(cutBytes(url.trim())) ?? [];
  if (scheme === undefined) return undefined;
  const pairs = query.split('&').flatMap((pair, index): [string, string][] => {
    const [name = ''] = pair.split('=', 1);
    if (name === '' || REMOVED.has(name.toLowerCase())) return [];
    return [[/\[\]$|%5b%5d$/i.test(name) ? `${name}${index}` : name, pair]];
  });
  const kept = [...new Map(pairs).values()].join('&');
  return `${(scheme + host).toLowerCase()}${path}${kept && `?${kept}`}`;
}

/** Finds the keyword that makes a page view a site search. If a name is repeated, the last value counts. */
function findKeyword(url: string): string | undefined {
  const [, , , , query = ''] = URL_PARTS.exec(url) ?? [];
  const pairs = [...new URLSearchParams(query)];
  const find = (wanted: string) => pairs.findLast(([name]) => name.toLowerCase() === wanted);
  return KEYWORDS.map((name) => toLine(find(name)?.[1])).find(Boolean);
}
