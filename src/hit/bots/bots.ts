import { FieldGroup, rawField } from '../field.js';

/**
 * The AI chatbots that the newest Matomo reports, in its order: the list of `BotDetector` in Matomo's plugin BotTracking
 * (github.com/matomo-org/matomo, plugins/BotTracking/BotDetector.php, August 2026). They fetch pages because a person asked them.
 * Matomo discards names it does not know, so crawlers do not belong here. Which of their requests are sent as such: `ignore-reasons.ts`.
 * Their hits: `ai-chatbot-hit.ts`.
 */
export const AI_CHATBOTS: readonly string[] = [
  'ChatGPT-User',
  'MistralAI-User',
  'Gemini-Deep-Research',
  'Claude-User',
  'Perplexity-User',
  'Google-NotebookLM',
  'Google-GeminiNotebook',
  'DuckAssistBot',
];

/** Finds the first name that a user agent contains, in upper or lower case. */
export type FindAiChatbot = (userAgent: string) => string | undefined;

/** Makes a function that finds names. Its time is linear in the length of the user agent for each name. */
export function createFindAiChatbot(names: readonly string[]): FindAiChatbot {
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  return (userAgent) => {
    const text = userAgent.toLowerCase();
    return names.find((_, i) => text.includes(lowerCaseNames[i] as string));
  };
}

/** The name of the AI chatbot in a user agent, as it is spelled in `AI_CHATBOTS`. */
export const findAiChatbot: FindAiChatbot = /* @__PURE__ */ createFindAiChatbot(AI_CHATBOTS);

/** The one agent that Matomo recognizes by its signature, with the quotes of the header. */
const CHATGPT_AGENT = '"https://chatgpt.com"';

/** The parameters of a signed request. Matomo reads them in every hit, and begins a new visit if the agent changes. */
export const AI_AGENT_FIELDS: FieldGroup = /* @__PURE__ */ new FieldGroup([
  /* @__PURE__ */ rawField('ai_s', '1'),
  /* @__PURE__ */ rawField('ai_si', '1'),
  /* @__PURE__ */ rawField('ai_sa', CHATGPT_AGENT),
]);

/** Whether the headers are those of an AI agent. Like Matomo, checks only that they are present, not the signature. */
export function isAiAgent(header: (name: string) => string | undefined): boolean {
  return (
    header('signature-agent') === CHATGPT_AGENT &&
    header('signature-input') !== undefined &&
    header('signature') !== undefined
  );
}

/** Later versions have added the others. */
const SINCE_5_8 = /* @__PURE__ */ AI_CHATBOTS.slice(0, 6);

/** The names of AI chatbots that versions of Matomo report. Versions between two of them are like the older one. */
const REPORTED = {
  '5.6': [],
  '5.7': [...SINCE_5_8, 'Devin'],
  '5.8': SINCE_5_8,
  '5.12': SINCE_5_8,
  '6': AI_CHATBOTS,
  newest: AI_CHATBOTS,
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A version of Matomo that treats hits differently from the version before. */
export type MatomoVersion = keyof typeof REPORTED;

export const MATOMO_VERSIONS = /* @__PURE__ */ Object.keys(REPORTED) as MatomoVersion[];

/** Names that Matomo reports under another name. */
const REPORTED_AS: Readonly<Record<string, string>> = {
  'Google-GeminiNotebook': 'Google-NotebookLM',
};

/** Makes a function that finds the name under which a version of Matomo reports a user agent. */
export function createFindReported(version: MatomoVersion): FindAiChatbot {
  const find = createFindAiChatbot(REPORTED[version]);
  return (userAgent) => {
    const name = find(userAgent);
    return name === undefined ? undefined : (REPORTED_AS[name] ?? name);
  };
}

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

const NAMES = /* @__PURE__ */ Object.keys(CRAWLERS);
const BY_LOWER_CASE = /* @__PURE__ */ new Map(NAMES.map((name) => [name.toLowerCase(), name]));
/** Matches whole names: not `Cubot` or `Twitterbots`. Of `Googlebot` and `Googlebot-Image`, the longer one matches. */
const ANY_NAME = /* @__PURE__ */ new RegExp(
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

/**
 * User agents of health checks: Kubernetes, load balancers, uptime monitors. Search engines are not included: they are visitors. The
 * default of `ignoreUserAgents`.
 */
export const HEALTH_CHECKERS: readonly RegExp[] = [
  /^kube-probe\//i,
  /^ELB-HealthChecker\//i,
  /^Amazon-Route53-Health-Check-Service/i,
  /^GoogleHC\//i,
  /^GoogleStackdriverMonitoring/i,
  /^Envoy\/HC$/i,
  /^Consul Health Check/i,
  /^HAProxy\b/i,
  /^NS8_HealthCheck/i,
  /\bUptimeRobot\//i,
  /^Better ?(?:Stack|Uptime)\b/i,
  /^Pingdom\.com_bot/i,
  /\bStatusCake\b/i,
  /^check_http\//i,
  /^Blackbox Exporter\//i,
  /^Uptime-Kuma\//i,
];
