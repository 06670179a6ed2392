import type { Referrer } from '../inspected-hit.js';
import type { InspectorSite } from '../inspector-options.js';
import { isStorableUrl } from './action-url.js';
import { toText } from './cell.js';
import { decodeUtf8, encodeBytes } from './read-query.js';
import type { Parameters } from './read-tracker-request.js';
import { findAiAssistant, findSearchEngine, findSocialNetwork } from './referrer-names.js';
import { splitUrl, type UrlParts } from './split-url.js';
import { cutStoredCharacters, trim, unescapeHtml } from './stored-text.js';
import { cleanUrl } from './tracked-url.js';
import { readUrlParameters } from './url-parameters.js';

const MAX_CHARACTERS = 255;
const TYPES = { direct: 1, search: 2, website: 3, campaign: 6, social: 7, assistant: 8 } as const;

/** Parameters of a URL that name a campaign and its keyword, in Matomo's order. */
const CAMPAIGN_NAMES =
  'pk_cpn pk_campaign piwik_campaign mtm_campaign matomo_campaign utm_campaign utm_source utm_medium'.split(
    ' ',
  );
const CAMPAIGN_KEYWORDS =
  'pk_kwd pk_keyword piwik_kwd piwik_keyword mtm_kwd mtm_keyword matomo_kwd matomo_keyword utm_term'.split(
    ' ',
  );

/** What the referrer depends on besides the parameters. */
export interface ReferrerContext {
  readonly site: InspectorSite;
  /** The URL of the page as it was sent. */
  readonly pageUrl: string;
  /** Whether this Matomo has a type for AI assistants. */
  readonly findsAssistants: boolean;
}

/** The type, name and keyword that Matomo finds for a visit, in its order; `running` is that of the visit so far. */
export function findReferrer(
  { urlref }: Parameters,
  { site, pageUrl, findsAssistants }: ReferrerContext,
  running?: Referrer,
): Referrer {
  const page = splitUrl(cleanUrl(pageUrl));
  const ownParameters = readUrlParameters(page?.query ?? '');
  const isIgnored = ['ignore_referrer', 'ignore_referer'].some(
    (name) => ownParameters.get(name) === '1',
  );
  const url = isIgnored ? '' : unescapeHtml(toText(urlref));
  const referrer = isStorableUrl(url) ? splitUrl(url) : undefined;
  if (findsAssistants) {
    const source = ownParameters.get('utm_source');
    const name =
      findAiAssistant(`${referrer?.host ?? ''}${referrer?.path ?? ''}`) ??
      (typeof source === 'string' ? findAiAssistant(source) : undefined);
    if (name !== undefined) return toReferrer('assistant', name);
  }
  const search = findSearchEngine(referrer);
  const campaign = findCampaign(page);
  if (campaign !== undefined) {
    const isSame = running?.kind === 'campaign' && running.referer_name === campaign.name;
    const fallback = isSame ? running.referer_keyword : referrer?.host?.toLowerCase();
    return toReferrer('campaign', campaign.name, campaign.keyword || search?.keyword || fallback);
  }
  if (referrer?.host === undefined || isOwn(referrer, page, site)) return toReferrer('direct');
  if (search !== undefined) return toReferrer('search', search.name, search.keyword);
  const network = findSocialNetwork(referrer.host);
  if (network !== undefined) return toReferrer('social', network);
  return toReferrer('website', referrer.host.toLowerCase());
}

function toReferrer(kind: Referrer['kind'], name?: string, keyword?: string): Referrer {
  return {
    kind,
    referer_type: TYPES[kind],
    ...(name ? { referer_name: cutStoredCharacters(name, MAX_CHARACTERS) } : {}),
    ...(keyword ? { referer_keyword: cutStoredCharacters(keyword, MAX_CHARACTERS) } : {}),
  };
}

/** The campaign in the query or the fragment of the URL, in lower case. `_rcn` only counts for goals. */
function findCampaign(page: UrlParts | undefined): { name: string; keyword: string } | undefined {
  let name = '';
  for (const query of [page?.query, page?.fragment?.replace(/^\?/, '')]) {
    const own = findFilled(query ?? '', CAMPAIGN_NAMES);
    if (own === '') continue;
    name = own;
    const keyword = findFilled(query ?? '', CAMPAIGN_KEYWORDS);
    if (keyword !== '') return { name, keyword };
  }
  return name === '' ? undefined : { name, keyword: '' };
}

/** The first value among `names` that is not empty, in lower case. */
function findFilled(query: string, names: readonly string[]): string {
  const values = readUrlParameters(query);
  for (const name of names) {
    const value = values.get(name);
    const text = typeof value === 'string' ? trim(decode(value)) : '';
    if (text !== '' && text !== '0') return text.toLowerCase();
  }
  return '';
}

function decode(text: string): string {
  return decodeUtf8(text) ?? encodeBytes(text);
}

/** Whether a referrer is a page of the site: below one of its URLs, or on the host of the hit's own URL. */
function isOwn(referrer: UrlParts, page: UrlParts | undefined, site: InspectorSite): boolean {
  const host = toPlainHost(referrer);
  const urls = (site.urls ?? []).map(splitUrl);
  return (
    urls.some((own) => toPlainHost(own) === host && referrer.path.startsWith(own?.path ?? '')) ||
    referrer.host?.toLowerCase() === page?.host?.toLowerCase()
  );
}

function toPlainHost(parts: UrlParts | undefined): string | undefined {
  return parts?.host?.toLowerCase().replace(/^www\./, '');
}
