import type { MeterProvider } from '@opentelemetry/api';
import type { HttpDispatcher } from './delivery/dispatcher.js';
import type { TrackedRequest } from './hit/http-request.js';
import type { TrackingParameters } from './hit/parameter-names.js';

type Patterns = readonly (RegExp | string)[];

/** How a caller without a user ID is recognized, see {@link MatomoOptions.visitorId}. */
export type VisitorId =
  | 'auto'
  | 'cookie'
  | 'none'
  | ((request: TrackedRequest) => string | undefined);

/**
 * What can be configured, in code or by environment variables; code wins. An invalid value in code throws a `TypeError`
 * that names option and value. An invalid environment variable logs one error and the default is used; if it belongs to an
 * option that protects data, nothing is tracked instead.
 * Functions get the request after it has ended. If one throws, one warning is logged and the result counts as `undefined`.
 *
 * @example
 * new MatomoSpanProcessor({ url: 'https://matomo.example.org', siteId: 1, trustProxy: 1, query: 'strip' });
 */
export interface MatomoOptions {
  /** Base URL of Matomo, or of its `matomo.php` or `piwik.php`: http or https, without credentials and query. Required. */
  readonly url?: string | undefined;
  /**
   * ID of the site in Matomo, or a function that chooses it. If it returns `undefined` or throws, the request is not tracked. Required.
   * @see [Matomo: `idsite`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly siteId?:
    | number
    | string
    | ((request: TrackedRequest) => number | string | undefined)
    | undefined;
  /**
   * Token of a user with write access to the site. It is sent in the request body and nowhere else. With a token, the caller's
   * address is sent (`cip`), and Matomo accepts hits older than a day. To read it from a file, set `MATOMO_TOKEN_AUTH_FILE`; the
   * file is read at start, and again if Matomo rejects the token.
   * @see [Matomo: `token_auth`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly tokenAuth?: string | undefined;
  /**
   * Headers of every request to Matomo, for a server in front of it that requires a password or a key. They are never logged.
   * In the environment, write pairs such as `authorization=Basic dXNlcjpwYXNz,x-key=abc`, without commas in values. Matomo 5.4
   * and later read `Authorization: Bearer` as a Matomo token: use `tokenAuth` for that.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `false` switches the package off: it does nothing and logs nothing. @default `true` */
  readonly enabled?: boolean | undefined;
  /** Replaces scheme and host of the tracked URLs. If it has a path, that path is put in front of theirs. @default from the request */
  readonly baseUrl?: string | undefined;
  /**
   * Tracked URLs begin with `https://` unless a trusted proxy reports another scheme, even if the local server uses HTTP.
   * Exceptions are `localhost`, names without a dot, names that end in `.localhost`, `.local`, `.internal` or `.test`, and
   * private, loopback or link-local addresses: there the scheme is that of the server, or what a trusted proxy reports. @default `true`
   */
  readonly assumeHttps?: boolean | undefined;
  /**
   * Title of the page view: a template of `{method}`, `{route}`, `{path}`, `{host}`, `{status}` and `{span}`, or a function.
   * Without a route, `{route}` is `Not Found` for a 404, else the path as `titlePaths` defines; for a tRPC request it is the
   * procedure. The name of a GraphQL operation is added to the title, unless a function returned it. @default `{method} {route}`
   * @see [Matomo: `action_name`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly actionName?: string | ((request: TrackedRequest) => string | undefined) | undefined;
  /**
   * How the path is shown in the title of a request without a route. With `template`, a segment becomes `:id` if it is a number,
   * a ULID, or hex of 8 or more characters with a digit; `:uuid` if it is a UUID; `:email` if it contains `@`; `:token` if it has
   * 20 or more letters, digits, `_` and `-`, among them a digit and both cases, and fewer than two hyphens. With `raw`, the path
   * is not changed. `{path}` never is. @default `template`
   */
  readonly titlePaths?: 'template' | 'raw' | undefined;
  /** Exact paths that are not tracked. They are compared before any other filter. */
  readonly ignorePaths?: readonly string[] | undefined;
  /**
   * Requests whose path matches are not tracked: regular expressions, or strings of them, tested anywhere in the first 2,048
   * characters of the path. `STATIC_FILES` is a ready-made list.
   */
  readonly ignorePatterns?: Patterns | undefined;
  /**
   * Requests whose user agent matches are not tracked: regular expressions, or strings of them, tested on its first 2,048
   * characters. Your list replaces the default; an empty list ignores no user agent. @default `HEALTH_CHECKERS`
   */
  readonly ignoreUserAgents?: Patterns | undefined;
  /** Methods that are tracked, at least one, in upper or lower case. @default all */
  readonly allowedMethods?: readonly string[] | undefined;
  /** Methods that are not tracked, in upper or lower case. They win over `allowedMethods`. */
  readonly ignoredMethods?: readonly string[] | undefined;
  /** A request is not tracked if this function returns `true`. */
  readonly ignore?: ((request: TrackedRequest) => boolean | undefined) | undefined;
  /**
   * Tracking parameters by `METHOD /route`, `/route`, `METHOD /path` or `/path`. The first key that matches, in this order, is
   * used. What spans, `track` and the server span set wins over it. `cvar` is an object and is added to the other custom variables.
   * @see [Matomo: tracking parameters](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly routeDetails?: Readonly<Record<string, TrackingParameters>> | undefined;
  /**
   * Custom dimensions by their ID in Matomo, 1 to 999: the name of an attribute of the server span, or a function. For a stable name,
   * the old one is read too. `matomo.failed_endpoint` is derived: `5xx GET /users/:id` or `4xx …`, from status 400 on. So is
   * `user_agent.bot.name`, the name of a crawler or AI chatbot, unless the span has it. Matomo cuts values at 250 characters.
   * @see [Matomo: `dimension[0-999]`](https://developer.matomo.org/api-reference/tracking-api)
   * @see [OpenTelemetry: attributes of HTTP server spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server)
   */
  readonly dimensions?:
    | Readonly<Record<number, string | ((request: TrackedRequest) => string | number | undefined)>>
    | undefined;
  /**
   * Slots that your Matomo has for custom variables; Matomo 5 needs a plugin. What has no slot is dropped, with one warning. @default `5`
   * @see [Matomo: `cvar`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly maxCustomVariables?: number | undefined;
  /**
   * Which proxies are trusted to report the caller's address, scheme and host (`X-Forwarded-For`, `-Proto`, `-Host`). As in
   * Express: none, all, a number of hops, or a list of addresses and CIDRs, also `loopback`, `linklocal` and `uniquelocal`. The
   * peer of a Unix socket has no address: there only `true` and a number of hops trust anything. @default `false`
   * @see [Express: `trust proxy`](https://expressjs.com/en/guide/behind-proxies.html)
   */
  readonly trustProxy?: boolean | number | string | readonly string[] | undefined;
  /**
   * How many bytes of an IPv4 address are masked, counted from its end: 0 to 4. Of an IPv6 address, 1 keeps the first 64 bits,
   * 2 the first 48, 3 the first 32, and 4 none. Addresses are masked before they become part of a hit or a visitor ID; functions
   * get them unmasked. @default `0`
   * @see [Matomo: `cip`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly anonymizeIp?: 0 | 1 | 2 | 3 | 4 | undefined;
  /**
   * How a caller without a user ID is recognized. `auto`: one visitor per day, by address and user agent. `cookie`: the visitor
   * of Matomo's JavaScript tracker, from its `_pk_id` cookie. `none`: Matomo's own rules. A function returns 16 hex digits.
   * If there is no cookie, or the function returns `undefined`, `auto` applies. @default `auto`
   * @see [Matomo: `cid`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly visitorId?: VisitorId | undefined;
  /**
   * Secret from which visitor IDs are made. Processes with the same key, or the same `spool`, recognize the same visitors.
   * @default derived from `tokenAuth`; without one random per process, or kept in the `spool`
   */
  readonly visitorKey?: string | undefined;
  /**
   * The user: an attribute such as `enduser.id` of the server span or of any recorded span below it, or a function.
   * @see [Matomo: `uid`](https://developer.matomo.org/api-reference/tracking-api)
   * @see [OpenTelemetry: `enduser.id`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/enduser/)
   */
  readonly userId?: string | ((request: TrackedRequest) => string | undefined) | undefined;
  /**
   * What is kept of a URL's query: everything (`keep`), everything but secrets (`redact`), nothing (`strip`), or only the names
   * in your list, which are case-sensitive and keep their values. Secrets in matrix parameters (`/a;jsessionid=…`) are redacted
   * unless it is `keep`. In what is kept of a referrer's query, secrets are always redacted. @default `redact`
   */
  readonly query?: 'keep' | 'redact' | 'strip' | readonly string[] | undefined;
  /**
   * What matches in a path is replaced by `redacted`, in URL, title and referrer. Routes are not changed. A path of more than
   * 2,048 characters is cut there, after a whole segment.
   */
  readonly redactPathPatterns?: Patterns | undefined;
  /**
   * Keeps `?q=` and the other search parameters in the URL, so that Matomo records a site search, without URL, title and timing.
   * If it is `false`, `q`, `query`, `s`, `search`, `searchword`, `k`, `keyword` and `keywords` are removed. @default `false`
   * @see [Matomo: `search`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly siteSearch?: boolean | undefined;
  /**
   * Does not track requests with `DNT: 1` or `Sec-GPC: 1`. @default `false`
   * @see [W3C: Global Privacy Control](https://www.w3.org/TR/gpc/)
   */
  readonly doNotTrack?: boolean | undefined;
  /**
   * Share of the visitors that are tracked, above 0 and at most 1. A visitor is sampled as a whole: if it is not in the sample,
   * its orders and goals are not sent either. The user ID decides if the request has one when it ends, else the visitor ID, so
   * processes with the same visitor key agree. AI chatbots are never sampled. @default `1`
   */
  readonly sampleRate?: number | undefined;
  /**
   * Sends `bots=1`: clients of an API are programs, and Matomo silently drops hits of many of them. @default `true`
   * @see [Matomo: `bots`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly trackBots?: boolean | undefined;
  /**
   * Requests by AI chatbots (`GET` or `HEAD`, by user agent), which fetch a page because a person asked them. `separate`: sent for the
   * AI chatbot reports of Matomo 5.7 and later, as part of no visit. `off`: ordinary page views. @default `separate`
   * @see [Which AI chatbots read my site](which-ai-chatbots-read-my-site.md)
   */
  readonly aiChatbots?: 'separate' | 'off' | undefined;
  /**
   * A user agent that contains one of these, in upper or lower case, is an AI chatbot. Matomo discards names it does not know.
   * In the environment, items that begin with `+` are added to the default; without any `+`, the list replaces it. @default `AI_CHATBOTS`
   * @see [Which names a Matomo knows](which-ai-chatbots-read-my-site.md#names)
   */
  readonly aiChatbotUserAgents?: readonly string[] | undefined;
  /** What Matomo stores as the source of requests by AI chatbots, 1 to 50 characters. @default `opentelemetry-matomo` */
  readonly aiChatbotSource?: string | undefined;
  /**
   * `false` if Matomo's JavaScript tracker already sends the page views of people. Then only requests by AI chatbots and
   * explicit events are sent, and no token is needed. @default `true`
   */
  readonly pageViews?: boolean | undefined;
  /**
   * What is sent of an error with status 400 and above, or of a failed GraphQL operation: nothing (`off`), its class as custom variable
   * `error_type` (`type`), or also a crash for the CrashAnalytics plugin (`crash`). Its message is never sent. @default `type`
   * @see [Matomo: `ca`, `cra`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly errors?: 'off' | 'type' | 'crash' | undefined;
  /**
   * How many hits are queued in memory. If the queue is full, new hits are dropped and counted as `queue_full`. @default `10000`
   * @see [OpenTelemetry: batch span processor, which has options of the same names](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor)
   */
  readonly maxQueueSize?: number | undefined;
  /** Maximum bytes of queued hits in memory, approximate. Beyond it, new hits are dropped as `queue_full`. @default `33554432` (32 MiB) */
  readonly maxQueueBytes?: number | undefined;
  /** How many hits one bulk request has at most. More than 100 gains nothing in Matomo. @default `100` */
  readonly maxExportBatchSize?: number | undefined;
  /** How long a hit waits at most before it is sent while Matomo is available, in milliseconds. @default `5000` */
  readonly scheduledDelayMillis?: number | undefined;
  /** Timeout of one attempt to send, in milliseconds. @default `30000` */
  readonly exportTimeoutMillis?: number | undefined;
  /** Deadline of `shutdown`, in milliseconds. @default 5000; under `register` 1500 */
  readonly shutdownTimeoutMillis?: number | undefined;
  /**
   * If the process ends without a shutdown (`process.exit()`, an uncaught exception), it first stores or sends queued hits: for at most
   * `shutdownTimeoutMillis`, or 300 ms if Matomo was unavailable. Your `dispatcher` is not used. @default `false`; under `register` `true`
   */
  readonly exitFlush?: boolean | undefined;
  /** Sends hits again if no response shows whether Matomo stored them: prefers duplicates to losses. @default `false` */
  readonly resendUnconfirmed?: boolean | undefined;
  /**
   * Folder in which hits are stored within half a second of their request, so that they survive outages and restarts; or
   * `redis://…` or `rediss://…`, a Redis or Valkey for processes on several machines, which needs `npm install redis`. One of the
   * processes that share a spool sends for all. Use each spool for one Matomo. It contains personal data.
   */
  readonly spool?: string | undefined;
  /** Shards of a spool in Redis, by visitor: one process sends each, so that several can send at once. A folder has one. @default `1` */
  readonly spoolShards?: number | undefined;
  /**
   * How many bytes hits in the spool may take. Beyond it, new hits are dropped and counted as `spool`; before that, a gateway
   * answers 503. @default `1073741824` (1024 MiB)
   */
  readonly maxSpoolBytes?: number | undefined;
  /** Age from which spooled hits are no longer sent, in milliseconds. They are counted as `expired`. @default `604800000` (7 days) */
  readonly maxSpoolAgeMillis?: number | undefined;
  /**
   * An undici 7 `Dispatcher` of yours, for proxies, TLS or tests. It is not closed at shutdown. @default own
   * @see [undici: Dispatcher](https://undici.nodejs.org/#/docs/api/Dispatcher)
   */
  readonly dispatcher?: HttpDispatcher | undefined;
  /** Gets the parameters of each hit before it is sent and returns them, changed or not. `undefined` or an error drops the hit. */
  readonly beforeSend?:
    | ((parameters: Record<string, string>) => Record<string, string> | undefined)
    | undefined;
  /** Logs each hit and sends nothing. The hits are counted as `accepted`. @default `false` */
  readonly dryRun?: boolean | undefined;
  /**
   * Receives metrics of the processor itself: hits by result, requests that were not tracked, the queue, and the duration of bulk
   * requests. Names: `matomo.*`, and `otel.sdk.processor.span.*` of OpenTelemetry's semantic conventions. Each processor,
   * exporter and gateway of a process has its own `otel.component.name`, such as `matomo_span_processor/0`.
   * @see [OpenTelemetry: SDK metrics](https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/)
   */
  readonly meterProvider?: MeterProvider | undefined;
}
