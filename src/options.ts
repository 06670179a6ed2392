import type { HttpDispatcher } from './delivery/dispatcher.js';
import type { TrackedRequest } from './hit/http-request.js';
import {
  boolean,
  dispatcher,
  integer,
  matomoUrl,
  optionalFunction,
  secret,
  siteId,
  trackedBaseUrl,
} from './option-values.js';

/** What can be set, in code or by the environment; code wins. */
export interface MatomoOptions {
  /** Base URL of Matomo, or its `matomo.php` / `piwik.php`; http or https. Required. `MATOMO_URL` */
  readonly url?: string | undefined;
  /** ID of the site in Matomo, or a function that chooses it; `undefined` from it: not tracked. Required. `MATOMO_SITE_ID` */
  readonly siteId?:
    | number
    | string
    | ((request: TrackedRequest) => number | string | undefined)
    | undefined;
  /**
   * Token of a user with write access to the site; it goes into the request body and nowhere else. With it the
   * caller's address is sent (`cip`). Default: none. `MATOMO_TOKEN_AUTH`
   */
  readonly tokenAuth?: string | undefined;
  /** `false`: nothing at all is done. Default: true. `MATOMO_ENABLED` */
  readonly enabled?: boolean | undefined;
  /** Replaces scheme and host of the tracked URLs; its own path stays in front. Default: from the request. `MATOMO_BASE_URL` */
  readonly baseUrl?: string | undefined;
  /** Tracked URLs are https, whatever the local listener is. Default: true. `MATOMO_ASSUME_HTTPS` */
  readonly assumeHttps?: boolean | undefined;
  /** Leaves a request out. What it throws is reported once and counts as "no". Default: none. */
  readonly ignore?: ((request: TrackedRequest) => boolean | undefined) | undefined;
  /** Secret for visitor ids that several processes agree on. Default: derived from `tokenAuth`; without one random. `MATOMO_VISITOR_KEY` */
  readonly visitorKey?: string | undefined;
  /** Sends `bots=1`: an API's clients are programs, and Matomo drops many of them silently. Default: true. `MATOMO_TRACK_BOTS` */
  readonly trackBots?: boolean | undefined;
  /** Slots for custom variables in your Matomo. Default: 5. `MATOMO_MAX_CUSTOM_VARIABLES` */
  readonly maxCustomVariables?: number | undefined;
  /** Hits kept in memory; newer ones are dropped beyond it and counted as `queue_full`. Default: 10000. `MATOMO_MAX_QUEUE_SIZE` */
  readonly maxQueueSize?: number | undefined;
  /** Hits in a bulk request. Default: 100. `MATOMO_MAX_EXPORT_BATCH_SIZE` */
  readonly maxExportBatchSize?: number | undefined;
  /** Longest wait of a hit before a batch leaves. Default: 5000. `MATOMO_SCHEDULE_DELAY` */
  readonly scheduledDelayMillis?: number | undefined;
  /** Longest that one attempt may take. Default: 30000. `MATOMO_EXPORT_TIMEOUT` */
  readonly exportTimeoutMillis?: number | undefined;
  /** Deadline of `shutdown`. Default: 5000, under `register` 1500. `MATOMO_SHUTDOWN_TIMEOUT` */
  readonly shutdownTimeoutMillis?: number | undefined;
  /** An undici Dispatcher of your own, for proxies, TLS or tests; it is not closed at shutdown. Default: own. */
  readonly dispatcher?: HttpDispatcher | undefined;
}

/** Options as they are used: checked, with defaults. */
export interface ResolvedOptions {
  /** With `matomo.php` or `piwik.php`. */
  readonly url: URL;
  readonly siteId: number | ((request: TrackedRequest) => number | string | undefined);
  readonly tokenAuth: string | undefined;
  readonly enabled: boolean;
  readonly baseUrl: string | undefined;
  readonly assumeHttps: boolean;
  readonly ignore: ((request: TrackedRequest) => boolean | undefined) | undefined;
  readonly visitorKey: string | undefined;
  readonly trackBots: boolean;
  readonly maxCustomVariables: number;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly shutdownTimeoutMillis: number;
  readonly dispatcher: HttpDispatcher | undefined;
}

/** One option: where the environment has it, how a value is checked, what it is by default. */
export interface OptionDeclaration<T> {
  /** Environment variable; `undefined` for what only code can give. */
  readonly env: string | undefined;
  /** The value as it is used. Throws a `TypeError` that names option and value, but never a secret. */
  readonly parse: (name: string, value: unknown) => T;
  /** `required`: without a value the processor is off. */
  readonly default: T | 'required';
}

const DAY_MILLIS = 86_400_000;

/** Everything that can be set, once. */
export const OPTIONS: {
  readonly [name in keyof ResolvedOptions]: OptionDeclaration<ResolvedOptions[name]>;
} = {
  url: { env: 'MATOMO_URL', parse: matomoUrl, default: 'required' },
  siteId: { env: 'MATOMO_SITE_ID', parse: siteId, default: 'required' },
  tokenAuth: { env: 'MATOMO_TOKEN_AUTH', parse: secret, default: undefined },
  enabled: { env: 'MATOMO_ENABLED', parse: boolean, default: true },
  baseUrl: { env: 'MATOMO_BASE_URL', parse: trackedBaseUrl, default: undefined },
  assumeHttps: { env: 'MATOMO_ASSUME_HTTPS', parse: boolean, default: true },
  ignore: { env: undefined, parse: optionalFunction, default: undefined },
  visitorKey: { env: 'MATOMO_VISITOR_KEY', parse: secret, default: undefined },
  trackBots: { env: 'MATOMO_TRACK_BOTS', parse: boolean, default: true },
  maxCustomVariables: {
    env: 'MATOMO_MAX_CUSTOM_VARIABLES',
    parse: integer(0, 1000),
    default: 5,
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
  },
  dispatcher: { env: undefined, parse: dispatcher, default: undefined },
};
