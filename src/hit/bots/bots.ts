import { findAiChatbot } from './ai-chatbots.js';

const OPENAI = 'https://platform.openai.com/docs/bots';
const ANTHROPIC =
  'https://support.claude.com/en/articles/8896518-does-anthropic-crawl-data-from-the-web-and-how-can-site-owners-block-the-crawler';
const GOOGLE =
  'https://developers.google.com/crawling/docs/crawlers-fetchers/google-common-crawlers';
const GOOGLE_FETCHERS =
  'https://developers.google.com/crawling/docs/crawlers-fetchers/google-user-triggered-fetchers';
const BING = 'https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0';
const META = 'https://developers.facebook.com/docs/sharing/webmasters/web-crawlers';
const APPLE = 'https://support.apple.com/en-us/119829';
const YANDEX = 'https://yandex.com/support/webmaster/robot-workings/check-yandex-robots.html';
/** Source for crawlers that their operators do not describe. */
const DEVICE_DETECTOR =
  'https://github.com/matomo-org/device-detector/blob/master/regexes/bots.yml';

/** Names of crawlers as in their user agents, each with its source. */
export const CRAWLERS: Readonly<Record<string, string>> = {
  // Training of models.
  GPTBot: OPENAI,
  ClaudeBot: ANTHROPIC,
  'anthropic-ai': ANTHROPIC,
  GoogleOther: GOOGLE,
  'Google-CloudVertexBot': GOOGLE,
  'meta-externalagent': META,
  Bytespider: DEVICE_DETECTOR,
  CCBot: 'https://commoncrawl.org/ccbot',
  'cohere-training-data-crawler': DEVICE_DETECTOR,
  AI2Bot: 'https://allenai.org/crawler',
  Diffbot: 'https://docs.diffbot.com/docs/getting-started-with-crawl',
  PanguBot: DEVICE_DETECTOR,
  omgili: 'https://webz.io/blog/api/what-is-the-omgili-bot-and-why-is-it-crawling-your-website/',
  Timpibot: DEVICE_DETECTOR,
  // Search engines.
  Googlebot: GOOGLE,
  'Googlebot-Image': GOOGLE,
  'Googlebot-News': GOOGLE,
  'Googlebot-Video': GOOGLE,
  'Storebot-Google': GOOGLE,
  'Google-InspectionTool': GOOGLE,
  'Google-Site-Verification': GOOGLE_FETCHERS,
  bingbot: BING,
  adidxbot: BING,
  BingPreview: BING,
  'OAI-SearchBot': OPENAI,
  'Claude-SearchBot': ANTHROPIC,
  PerplexityBot: 'https://docs.perplexity.ai/guides/bots',
  'MistralAI-Index': 'https://docs.mistral.ai/robots',
  Applebot: APPLE,
  Amazonbot: 'https://developer.amazon.com/amazonbot',
  DuckDuckBot: 'https://duckduckgo.com/duckduckgo-help-pages/results/duckduckbot',
  YandexBot: YANDEX,
  YandexImages: YANDEX,
  Baiduspider: 'https://www.baidu.com/search/robots_english.html',
  'Sogou web spider': 'http://www.sogou.com/docs/help/webmasters.htm',
  PetalBot: 'https://aspiegel.com/petalbot',
  SeznamBot: 'https://o-seznam.cz/napoveda/vyhledavani/en/seznambot-crawler/',
  Qwantbot: 'https://help.qwant.com/bot/',
  MojeekBot: 'https://www.mojeek.com/bot.html',
  YouBot: 'https://about.you.com/youbot/',
  Slurp: 'http://help.yahoo.com/ysearch/slurp',
  'archive.org_bot': DEVICE_DETECTOR,
  // Previews of links.
  facebookexternalhit: META,
  'meta-externalfetcher': META,
  Twitterbot: 'https://developer.x.com/en/docs/x-for-websites/cards/guides/troubleshooting-cards',
  LinkedInBot: DEVICE_DETECTOR,
  Pinterestbot: 'https://help.pinterest.com/en/business/article/pinterest-crawler',
  Slackbot: 'https://api.slack.com/robots',
  Discordbot: DEVICE_DETECTOR,
  TelegramBot: DEVICE_DETECTOR,
  redditbot: DEVICE_DETECTOR,
  SkypeUriPreview: DEVICE_DETECTOR,
  'Bluesky Cardyb': DEVICE_DETECTOR,
  Embedly: 'https://support.embed.ly/hc/en-us',
  // Search engine optimization.
  AhrefsBot: 'https://ahrefs.com/robot',
  AhrefsSiteAudit: 'https://ahrefs.com/robot/site-audit',
  SemrushBot: 'https://www.semrush.com/bot/',
  MJ12bot: 'https://mj12bot.com/',
  DotBot: 'https://moz.com/help/moz-procedures/crawlers/dotbot',
  rogerbot: 'https://moz.com/help/moz-procedures/crawlers/rogerbot',
  BLEXBot: 'http://webmeup-crawler.com',
  DataForSeoBot: 'https://dataforseo.com/dataforseo-bot',
  Barkrowler: 'https://www.babbar.tech/crawler',
  serpstatbot: 'https://serpstatbot.com/',
  SEOkicks: 'https://www.seokicks.de/robot.html',
  SERankingBacklinksBot:
    'https://help.seranking.com/hc/en-us/articles/23020353159964-SERankingBacklinksBot-Crawler',
  'Screaming Frog SEO Spider': 'https://www.screamingfrog.co.uk/seo-spider/',
};

const NAMES = Object.keys(CRAWLERS);
const BY_LOWER_CASE = new Map(NAMES.map((name) => [name.toLowerCase(), name]));
/** Matches whole names: not `Cubot` or `Twitterbots`. Of `Googlebot` and `Googlebot-Image`, the longer one matches. */
const ANY_NAME = new RegExp(
  `(?<![a-z0-9])(?:${NAMES.toSorted((a, b) => b.length - a.length)
    .map((name) => name.replaceAll('.', '\\.'))
    .join('|')})(?![a-z0-9])`,
  'i',
);

/**
 * The value of `user_agent.bot.name`: the crawler or AI chatbot in a user agent, as its operator spells it. Takes linear time.
 */
export function findBotName(userAgent: string): string | undefined {
  const found = ANY_NAME.exec(userAgent)?.[0];
  if (found === undefined) return findAiChatbot(userAgent);
  return BY_LOWER_CASE.get(found.toLowerCase());
}
