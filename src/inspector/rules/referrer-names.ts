import { decodeUtf8 } from './read-query.js';
import type { UrlParts } from './split-url.js';
import { trim } from './stored-text.js';
import { readUrlParameters } from './url-parameters.js';

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
export function findSearchEngine(
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

export function findSocialNetwork(host: string): string | undefined {
  return findName(SOCIAL_NETWORKS, host);
}

/** Finds an assistant by a host with its path, or by the source of a campaign. */
export function findAiAssistant(place: string): string | undefined {
  return findName(AI_ASSISTANTS, place);
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
