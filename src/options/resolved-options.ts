import type { MeterProvider } from '@opentelemetry/api';
import type { HttpDispatcher } from '../delivery/http/transport.js';
import type { ConsentRule } from '../hit/consent.js';
import type { TrackedRequest } from '../hit/http-request.js';
import type { TrackingParameters } from '../hit/parameters/parameter-names.js';

type Callback<T> = (request: TrackedRequest) => T | undefined;

/** Which requests are recorded for Matomo although the application's sampler drops them. */
export type RecordOption = 'sampled' | 'requests' | 'all';

/** Options after parsing, with defaults. */
export interface ResolvedOptions {
  /** Includes `matomo.php` or `piwik.php`. */
  readonly url: URL;
  readonly siteId: number | Callback<number | string>;
  readonly tokenAuth: string | undefined;
  /** Set if the token came from a file. Not an option: it is derived with `tokenAuth`. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  /** Whether `cip` is never the caller's address. Not an option: it is derived with `privacy`. */
  readonly hidesAddress?: boolean | undefined;
  /** Whether no user ID is sent. Not an option: it is derived with `privacy`. */
  readonly hidesUserId?: boolean | undefined;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly baseUrl: string | undefined;
  readonly assumeHttps: boolean;
  readonly actionName: string | Callback<string>;
  readonly titlePaths: 'template' | 'raw';
  readonly ignorePaths: readonly string[];
  readonly ignorePatterns: readonly RegExp[];
  readonly staticFiles: 'ignore' | 'track';
  readonly prefetches: 'ignore' | 'track';
  readonly downloads: 'documents' | 'off';
  readonly ignoreUserAgents: readonly RegExp[];
  /** Upper case. `undefined`: all. */
  readonly allowedMethods: readonly string[] | undefined;
  readonly ignoredMethods: readonly string[];
  readonly ignore: Callback<unknown> | undefined;
  readonly routeDetails: Readonly<Record<string, TrackingParameters>>;
  readonly dimensions: Readonly<Record<string, string | Callback<string | number>>>;
  readonly maxCustomVariables: number;
  readonly trustProxy: boolean | number | readonly string[];
  readonly anonymizeIp: number;
  readonly visitorId: 'auto' | 'cookie' | 'none' | Callback<string>;
  readonly visitorKey: string | undefined;
  readonly userId: string | Callback<string> | undefined;
  readonly privacy: 'strict' | undefined;
  readonly query: 'keep' | 'redact' | 'strip' | readonly string[];
  readonly redactPathPatterns: readonly RegExp[];
  readonly urlPaths: 'full' | 'template';
  readonly referrers: 'full' | 'origin';
  readonly siteSearch: boolean;
  readonly doNotTrack: boolean;
  readonly consent: ConsentRule | undefined;
  /** In lower case, with dashes. */
  readonly capturedHeaders: readonly string[];
  readonly sampleRate: number;
  readonly trackBots: boolean;
  readonly aiChatbots: 'separate' | 'off';
  readonly aiChatbotUserAgents: readonly string[];
  readonly pageViews: boolean;
  readonly errors: 'off' | 'type' | 'crash';
  readonly record: RecordOption;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly shutdownTimeoutMillis: number;
  /** `undefined`: on with `register` and `start`, else off. */
  readonly exitFlush: boolean | undefined;
  readonly resendUnconfirmed: boolean;
  readonly spool: string | undefined;
  readonly maxSpoolBytes: number;
  readonly maxSpoolAgeMillis: number;
  readonly dispatcher: HttpDispatcher | undefined;
  readonly beforeSend: ((parameters: Record<string, string>) => unknown) | undefined;
  readonly dryRun: boolean;
  readonly meterProvider: MeterProvider | 'global' | undefined;
  readonly statsIntervalMillis: number | undefined;
}
