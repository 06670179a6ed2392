import { AI_CHATBOTS } from '../hit/bots/ai-chatbots.js';
import { DEFAULT_TITLE } from '../hit/page/action-name.js';
import { HEALTH_CHECKERS } from '../hit/request-patterns.js';
import { chatbotNames } from './ai-chatbot-values.js';
import {
  listFromText,
  pairsFromText,
  patternsFromText,
  wordOrListFromText,
} from './environment-text.js';
import { headerNames, headers } from './header-values.js';
import {
  actionName,
  boolean,
  consent,
  dimensions,
  dispatcher,
  functionOption,
  integer,
  meterProvider,
  methods,
  oneOf,
  patterns,
  queryPolicy,
  routeDetails,
  secret,
  share,
  siteId,
  strings,
  trustProxy,
  userId,
  visitorId,
  visitorKey,
} from './option-values.js';
import type { ResolvedOptions } from './resolved-options.js';
import { matomoUrl, spoolPlace, trackedBaseUrl } from './url-values.js';

/** One option: its environment variable, how a value is checked, and its default. */
export interface OptionDeclaration<T> {
  /** Environment variable. Missing if the option can only be set in code. */
  readonly env?: string;
  /** Variable with the path of a file that has the value, if `env` is not set. Errors never show the path: it may be the secret itself. */
  readonly file?: string;
  /** Converts the text of the variable to the value that code would pass. Missing: the text is the value. */
  readonly fromText?: (text: string) => unknown;
  /** Returns the resolved value. Throws a `TypeError` that names option and value, but never shows a secret. */
  readonly parse: (name: string, value: unknown) => T;
  /** `required`: without a value, nothing is tracked. */
  readonly default: T | 'required';
  /** The option decides which data leaves the process: if its variable is invalid, nothing is tracked. */
  readonly isPrivacy?: true;
  /** Set for options that only the environment has, for `register`: what to use in code instead. */
  readonly inCode?: string;
  /** The default in words, if its value does not explain itself. */
  readonly defaultText?: string;
}

const DAY_MILLIS = 86_400_000;
const GIBIBYTE = 1024 ** 3;

/** Name of an option. */
export type OptionName = Exclude<
  keyof ResolvedOptions,
  'rereadToken' | 'hidesAddress' | 'hidesUserId'
>;

/** All options, in the order of the documentation. */
export const OPTIONS: {
  readonly [name in OptionName]: OptionDeclaration<ResolvedOptions[name]>;
} = {
  url: { env: 'MATOMO_URL', parse: matomoUrl, default: 'required' },
  siteId: { env: 'MATOMO_SITE_ID', parse: siteId, default: 'required' },
  tokenAuth: {
    env: 'MATOMO_TOKEN_AUTH',
    file: 'MATOMO_TOKEN_AUTH_FILE',
    parse: secret,
    default: undefined,
  },
  headers: { env: 'MATOMO_HEADERS', fromText: pairsFromText, parse: headers, default: {} },
  enabled: { env: 'MATOMO_ENABLED', parse: boolean, default: true, isPrivacy: true },
  baseUrl: {
    env: 'MATOMO_BASE_URL',
    parse: trackedBaseUrl,
    default: undefined,
    defaultText: 'from the request',
  },
  assumeHttps: { env: 'MATOMO_ASSUME_HTTPS', parse: boolean, default: true },
  actionName: { env: 'MATOMO_ACTION_NAME', parse: actionName, default: DEFAULT_TITLE },
  titlePaths: {
    env: 'MATOMO_TITLE_PATHS',
    parse: oneOf('template', 'raw'),
    default: 'template',
  },
  ignorePaths: {
    env: 'MATOMO_IGNORE_PATHS',
    fromText: listFromText,
    parse: strings,
    default: [],
    isPrivacy: true,
  },
  ignorePatterns: {
    env: 'MATOMO_IGNORE_PATTERNS',
    fromText: patternsFromText,
    parse: patterns,
    default: [],
    isPrivacy: true,
  },
  staticFiles: {
    env: 'MATOMO_STATIC_FILES',
    parse: oneOf('ignore', 'track'),
    default: 'ignore',
  },
  prefetches: {
    env: 'MATOMO_PREFETCHES',
    parse: oneOf('ignore', 'track'),
    default: 'ignore',
  },
  downloads: {
    env: 'MATOMO_DOWNLOADS',
    parse: oneOf('documents', 'off'),
    default: 'off',
  },
  ignoreUserAgents: {
    env: 'MATOMO_IGNORE_USER_AGENTS',
    fromText: patternsFromText,
    parse: patterns,
    default: HEALTH_CHECKERS,
    defaultText: '`HEALTH_CHECKERS`',
    isPrivacy: true,
  },
  allowedMethods: {
    env: 'MATOMO_ALLOWED_METHODS',
    fromText: listFromText,
    parse: methods(1),
    default: undefined,
    defaultText: 'all',
    isPrivacy: true,
  },
  ignoredMethods: {
    env: 'MATOMO_IGNORED_METHODS',
    fromText: listFromText,
    parse: methods(0),
    default: [],
    isPrivacy: true,
  },
  ignore: { parse: functionOption, default: undefined, isPrivacy: true },
  routeDetails: {
    env: 'MATOMO_ROUTE_DETAILS',
    fromText: JSON.parse,
    parse: routeDetails,
    default: {},
  },
  dimensions: {
    env: 'MATOMO_DIMENSIONS',
    fromText: pairsFromText,
    parse: dimensions,
    default: {},
  },
  maxCustomVariables: {
    env: 'MATOMO_MAX_CUSTOM_VARIABLES',
    parse: integer(0, 1000),
    default: 5,
  },
  trustProxy: {
    env: 'MATOMO_TRUST_PROXY',
    fromText: wordOrListFromText,
    parse: trustProxy,
    default: false,
  },
  anonymizeIp: { env: 'MATOMO_ANONYMIZE_IP', parse: integer(0, 4), default: 0, isPrivacy: true },
  visitorId: { env: 'MATOMO_VISITOR_ID', parse: visitorId, default: 'auto', isPrivacy: true },
  visitorKey: {
    env: 'MATOMO_VISITOR_KEY',
    file: 'MATOMO_VISITOR_KEY_FILE',
    parse: visitorKey,
    default: undefined,
    isPrivacy: true,
    defaultText:
      'derived from `tokenAuth`; without a token, random and stored in the `spool`; with neither, random per process',
  },
  userId: { env: 'MATOMO_USER_ID', parse: userId, default: undefined },
  privacy: {
    env: 'MATOMO_PRIVACY',
    parse: oneOf('strict'),
    default: undefined,
    isPrivacy: true,
  },
  query: {
    env: 'MATOMO_QUERY',
    fromText: wordOrListFromText,
    parse: queryPolicy,
    default: 'redact',
    isPrivacy: true,
  },
  redactPathPatterns: {
    env: 'MATOMO_REDACT_PATH_PATTERNS',
    fromText: patternsFromText,
    parse: patterns,
    default: [],
    isPrivacy: true,
  },
  urlPaths: {
    env: 'MATOMO_URL_PATHS',
    parse: oneOf('full', 'template'),
    default: 'full',
    isPrivacy: true,
  },
  referrers: {
    env: 'MATOMO_REFERRERS',
    parse: oneOf('full', 'origin'),
    default: 'full',
    isPrivacy: true,
  },
  siteSearch: { env: 'MATOMO_SITE_SEARCH', parse: boolean, default: false },
  doNotTrack: { env: 'MATOMO_DO_NOT_TRACK', parse: boolean, default: false, isPrivacy: true },
  consent: { env: 'MATOMO_CONSENT', parse: consent, default: undefined, isPrivacy: true },
  capturedHeaders: {
    env: 'MATOMO_CAPTURED_HEADERS',
    fromText: listFromText,
    parse: headerNames,
    default: [],
    isPrivacy: true,
  },
  sampleRate: { env: 'MATOMO_SAMPLE_RATE', parse: share, default: 1, isPrivacy: true },
  trackBots: { env: 'MATOMO_TRACK_BOTS', parse: boolean, default: true },
  aiChatbots: {
    env: 'MATOMO_AI_CHATBOTS',
    parse: oneOf('separate', 'off'),
    default: 'separate',
    isPrivacy: true,
  },
  aiChatbotUserAgents: {
    env: 'MATOMO_AI_CHATBOT_USER_AGENTS',
    fromText: listFromText,
    parse: chatbotNames,
    default: AI_CHATBOTS,
    defaultText: '`AI_CHATBOTS`',
    isPrivacy: true,
  },
  pageViews: { env: 'MATOMO_PAGE_VIEWS', parse: boolean, default: true, isPrivacy: true },
  errors: {
    env: 'MATOMO_ERRORS',
    parse: oneOf('off', 'type', 'crash'),
    default: 'type',
    isPrivacy: true,
  },
  record: {
    env: 'MATOMO_RECORD',
    parse: oneOf('sampled', 'requests', 'all'),
    default: 'requests',
    inCode: 'recordServerSpans(sampler)',
  },
  maxQueueSize: {
    env: 'MATOMO_MAX_QUEUE_SIZE',
    parse: integer(1, 10_000_000),
    default: 10_000,
  },
  maxExportBatchSize: {
    env: 'MATOMO_MAX_EXPORT_BATCH_SIZE',
    parse: integer(1, 10_000),
    default: 100,
  },
  scheduledDelayMillis: {
    env: 'MATOMO_SCHEDULE_DELAY',
    parse: integer(0, DAY_MILLIS),
    default: 5_000,
  },
  exportTimeoutMillis: {
    env: 'MATOMO_EXPORT_TIMEOUT',
    parse: integer(1, DAY_MILLIS),
    default: 30_000,
  },
  shutdownTimeoutMillis: {
    env: 'MATOMO_SHUTDOWN_TIMEOUT',
    parse: integer(0, DAY_MILLIS),
    default: 5_000,
    defaultText: '5000; with `register` and `start` 1500',
  },
  exitFlush: {
    env: 'MATOMO_EXIT_FLUSH',
    parse: boolean,
    default: undefined,
    defaultText: '`false`; with `register` and `start` `true`',
  },
  resendUnconfirmed: { env: 'MATOMO_RESEND_UNCONFIRMED', parse: boolean, default: false },
  spool: { env: 'MATOMO_SPOOL', parse: spoolPlace, default: undefined },
  maxSpoolBytes: {
    env: 'MATOMO_MAX_SPOOL_BYTES',
    parse: integer(1_048_576, 1024 * GIBIBYTE),
    default: GIBIBYTE,
  },
  maxSpoolAgeMillis: {
    env: 'MATOMO_MAX_SPOOL_AGE',
    parse: integer(60_000, 366 * DAY_MILLIS),
    default: 7 * DAY_MILLIS,
    defaultText: '`604800000` (7 days)',
    isPrivacy: true,
  },
  dispatcher: { parse: dispatcher, default: undefined, defaultText: 'created by the package' },
  beforeSend: { parse: functionOption, default: undefined, isPrivacy: true },
  dryRun: { env: 'MATOMO_DRY_RUN', parse: boolean, default: false, isPrivacy: true },
  meterProvider: { env: 'MATOMO_METRICS', parse: meterProvider, default: undefined },
  statsIntervalMillis: {
    env: 'MATOMO_STATS_INTERVAL',
    parse: integer(1_000, DAY_MILLIS),
    default: undefined,
  },
};
