import type { MeterProvider } from '@opentelemetry/api';
import type { HttpDispatcher } from './delivery/dispatcher.js';
import type { TrackedRequest } from './hit/http-request.js';
import type { TrackingParameters } from './hit/parameter-names.js';

type Patterns = readonly (RegExp | string)[];

/** Who a caller without a user ID is, see {@link MatomoOptions.visitorId}. */
export type VisitorId =
  | 'auto'
  | 'cookie'
  | 'none'
  | ((request: TrackedRequest) => string | undefined);

/**
 * What can be set, in code or by the environment; code wins. A wrong value in code throws a `TypeError` that names
 * option and value; in the environment it is reported once and the default used, or nothing is tracked if the option is
 * one that protects data.
 *
 * Functions get the request as it ended. What they throw is reported once and counts as `undefined`.
 */
export interface MatomoOptions {
  /** Base URL of Matomo, or its `matomo.php` or `piwik.php`: http or https, no credentials, no query. */
  readonly url?: string | undefined;
  /**
   * ID of the site in Matomo, or a function that chooses it; where that gives `undefined` or throws, the request is not tracked.
   * @see [Matomo: `idsite`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly siteId?:
    | number
    | string
    | ((request: TrackedRequest) => number | string | undefined)
    | undefined;
  /**
   * Token of a user with write access to the site. It goes into the request body and nowhere else. With it the caller's
   * address is sent (`cip`), and hits older than a day are taken. From a file: `MATOMO_TOKEN_AUTH_FILE`, read at start and again after a refused token.
   * @see [Matomo: `token_auth`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly tokenAuth?: string | undefined;
  /**
   * Headers of every request to Matomo, for a server in front of it that asks for a user name and password or a key. In the
   * environment pairs such as `authorization=Basic dXNlcjpwYXNz,x-key=abc`, without commas in values. They are never logged.
   * Matomo 5.4 and later read `Authorization: Bearer` as a token of their own: use `tokenAuth` for that.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `false`: nothing at all is done, and nothing said. */
  readonly enabled?: boolean | undefined;
  /** Replaces scheme and host of the tracked URLs; its own path stays in front of theirs. */
  readonly baseUrl?: string | undefined;
  /**
   * Tracked URLs are https if no trusted proxy says otherwise, whatever the local listener is. Not for `localhost`, names
   * without a dot, names that end in `.localhost`, `.local`, `.internal` or `.test`, and private, loopback or link-local
   * addresses: these are https only if the listener is, or if a trusted proxy says so.
   */
  readonly assumeHttps?: boolean | undefined;
  /**
   * Title of the page view: a template of `{method}`, `{route}`, `{path}`, `{host}`, `{status}` and `{span}`, or a function.
   * `{route}` is the route, else `Not Found` for a 404, else the path as `titlePaths` says; of a tRPC request it is the procedure. The
   * name of a GraphQL operation is added to a title that a template made.
   * @see [Matomo: `action_name`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly actionName?: string | ((request: TrackedRequest) => string | undefined) | undefined;
  /**
   * How the path stands in the title of a request without a route. `template`: a segment is `:id` if it is a number, a ULID, or hex of 8
   * or more characters with a digit; `:uuid` if it is a UUID; `:email` if it contains `@`; `:token` if it has 20 or more letters,
   * digits, `_` and `-`, with a digit, both cases, and fewer than two hyphens. `raw`: as it is. `{path}` is always as it is.
   */
  readonly titlePaths?: 'template' | 'raw' | undefined;
  /** Exact paths that are left out, tried before all other filters. */
  readonly ignorePaths?: readonly string[] | undefined;
  /**
   * Regular expressions, or strings of them, that are tested anywhere in the first 2,048 characters of the path.
   * `STATIC_FILES` is a list for it.
   */
  readonly ignorePatterns?: Patterns | undefined;
  /**
   * Regular expressions, or strings of them, for user agents that are left out, tested on their first 2,048 characters. Given
   * ones replace the default, and an empty list leaves none out.
   */
  readonly ignoreUserAgents?: Patterns | undefined;
  /** Methods that are tracked, at least one, in any case. */
  readonly allowedMethods?: readonly string[] | undefined;
  /** Methods that are not tracked, in any case; they win over `allowedMethods`. */
  readonly ignoredMethods?: readonly string[] | undefined;
  /** Leaves a request out where it returns `true`. */
  readonly ignore?: ((request: TrackedRequest) => boolean | undefined) | undefined;
  /**
   * Tracking parameters by `METHOD /route`, `/route`, `METHOD /path` or `/path`; the first that matches, in this order,
   * counts. Spans, `track` and the server span win over them. `cvar` in them is an object and is added to the other
   * custom variables.
   * @see [Matomo: tracking parameters](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly routeDetails?: Readonly<Record<string, TrackingParameters>> | undefined;
  /**
   * Custom dimensions by their ID in Matomo, 1 to 999: the name of an attribute of the server span, or a function. Stable
   * attribute names are answered from old ones too. `matomo.failed_endpoint` is derived: `5xx GET /users/:id` or `4xx …`, only
   * from status 400 on. So is `user_agent.bot.name`, the name of a crawler or AI chatbot, unless the span has it. Matomo cuts values at 250 characters.
   * @see [Matomo: `dimension[0-999]`](https://developer.matomo.org/api-reference/tracking-api)
   * @see [OpenTelemetry: attributes of HTTP server spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server)
   */
  readonly dimensions?:
    | Readonly<Record<number, string | ((request: TrackedRequest) => string | number | undefined)>>
    | undefined;
  /**
   * Slots that your Matomo has for custom variables; what finds none is reported once and left out. In Matomo 5 they are a
   * plugin.
   * @see [Matomo: `cvar`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly maxCustomVariables?: number | undefined;
  /**
   * Which proxies are believed when they say the caller's address, scheme and host (`X-Forwarded-For`, `-Proto`, `-Host`), as
   * in Express: none, all, so many hops, or a list of addresses and CIDRs (`loopback`, `linklocal`, `uniquelocal` too).
   * Over a Unix socket, whose other end has no address, only `true` and a number of hops believe anything.
   * @see [Express: `trust proxy`](https://expressjs.com/en/guide/behind-proxies.html)
   */
  readonly trustProxy?: boolean | number | string | readonly string[] | undefined;
  /**
   * Bytes of an IPv4 address that are masked from the end, 0 to 4 (IPv6: nothing, /64, /48, /32, all), before it becomes
   * part of a hit or of a visitor ID. Functions get it unmasked.
   * @see [Matomo: `cip`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly anonymizeIp?: 0 | 1 | 2 | 3 | 4 | undefined;
  /**
   * Who a caller without a user ID is: `auto`, one visitor a day by address and user agent; `cookie`, the visitor of Matomo's
   * JavaScript tracker where its `_pk_id` cookie is there; `none`, Matomo's own rule; or a function that gives 16 hex digits.
   * Where a cookie or a function says nothing, `auto` does.
   * @see [Matomo: `cid`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly visitorId?: VisitorId | undefined;
  /** Secret for visitor IDs that several processes agree on. Without it and without a token each process, or all that share a `spool`, count a visitor once. */
  readonly visitorKey?: string | undefined;
  /**
   * Who the user is: an attribute such as `enduser.id` of the server span or of any recorded span below, or a function.
   * @see [Matomo: `uid`](https://developer.matomo.org/api-reference/tracking-api)
   * @see [OpenTelemetry: `enduser.id`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/enduser/)
   */
  readonly userId?: string | ((request: TrackedRequest) => string | undefined) | undefined;
  /**
   * What stays of a URL's query: all (`keep`), all but secrets (`redact`), nothing (`strip`), or the listed names, in the
   * case given and with their values as they are. Secrets in matrix parameters (`/a;jsessionid=…`) are redacted unless it is
   * `keep`. What stays of the query of a referrer is redacted, whatever is set here.
   */
  readonly query?: 'keep' | 'redact' | 'strip' | readonly string[] | undefined;
  /**
   * What matches in a path is replaced by `redacted`, in URL, title and referrer. Routes stay as they are. A path of more than
   * 2,048 characters is cut there, at a whole segment.
   */
  readonly redactPathPatterns?: Patterns | undefined;
  /**
   * Leaves `?q=` and its kin in the URL, so that Matomo records a site search, without URL, title and timing. Else `q`,
   * `query`, `s`, `search`, `searchword`, `k`, `keyword` and `keywords` are taken out.
   * @see [Matomo: `search`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly siteSearch?: boolean | undefined;
  /**
   * Leaves out requests with `DNT: 1` or `Sec-GPC: 1`.
   * @see [W3C: Global Privacy Control](https://www.w3.org/TR/gpc/)
   */
  readonly doNotTrack?: boolean | undefined;
  /**
   * Share of the visitors that are tracked, above 0 and at most 1. A visitor is in or out as a whole, with everything that is
   * tracked of the visitor: orders and goals of visitors who are out are not sent. Decided by the user ID if the request has
   * one at its end, else by the visitor ID, so that processes with the same visitor key agree. AI chatbots are never sampled.
   */
  readonly sampleRate?: number | undefined;
  /**
   * Sends `bots=1`: an API's clients are programs, and Matomo drops many of them silently.
   * @see [Matomo: `bots`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly trackBots?: boolean | undefined;
  /**
   * Requests by AI chatbots (`GET` or `HEAD`, by user agent), which fetch a page for a person who asks them. `separate`: they
   * are sent for the AI chatbot reports of Matomo 5.7 and later, and are part of no visit. `off`: they are page views like others.
   * @see [Which AI chatbots read my site](which-ai-chatbots-read-my-site.md)
   */
  readonly aiChatbots?: 'separate' | 'off' | undefined;
  /**
   * What the user agent of an AI chatbot contains, in any case. Matomo discards names that it does not know. In the
   * environment, items that begin with `+` are added to the default; without any `+` the list replaces it.
   * @see [Which names a Matomo knows](which-ai-chatbots-read-my-site.md#names)
   */
  readonly aiChatbotUserAgents?: readonly string[] | undefined;
  /** What Matomo stores as the source of requests by AI chatbots, 1 to 50 characters. */
  readonly aiChatbotSource?: string | undefined;
  /**
   * `false`: page views of people are not sent, because Matomo's JavaScript tracker sends them already. Only requests by AI
   * chatbots and explicit events are sent. No token is needed for that.
   */
  readonly pageViews?: boolean | undefined;
  /**
   * What is sent of an error: nothing (`off`), its class as custom variable `error_type` (`type`), or also a crash of the
   * CrashAnalytics plugin (`crash`). Never its message. Only for requests that were answered with 400 and above, and for GraphQL operations that failed.
   * @see [Matomo: `ca`, `cra`](https://developer.matomo.org/api-reference/tracking-api)
   */
  readonly errors?: 'off' | 'type' | 'crash' | undefined;
  /**
   * Hits kept in memory; newer ones are dropped beyond it and counted as `queue_full`.
   * @see [OpenTelemetry: batch span processor, whose names these are](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor)
   */
  readonly maxQueueSize?: number | undefined;
  /** Bytes that hits in memory may take, roughly; newer ones are dropped beyond it and counted as `queue_full`. */
  readonly maxQueueBytes?: number | undefined;
  /** Hits in a bulk request. Matomo gains nothing beyond 100. */
  readonly maxExportBatchSize?: number | undefined;
  /** Longest wait of a hit before a batch leaves, while Matomo answers, milliseconds. */
  readonly scheduledDelayMillis?: number | undefined;
  /** Longest that one attempt may take, milliseconds. */
  readonly exportTimeoutMillis?: number | undefined;
  /** Deadline of `shutdown`, milliseconds. */
  readonly shutdownTimeoutMillis?: number | undefined;
  /**
   * When the process ends without a shutdown (`process.exit()`, an uncaught exception), stores or sends what is queued while the
   * process waits: at most `shutdownTimeoutMillis`, or 300 ms if Matomo was unavailable before. Not through a `dispatcher` of your own.
   */
  readonly exitFlush?: boolean | undefined;
  /**
   * Sends hits again of which it is not known whether Matomo stored them, because no answer came: doubles rather than
   * losses.
   */
  readonly resendUnconfirmed?: boolean | undefined;
  /**
   * Folder where hits wait on disk, within half a second of their request, so that they outlive outages and restarts; or
   * `redis://…` or `rediss://…`, a Redis or Valkey for processes of several machines, which takes `npm install redis`. All
   * processes that share it send as one, and it belongs to one Matomo. It holds personal data.
   */
  readonly spool?: string | undefined;
  /**
   * Parts of a spool in Redis, by visitor. Each is sent by one process at a time, so that up to so many may send at once. A
   * folder has one.
   */
  readonly spoolShards?: number | undefined;
  /** Bytes that hits in the spool may take; newer ones are dropped beyond it and counted as `spool`. A gateway answers 503 before. */
  readonly maxSpoolBytes?: number | undefined;
  /** Age from which hits in the spool are not sent any more, milliseconds; they are counted as `expired`. */
  readonly maxSpoolAgeMillis?: number | undefined;
  /**
   * An undici 7 Dispatcher of your own, for proxies, TLS or tests. It is not closed at shutdown.
   * @see [undici: Dispatcher](https://undici.nodejs.org/#/docs/api/Dispatcher)
   */
  readonly dispatcher?: HttpDispatcher | undefined;
  /** Last look at the parameters of a hit: returns them, changed or not, or `undefined` to drop it. Where it throws, the hit is dropped. */
  readonly beforeSend?:
    | ((parameters: Record<string, string>) => Record<string, string> | undefined)
    | undefined;
  /** Logs each hit and sends nothing; the hits end as `accepted`. */
  readonly dryRun?: boolean | undefined;
  /**
   * Gets metrics of the processor itself: hits by what became of them, requests that were left out, the queue, and the time
   * that bulk requests take. Names: `matomo.*`, and `otel.sdk.processor.span.*` of OpenTelemetry's semantic conventions. Each
   * processor, exporter and gateway of a process has an `otel.component.name` of its own, such as `matomo_span_processor/0`.
   *
   * @see https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
   */
  readonly meterProvider?: MeterProvider | undefined;
}
