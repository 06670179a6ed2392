import { HEALTH_CHECKERS } from '../hit/bots/bots.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { DEFAULT_TITLE } from '../hit/page/title.js';
import { declareOptions, option, type ResolvedValues } from './option.js';
import {
  actionName,
  boolean,
  consent,
  dimensions,
  functionOption,
  headerNames,
  headers,
  integer,
  matomoUrl,
  meterProvider,
  methods,
  oneOf,
  paths,
  patterns,
  queryPolicy,
  ranges,
  routeDetails,
  secret,
  share,
  siteId,
  spoolPlace,
  trackedBaseUrl,
  trustProxy,
  userId,
  visitorId,
  visitorKey,
} from './values.js';

const DAY_MILLIS = 86_400_000;
const GIBIBYTE = 1024 ** 3;

/**
 * All options in code, in the order of the documentation. Everything else comes from here: the type `MatomoOptions`, and
 * docs/configuration.md, which `npm run configuration` writes. The comments are the documentation. `@default` is missing if nothing or
 * `false` is the default, `@example` is a line of an environment.
 */
export const OPTIONS = declareOptions('MATOMO_', {
  /**
   * URL of Matomo, or of its `matomo.php` or `piwik.php`.
   * @example MATOMO_URL=https://matomo.example.org
   */
  url: option(matomoUrl, { default: 'required' }),
  /**
   * ID of the site in Matomo, a list of sites by `service.name` (`*` is any other), or a function. Requests without a site are not
   * tracked. The resource attribute `matomo.idsite` takes precedence.
   * @example MATOMO_SITE_ID=1
   */
  siteId: option(siteId, { default: 'required' }),
  /**
   * Token of a user with write access to the site. Matomo needs it for hits older than a day and for addresses. On a server, use a file
   * that only the application can read. It is read again every 5 seconds while Matomo rejects the token.
   */
  tokenAuth: option(secret, { file: 'MATOMO_TOKEN_AUTH_FILE' }),
  /**
   * Headers of every request to Matomo. Matomo 5.4 and later read `Authorization: Bearer`
   * as a Matomo token.
   * @example MATOMO_HEADERS='authorization=Basic dXNlcjpwYXNz,x-key=abc'
   */
  headers: option(headers, { default: {} }),
  /**
   * With `false`, nothing happens and nothing is logged.
   * @default `true`
   */
  enabled: option(boolean, { default: true, isPrivacy: true }),
  /**
   * Replaces scheme and host of tracked URLs. Its path is put before theirs.
   * @default from the request
   * @example MATOMO_BASE_URL=https://api.example.org/v2
   */
  baseUrl: option(trackedBaseUrl),
  /**
   * Page URLs begin with `https://`, unless a trusted proxy reports another scheme. With `false`, and for private hosts, the scheme is the
   * server's.
   * @default `true`
   */
  assumeHttps: option(boolean, { default: true }),
  /**
   * Title of the page view: a template of `{method}`, `{route}`, `{path}`, `{status}`, `{host}` and `{span}`, or a function. Without a route,
   * `{route}` is the path as in `titlePaths`, or a reason such as `Not Found`.
   * @default `{method} {route}`
   * @example MATOMO_ACTION_NAME='{method} {route} {status}'
   */
  actionName: option(actionName, { default: DEFAULT_TITLE, isPrivacy: true }),
  /**
   * The path in the title of a request without a route. `template` writes numbers, ULIDs, cuids and hex with a digit as `:id`, UUIDs as `:uuid`,
   * emails as `:email`, and 20 or more letters, digits, `_` or `-` with a digit and both cases as `:token`. Unless `query` is `keep`, emails
   * and tokens are `redacted` instead. `raw` keeps the other segments.
   * @default `template`
   */
  titlePaths: option(oneOf('template', 'raw'), { default: 'template' }),
  /**
   * Exact paths or routes that are not tracked. `*` is no wildcard.
   * @example MATOMO_IGNORE_PATHS=/health,/metrics
   */
  ignorePaths: option(paths, { default: [], isPrivacy: true }),
  /**
   * Regular expressions for paths that are not tracked, as sent and percent-decoded once. They see 2,048 characters.
   * @example MATOMO_IGNORE_PATTERNS='/^\/internal\//i,/\.map$/i'
   */
  ignorePatterns: option(patterns, { default: [], isPrivacy: true }),
  /**
   * Whether GET and HEAD requests of static files are page views: scripts, styles, images, fonts, manifests, `robots.txt`, `sitemap.xml`, and
   * what is below folders of frameworks such as `/_next/static/`. A route with a parameter, such as `/avatars/:id.png`, is always tracked.
   * @default `ignore`
   */
  staticFiles: option(oneOf('ignore', 'track'), { default: 'ignore' }),
  /**
   * Which requests to an [MCP server](mcp.md) are page views. `calls`: no lists, pings, notifications and event streams. `off`: the endpoint
   * is like any other, and [sessions are no visitors](mcp.md#who-is-a-visitor).
   * @default `calls`
   * @example MATOMO_MCP=off
   */
  mcp: option(oneOf('calls', 'off'), { default: 'calls', isPrivacy: true }),
  /**
   * Regular expressions for user agents that are not tracked. Your list replaces the default, [known health
   * checkers](exclude.md#how-do-i-exclude-health-checks).
   * @default `HEALTH_CHECKERS`
   * @example MATOMO_IGNORE_USER_AGENTS='/^my-monitor/i'
   */
  ignoreUserAgents: option(patterns, { default: HEALTH_CHECKERS, isPrivacy: true }),
  /**
   * Clients that are not tracked: unmasked addresses, CIDRs, `loopback`, `linklocal` or `uniquelocal`, according to `trustProxy`. If there
   * are any, nobody is tracked whose address is not known.
   * @example MATOMO_IGNORE_ADDRESSES=10.0.0.0/8,192.0.2.7
   */
  ignoreAddresses: option(ranges, { default: [], isPrivacy: true }),
  /**
   * Methods that are tracked, at least one.
   * @default all
   * @example MATOMO_ALLOWED_METHODS=GET,POST
   */
  allowedMethods: option(methods(1), { isPrivacy: true }),
  /**
   * Methods that are not tracked. They win over `allowedMethods`.
   * @example MATOMO_IGNORED_METHODS=HEAD,OPTIONS
   */
  ignoredMethods: option(methods(0), { default: [], isPrivacy: true }),
  /** A request is not tracked if this function returns `true`. If it fails, its events, goals and orders are not tracked either. */
  ignore: option(functionOption<(request: TrackedRequest) => boolean | undefined>(), {
    env: undefined,
    isPrivacy: true,
  }),
  /**
   * Tracking parameters for some routes or paths. The first key that matches is used: `METHOD /route`, `/route`, `METHOD /path`, `/path`.
   * [Other sources](titles.md#how-do-i-name-an-action) win.
   * @example MATOMO_ROUTE_DETAILS='{"GET /users/:id":{"action_name":"User","cvar":{"area":"accounts"}}}'
   */
  routeDetails: option(routeDetails, { default: {} }),
  /**
   * Custom dimensions by their ID in Matomo: an attribute, a header, a computed name ([all
   * names](dimensions.md#what-can-a-dimension-have)), or a function. Secret headers are invalid.
   * @example MATOMO_DIMENSIONS=2=http.response.status_code,3=http.request.method,4=http.route
   */
  dimensions: option(dimensions, { default: {}, isPrivacy: true }),
  /**
   * Slots for [custom variables](dimensions.md#can-i-use-custom-variables-instead) in your Matomo.
   * @default `5`
   */
  maxCustomVariables: option(integer(0, 1000), { default: 5 }),
  /**
   * Which proxies are trusted to report the client's address, scheme and host, [as in Express](proxies.md#which-value-is-right-for-me): none
   * (`false`), all (`true`), a number of hops, or a list of addresses, CIDRs, `loopback`, `linklocal` and `uniquelocal`.
   * @example MATOMO_TRUST_PROXY=loopback,10.0.0.0/8
   */
  trustProxy: option(trustProxy, { default: false, isPrivacy: true }),
  /**
   * How many bytes at the end of an IPv4 address [are masked, and how much of an IPv6 address](privacy.md#addresses).
   * @default `0`
   */
  anonymizeIp: option(integer<0 | 1 | 2 | 3 | 4>(0, 4), { default: 0, isPrivacy: true }),
  /**
   * How a client without a user ID is recognized: by address and user agent for a day, or the session of MCP (`auto`); by the `_pk_id` cookie
   * of Matomo's JavaScript tracker (`cookie`); by Matomo's rules (`none`); or by 16 hex digits of a function. Without these, as `auto`.
   * @default `auto`
   */
  visitorId: option(visitorId, { default: 'auto', isPrivacy: true }),
  /**
   * Secret from which [visitor IDs](visitor-ids.md#visitor-ids) are derived. With `daily`, each UTC day has a random key.
   * @default `daily` with `privacy: 'strict'`, else derived from `tokenAuth`, else random, stored in the `spool`
   */
  visitorKey: option(visitorKey, { file: 'MATOMO_VISITOR_KEY_FILE', isPrivacy: true }),
  /**
   * The user: a header, or a claim of the bearer token (`jwt.sub`, `jwt.client_id` or `jwt.azp`), as [a
   * pseudonym](visitor-ids.md#pseudonyms-of-keys-and-tokens); another attribute of recorded spans, such as `enduser.id`, or the result of a
   * function, as it is.
   * @example MATOMO_USER_ID=http.request.header.x-api-key
   */
  userId: option(userId, { isPrivacy: true }),
  /**
   * `strict` sends [as little as possible](privacy.md#how-do-i-send-as-little-as-possible).
   * @example MATOMO_PRIVACY=strict
   */
  privacy: option(oneOf('strict'), { isPrivacy: true }),
  /**
   * What is kept of a URL's [query](privacy.md#queries): everything (`keep`), everything but secrets (`redact`), nothing (`strip`), or the
   * parameters in your list.
   * @default `redact`
   * @example MATOMO_QUERY=page,sort
   */
  query: option(queryPolicy, { default: 'redact', isPrivacy: true }),
  /**
   * Regular expressions for [parts of a path that become `redacted`](privacy.md#patterns-of-your-own).
   * @example MATOMO_REDACT_PATH_PATTERNS='/[\da-f]{8}-[\da-f-]{27}/i,/\b\d{6,}\b/'
   */
  redactPathPatterns: option(patterns, { default: [], isPrivacy: true }),
  /**
   * The path of page URLs, dimensions made from URLs, `{path}` in titles, and referrers: as it is (`full`), or as the title shows it
   * (`template`). Words stay, such as the name in `/patients/max-mustermann`. A 400, 404 or 405 without a route has a path such as `/not-found`.
   * @default `full`
   */
  urlPaths: option(oneOf('full', 'template'), { default: 'full', isPrivacy: true }),
  /**
   * Keeps the parameters `q`, `query`, `s`, `search`, `searchword`, `k`, `keyword` and `keywords`, of which Matomo makes site searches.
   */
  siteSearch: option(boolean, { default: false }),
  /** Requests with the header `DNT: 1` or `Sec-GPC: 1` are not tracked, nor are their events, goals and orders. */
  doNotTrack: option(boolean, { default: false, isPrivacy: true }),
  /**
   * The cookie or header with which [visitors consent](privacy.md#how-do-i-track-only-with-consent).
   * @example MATOMO_CONSENT=cookie:consent=yes
   */
  consent: option(consent, { isPrivacy: true }),
  /**
   * Request headers that spans have. The exporter and the gateway need this [for `doNotTrack` and
   * `consent`](gateway.md#which-headers-are-needed-for-do-not-track-and-consent).
   * @example MATOMO_CAPTURED_HEADERS=dnt,sec-gpc,cookie
   */
  capturedHeaders: option(headerNames, { default: [], isPrivacy: true }),
  /**
   * [Share of the visitors](events.md#how-do-i-track-a-share-of-the-visitors) that are tracked, with their orders, goals and events.
   * @default `1`
   */
  sampleRate: option(share, { default: 1, isPrivacy: true }),
  /**
   * Sends `bots=1`. Without it, Matomo silently drops hits of many programs.
   * @default `true`
   */
  trackBots: option(boolean, { default: true }),
  /**
   * How `GET` and `HEAD` requests by [AI chatbots](ai-chatbots.md) are sent: outside of any visit (`separate`), or as ordinary page views
   * (`off`).
   * @default `separate`
   */
  aiChatbots: option(oneOf('separate', 'off'), { default: 'separate', isPrivacy: true }),
  /**
   * With `false`, only requests by AI chatbots and your events, goals and orders are sent.
   * @default `true`
   */
  pageViews: option(boolean, { default: true, isPrivacy: true }),
  /**
   * Maximum number of hits in memory, which may have 3,355 bytes on average.
   * @default `10000`
   */
  maxQueueSize: option(integer(1, 10_000_000), { default: 10_000 }),
  /**
   * Maximum number of hits in one bulk request, at most half of `maxQueueSize`.
   * @default `100`
   */
  maxExportBatchSize: option(integer(1, 10_000), { default: 100 }),
  /**
   * How long a hit is queued at most if Matomo is available.
   * @default `5000`
   * @example MATOMO_SCHEDULE_DELAY=1000
   */
  scheduledDelayMillis: option(integer(0, DAY_MILLIS), {
    env: 'MATOMO_SCHEDULE_DELAY',
    default: 5_000,
  }),
  /**
   * Timeout of one attempt to send.
   * @default `30000`
   */
  exportTimeoutMillis: option(integer(1, DAY_MILLIS), { default: 30_000 }),
  /**
   * Deadline of `shutdown`. Also how long a bulk in flight keeps the process alive after the last request.
   * @default 5000; with `register` and `start` 1500
   */
  shutdownTimeoutMillis: option(integer(0, DAY_MILLIS), { default: 5_000 }),
  /**
   * Stores or sends queued hits [if the process ends without a shutdown](delivery.md#what-happens-when-my-process-ends).
   * @default `false`; with `register` and `start` `true`
   */
  exitFlush: option(boolean),
  /**
   * Sends hits again, three times at most, if no response shows whether Matomo stored them. Some may be duplicated.
   */
  resendUnconfirmed: option(boolean, { default: false }),
  /**
   * Folder or Redis (`redis://…`, `rediss://…`) that [stores hits](spool.md) until Matomo has confirmed them.
   * @example MATOMO_SPOOL=/var/spool/my-app-matomo
   */
  spool: option(spoolPlace),
  /**
   * Maximum size of the spool in bytes. Beyond it, hits stay in memory.
   * @default `1073741824` (1024 MiB)
   */
  maxSpoolBytes: option(integer(1_048_576, 1024 * GIBIBYTE), { default: GIBIBYTE }),
  /** Gets the parameters of each hit and returns what is sent. `null`, or what is no object of parameters, drops the hit. */
  beforeSend: option(
    functionOption<
      (
        parameters: Record<string, string>,
      ) => Readonly<Record<string, string | number | boolean | undefined>> | null
    >(),
    { env: undefined, isPrivacy: true },
  ),
  /** Logs each hit and sends nothing. The hits count as `accepted`. A `spool` is neither read nor written. */
  dryRun: option(boolean, { default: false, isPrivacy: true }),
  /**
   * Receives [metrics](counts.md#metrics). `'global'` is the meter provider that is registered with `@opentelemetry/api`, now or later.
   * @example MATOMO_METRICS=global
   */
  meterProvider: option(meterProvider, { env: 'MATOMO_METRICS' }),
  /** Logs `stats()` as one line of JSON at this interval. */
  statsIntervalMillis: option(integer(1_000, DAY_MILLIS)),
});

/** Options after parsing, with defaults and derived values. */
export interface ResolvedOptions extends ResolvedValues<typeof OPTIONS> {
  /** Set if the token came from a file. */
  readonly rereadToken?: (() => string | undefined) | undefined;
  /** Whether `cip` never has the address of the client. */
  readonly hidesAddress?: boolean | undefined;
}
