import { unescapeHtml } from '../../common/unescape-html.js';
import type { Referrer } from '../inspected-hit.js';
import type { Site } from '../sites.js';
import { toText, withoutNull } from './cell.js';
import type { JudgedHit } from './judged-hit.js';
import { cutStoredCharacters, type ParameterValue, toInteger, trim } from './php-values.js';
import {
  decodeStored,
  decodeUtf8,
  readUrlParameters,
  splitUrl,
  type UrlParts,
} from './read-url.js';
import { CAMPAIGN_KEYWORDS, CAMPAIGN_NAMES, cleanUrl, isStorableUrl } from './tracked-url.js';

/** What a later hit needs to know about a visit. */
interface Visit {
  /** Time of the latest action in epoch seconds. */
  readonly lastAction: number;
  readonly userId: string;
  readonly referrer: Referrer;
}

/** The visit of a hit. */
interface FoundVisit {
  readonly startsVisit: boolean;
  /** The referrer that the hit gives to the visit; `undefined` if the visit keeps its own. */
  readonly referrer: Referrer | undefined;
  /** Stores the visit with this hit. */
  save(): void;
}

const VISIT_SECONDS = 1800;
const DAY_SECONDS = 86_400;

/**
 * Finds the visit that a hit joins, unless it has `new_visit=1`: by `uid` or else `cid`, and without `cid` also by address,
 * user agent and language. The inspector compares user agents as text; Matomo compares the browser and the operating system
 * that it finds in them.
 */
export function findVisit(hit: JudgedHit, findsAssistants: boolean): FoundVisit {
  const { parameters, headers, siteId, time, rows } = hit;
  const { lang, cid, uid } = parameters;
  const userId = toId(uid);
  const visitorId = userId === '' ? toId(cid) : '';
  const isNamed = userId !== '' || visitorId !== '';
  const ownKey = `visit/${siteId}/${JSON.stringify([userId, visitorId])}`;
  const sender = [
    hit.address,
    hit.userAgent,
    (toText(lang) || (headers['accept-language'] ?? '')).replace(/;q=[\d.]*/g, ''),
  ];
  const senderKey = `visit/${siteId}/${JSON.stringify(sender)}`;

  function read(key: string): Visit | undefined {
    const row = rows.get(key);
    const visit = row === undefined ? undefined : (JSON.parse(row) as Visit);
    return visit !== undefined && isRunning(visit, time) ? visit : undefined;
  }

  const own = isNamed ? read(ownKey) : undefined;
  const ofSender = isNamed && userId === '' ? undefined : read(senderKey);
  const isOther = userId !== '' && ofSender?.userId !== '' && ofSender?.userId !== userId;
  const joined = own ?? (isOther ? undefined : ofSender);
  const referrer = findReferrer(hit, findsAssistants, joined?.referrer);
  const isForced = toInteger(parameters.new_visit) === 1;
  const running =
    isForced || (joined && isOtherCampaign(joined.referrer, referrer)) ? undefined : joined;
  const replacesReferrer = running === undefined || running.referrer.kind === 'direct';
  const isChange = running === undefined || referrer.kind !== 'direct';
  return {
    startsVisit: running === undefined,
    referrer: replacesReferrer && isChange ? referrer : undefined,
    save() {
      const visit: Visit = {
        lastAction: Math.max(time, running?.lastAction ?? 0),
        userId: userId || (running?.userId ?? ''),
        referrer: replacesReferrer ? referrer : running.referrer,
      };
      for (const key of isNamed ? [ownKey, senderKey] : [senderKey]) {
        rows.set(key, JSON.stringify(visit));
      }
    },
  };
}

/** A user ID or visitor ID as it is compared: without case, and `0` is none. */
function toId(value: ParameterValue): string {
  const id = toText(value).toLowerCase();
  return id === '0' ? '' : id;
}

/** A campaign starts a visit, unless the visit so far is direct or has the same one. */
function isOtherCampaign(before: Referrer, { kind, ...after }: Referrer): boolean {
  return (
    kind === 'campaign' &&
    before.kind !== 'direct' &&
    (before.kind !== kind ||
      before.referer_name !== after.referer_name ||
      before.referer_keyword !== after.referer_keyword)
  );
}

/** A visit ends after half an hour without an action, and at midnight. */
function isRunning({ lastAction }: Visit, time: number): boolean {
  const isSameDay = Math.floor(lastAction / DAY_SECONDS) === Math.floor(time / DAY_SECONDS);
  return isSameDay && Math.abs(time - lastAction) < VISIT_SECONDS;
}

const MAX_CHARACTERS = 255;
const TYPES = { direct: 1, search: 2, website: 3, campaign: 6, social: 7, assistant: 8 } as const;

/** The type, name and keyword that Matomo finds for a visit, in its order; `running` is that of the visit so far. */
function findReferrer(
  { site, pageUrl, parameters: { urlref } }: JudgedHit,
  findsAssistants: boolean,
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
      findName(AI_ASSISTANTS, `${referrer?.host ?? ''}${referrer?.path ?? ''}`) ??
      (typeof source === 'string' ? findName(AI_ASSISTANTS, source) : undefined);
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
  const network = findName(SOCIAL_NETWORKS, referrer.host);
  if (network !== undefined) return toReferrer('social', network);
  return toReferrer('website', referrer.host.toLowerCase());
}

function toReferrer(kind: Referrer['kind'], name?: string, keyword?: string): Referrer {
  const cut = (text?: string) => (text ? cutStoredCharacters(text, MAX_CHARACTERS) : undefined);
  const row = { kind, referer_type: TYPES[kind] };
  return withoutNull<Referrer>({ ...row, referer_name: cut(name), referer_keyword: cut(keyword) });
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
    const text = typeof value === 'string' ? trim(decodeStored(value)) : '';
    if (text !== '' && text !== '0') return text.toLowerCase();
  }
  return '';
}

/** Whether a referrer is a page of the site: below one of its URLs, or on the host of the hit's own URL. */
function isOwn(referrer: UrlParts, page: UrlParts | undefined, site: Site): boolean {
  const host = toPlainHost(referrer);
  const urls = site.urls.map(splitUrl);
  return (
    urls.some((own) => toPlainHost(own) === host && referrer.path.startsWith(own?.path ?? '')) ||
    referrer.host?.toLowerCase() === page?.host?.toLowerCase()
  );
}

function toPlainHost(parts: UrlParts | undefined): string | undefined {
  return parts?.host?.toLowerCase().replace(/^www\./, '');
}

/** A few of the search engines that Matomo knows: name, hosts, and parameters with the keyword. */
const SEARCH_ENGINES: readonly (readonly [name: string, host: RegExp, parameters: string[]])[] = [
  ['Google', /^(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}$/, ['q']],
  ['Bing', /^(?:www\.|[a-z]{2}\.)?bing\.com$/, ['q']],
  ['DuckDuckGo', /^(?:www\.)?duckduckgo\.com$/, ['q']],
  ['Yahoo!', /^(?:[a-z.]+\.)?search\.yahoo\.com$/, ['p']],
  ['Yandex', /^(?:www\.)?yandex\.(?:com|ru|by|kz|uz|ua)$/, ['text']],
  ['Baidu', /^(?:www\.|m\.)?baidu\.com$/, ['wd', 'word', 'kw']],
  ['Ecosia', /^(?:www\.)?ecosia\.org$/, ['q']],
  ['Facebook', /^(?:www\.)?facebook\.com$/, ['q']],
];

/** A few of the social networks that Matomo knows. */
const SOCIAL_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  Facebook: ['facebook.com', 'fb.me'],
  GitHub: ['github.com'],
  'Hacker News': ['news.ycombinator.com'],
  instagram: ['instagram.com'],
  LinkedIn: ['linkedin.com', 'lnkd.in'],
  Pinterest: ['pinterest.com'],
  reddit: ['reddit.com'],
  StackOverflow: ['stackoverflow.com'],
  Telegram: ['web.telegram.org'],
  Twitter: ['twitter.com', 't.co'],
  Vkontakte: ['vk.com', 'vkontakte.ru'],
  XING: ['xing.com'],
  YouTube: ['youtube.com', 'youtu.be'],
};

/** The AI assistants that Matomo knows. */
const AI_ASSISTANTS: Readonly<Record<string, readonly string[]>> = {
  'Baidu AI': ['yiyan.baidu.com', 'ai.baidu.com'],
  'Chat+': ['chatplus.com', 'chat-gpt.org'],
  ChatGLM: ['chatglm.cn'],
  ChatGPT: ['chatgpt.com', 'chat.openai.com', 'labs.openai.com'],
  Claude: ['claude.ai'],
  Copilot: ['copilot.microsoft.com'],
  Deepseek: ['chat.deepseek.com'],
  Gemini: ['gemini.google.com', 'bard.google.com'],
  Grok: ['grok.com', 'x.com/i/grok'],
  iAsk: ['iask.ai'],
  Jasper: ['app.jasper.ai'],
  'Le Chat': ['chat.mistral.ai'],
  'Meta AI': ['meta.ai'],
  NotebookLM: ['notebooklm.google.com'],
  Perplexity: ['perplexity.ai'],
  Qwen: ['chat.qwen.ai'],
  You: ['you.com'],
};

/** The search engine of a referrer. Without a keyword, only its start page or an empty parameter counts. */
function findSearchEngine(
  referrer: UrlParts | undefined,
): { name: string; keyword: string } | undefined {
  if (referrer?.host === undefined) return undefined;
  const { host, path, query = '', fragment = '' } = referrer;
  const [name, , parameters = []] = SEARCH_ENGINES.find(([, known]) => known.test(host)) ?? [];
  if (name === undefined) return undefined;
  const values = readUrlParameters([query, fragment].filter(Boolean).join('&'));
  const sent = parameters.map((parameter) => values.get(parameter)).find((value) => value);
  const keyword = typeof sent === 'string' ? trim(decodeUtf8(sent) ?? sent).toLowerCase() : '';
  const isStart = /^\/?$/.test(path) && query === '' && fragment === '';
  const isKnown = keyword !== '' || isStart || parameters.some((one) => values.has(one));
  return isKnown ? { name, keyword } : undefined;
}

/** The name with a domain that `place` is, is below of, or has a path of. */
function findName(
  domains: Readonly<Record<string, readonly string[]>>,
  place: string,
): string | undefined {
  const [name] =
    Object.entries(domains).find(([, known]) =>
      known.some((domain) => `.${place}/`.includes(`.${domain}/`)),
    ) ?? [];
  return name;
}
