import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { isAiChatbot } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import type { HttpRequest } from '../hit/http-request.js';
import { isStaticFile } from '../hit/page/page-path.js';
import { isEndpoint, plainRoute, withSlash } from '../hit/page/routes.js';
import { decodePath, MAX_PATTERN_INPUT, matchesAny } from '../hit/text.js';
import { createIsInRanges } from '../hit/visitor/addresses.js';
import type { Client } from '../hit/visitor/client.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { ConsentRule } from '../options/values.js';
import { serviceDefaultsOf } from '../request/matomo-attributes.js';
import { readRawHeader } from '../request/read-headers.js';
import type { Request } from '../request/request.js';
import { readBodyBytes } from '../request/response-status.js';
import type { OptionCallbacks } from './callbacks.js';

/** Reasons for which a request has no page view, in the order of precedence: the first that applies counts. */
export const IGNORE_REASONS = [
  'attribute', // `ignore()` or `matomo.ignore`
  'path', // this one and the next three: options
  'method',
  'user_agent',
  'pattern',
  'address', // this one and the next two: the visitor must not be tracked
  'do_not_track',
  'no_consent',
  'predicate', // the option `ignore`, or `beforeSend` drops the hit
  'site', // a callback or the list of services names none
  'ai_chatbot', // reads nothing that Matomo reports
  'mcp', // no call
  'prefetch', // this one and the next: what browsers send besides pages
  'static',
  'page_views', // the option is off
  'sampled',
] as const;

export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/**
 * Returns why an option excludes a request. `client` and `address` are those of the actual sender. Annotations may name others in `http`, and both
 * are checked.
 */
type Check = (
  http: HttpRequest,
  request: Request,
  client: Client | undefined,
  address: string | undefined,
) => IgnoreReason | undefined;

/**
 * Creates the function that decides whether a request has a page view, and which site gets its hits. It returns the reason if there is no page
 * view. If it sets no site in `http`, the request has no hits at all. `sampled` depends on the visitor, so `pipeline.ts` decides it.
 */
export function createDecide(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
  { findIgnored, ownSite, siteOf, parametersOf }: OptionCallbacks,
): (http: HttpRequest, request: Request) => IgnoreReason | undefined {
  const filters = filterChecks(options);
  const ofVisitors = privacyChecks(options, diagnostics);
  const kinds = kindChecks(options);
  const hasServiceAnnotations = serviceDefaultsOf(undefined).annotations !== undefined;

  return function decide(http, request) {
    const { address, client } = http;
    const { span, additions, spanFacts } = request;
    if (hasServiceAnnotations || (span ?? additions ?? spanFacts)) request.applyAnnotations();
    const isIgnored = http.annotations.some(({ ignored }) => ignored);
    let reason = isIgnored ? 'attribute' : first(filters, http, request, client, address);
    if (ofVisitors.length > 0) {
      // A request without a page view may have other hits, which privacy options exclude, too.
      const ofVisitor = first(ofVisitors, http, request, client, address);
      if (ofVisitor !== undefined) return reason ?? ofVisitor;
    }
    const ignored = reason === undefined ? findIgnored?.(http, request) : undefined;
    if (ignored === 'all') return 'predicate';
    if (ignored === 'page') reason = 'predicate';
    const isOwn = ownSite !== undefined && request.span === undefined;
    http.site = (isOwn ? ownSite : siteOf(http, request)) ?? 0;
    if (http.site === 0) return reason ?? 'site';
    reason ??= first(kinds, http, request, client, address);
    if (reason === undefined) http.client?.remember();
    http.optionParameters = parametersOf?.(http, request);
    return reason;
  };
}

/** The first reason that a check finds. */
function first(
  checks: readonly Check[],
  http: HttpRequest,
  request: Request,
  client: Client | undefined,
  address: string | undefined,
): IgnoreReason | undefined {
  for (let i = 0; i < checks.length; i++) {
    const reason = checks[i]?.(http, request, client, address);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Checks of the options that exclude requests by path, method, user agent or pattern. */
function filterChecks(options: ResolvedOptions): Check[] {
  const { ignorePaths, ignoreUserAgents, ignorePatterns, ignoredMethods, allowedMethods } = options;
  const checks: Check[] = [];
  if (ignorePaths.length > 0) checks.push(pathCheck(ignorePaths));
  if (ignoredMethods.length > 0 || allowedMethods) {
    const ignored = new Set(ignoredMethods);
    const allowed = allowedMethods && new Set(allowedMethods);
    checks.push(({ method }) => {
      const upper = method.toUpperCase(); // CORS preflights, too, if the options name OPTIONS
      return ignored.has(upper) || allowed?.has(upper) === false ? 'method' : undefined;
    });
  }
  if (ignoreUserAgents.length > 0)
    checks.push((http, _request, client) => {
      if (client && decided(client, options).isIgnored) return 'user_agent';
      if (http.client === undefined || http.client === client) return undefined;
      return decided(http.client, options).isIgnored ? 'user_agent' : undefined;
    });
  if (ignorePatterns.length > 0)
    checks.push(({ path }) => (matchesPath(ignorePatterns, path) ? 'pattern' : undefined));
  return checks;
}

/** Returns the client after storing in it whether options ignore it, or treat it as an AI chatbot. */
function decided(client: Client, options: ResolvedOptions): Client {
  if (client.decidedBy === options) return client;
  client.decidedBy = options;
  client.isIgnored = matchesAny(options.ignoreUserAgents, client.userAgent);
  client.isAiChatbot = options.aiChatbots === 'separate' && isAiChatbot(client.userAgent);
  return client;
}

/** Matches the path and the route. The route also covers other spellings of the path that the application serves. */
function pathCheck(ignorePaths: readonly string[]): Check {
  const paths = new Set(ignorePaths.map(withoutEndSlash));
  const plain = [...paths].map(plainRoute);
  const routes = new Set(plain.filter((path) => path !== '/' && !path.includes('*')));
  return function checkPath({ path, route }) {
    if (paths.has(withoutEndSlash(path))) return 'path';
    if (routes.size === 0 || route === undefined) return undefined;
    return routes.has(withoutEndSlash(plainRoute(withSlash(route)))) ? 'path' : undefined;
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Whether one of the patterns matches a path as sent or decoded. */
function matchesPath(patterns: readonly RegExp[], path: string): boolean {
  if (matchesAny(patterns, path)) return true;
  return path.includes('%') && matchesAny(patterns, decodePath(path.slice(0, MAX_PATTERN_INPUT)));
}

/** Checks of the privacy options. An unknown choice of the visitor counts as a refusal. */
function privacyChecks(
  { doNotTrack, consent, capturedHeaders, ignoreAddresses, trustProxy }: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): Check[] {
  const checks: Check[] = [];

  function reportUnknown(option: string, names: string): void {
    const text = `A request does not say whether it had the headers that ${option} needs. Such requests are not tracked. Let the instrumentation capture these headers, and set MATOMO_CAPTURED_HEADERS=${names} or the option capturedHeaders.`;
    diagnostics.warnOnce(`unknown ${option}`, coded('headers-not-captured', text));
  }

  if (ignoreAddresses.length > 0) {
    const isInRanges = createIsInRanges(ignoreAddresses);
    checks.push((http, request, _client, address) => {
      const known = [http.address, address].filter((each) => each !== undefined);
      // An unknown address may be in one of the ranges.
      if (known.length > 0 && !known.some(isInRanges)) return undefined;
      // The address belongs to a proxy, so all requests through that proxy are ignored.
      if (trustProxy === false && request.header('x-forwarded-for') !== undefined)
        diagnostics.warnOnce('proxy-ignored', () => coded('proxy-ignored', PROXY_IGNORED));
      return 'address';
    });
  }
  if (doNotTrack)
    checks.push(({ optedOut }) => {
      if (optedOut === 'unknown') reportUnknown('doNotTrack', 'dnt,sec-gpc');
      return optedOut === 'no' ? undefined : 'do_not_track';
    });
  if (consent) {
    const header = consent.source === 'cookie' ? 'cookie' : consent.name;
    checks.push((_http, request) => {
      const { incoming } = request;
      const current = request.header(header);
      const sent = incoming ? readRawHeader(incoming, header) : current;
      if (sent === undefined) {
        const isListed = capturedHeaders.includes(header.replaceAll('_', '-'));
        if (!incoming && !isListed) reportUnknown('consent', header);
        return 'no_consent';
      }
      // The application may withdraw consent that the client sent, but not give consent for the client.
      const isGiven = hasConsent(consent, sent) && hasConsent(consent, current ?? sent);
      return isGiven ? undefined : 'no_consent';
    });
  }
  return checks;
}

const PROXY_IGNORED =
  'A request with the header X-Forwarded-For was ignored: ignoreAddresses has the address of the proxy that sent it. If the proxy is yours, set MATOMO_TRUST_PROXY or the option trustProxy.';

/** Whether a header, or every cookie of the name, has exactly the required value. */
function hasConsent({ source, name, value }: ConsentRule, header: string): boolean {
  if (source === 'header') return header === value;
  const values = valuesOfCookie(header, name);
  return values.length > 0 && values.every((each) => each === value);
}

function valuesOfCookie(cookies: string, name: string): string[] {
  return cookies.split(';').flatMap((cookie) => {
    const equals = cookie.indexOf('=');
    const isOfName = equals >= 0 && cookie.slice(0, equals).trim() === name;
    return isOfName ? [cookie.slice(equals + 1).trim()] : [];
  });
}

/** Checks for kinds of requests that are not page views. A request that is sent as one of an AI chatbot is of no other kind. */
function kindChecks(options: ResolvedOptions): Check[] {
  const { aiChatbots, mcp, staticFiles, pageViews } = options;
  const checks: Check[] = [];
  if (aiChatbots === 'separate')
    checks.push((http, request) => {
      const { client, method, operation } = http;
      if (!client) return undefined;
      if (!decided(client, options).isAiChatbot) return undefined;
      if (!READS.test(method) || operation?.kind === 'mcp') return undefined;
      if (!readsContent(http, request.header('cookie'), request.header('range')))
        return 'ai_chatbot';
      http.isAiChatbot = true;
      http.bodyBytes = readBodyBytes(request, method, http.statusCode);
      return undefined;
    });
  checks.push(({ isAiChatbot, operation, isPrefetch, path, method, route }) => {
    if (isAiChatbot) return undefined;
    if (mcp !== 'off' && operation?.mcp?.isProtocol) return 'mcp';
    if (isPrefetch) return 'prefetch';
    const isFile = staticFiles === 'ignore' && isStaticFile(path);
    if (isFile && READS.test(method) && !isEndpoint(route)) return 'static';
    return pageViews ? undefined : 'page_views';
  });
  return checks;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Matches media that Matomo does not count as content. Matomo treats them like static files. */
const MEDIA = /\.(?:mp[34]|webm)$/i;
/** Matches the cookie that WordPress plugins set if a chatbot runs JavaScript. Such a page tracks itself. */
const RUNS_JAVASCRIPT = /(?:^|;)\s*matomo_has_js=1\s*(?:;|$)/;

/** Whether a request of an AI chatbot reads content: not a redirect, a static file, or a later part of a document. */
function readsContent({ path, statusCode }: HttpRequest, cookie = '', range = ''): boolean {
  if (REDIRECTS.has(statusCode) || isLaterPart(statusCode, range)) return false;
  return !isStaticFile(path) && !MEDIA.test(path) && !RUNS_JAVASCRIPT.test(cookie);
}

const READS = /^(?:GET|HEAD)$/i;

/** Whether hits of an unknown request may be sent: no option could exclude its visitor. If one could, logs a warning and returns false. */
export function createAllowsUnknown(
  { doNotTrack, consent, ignore, ignoreAddresses, siteId }: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): () => boolean {
  const isPrivate = doNotTrack || consent || ignoreAddresses.length > 0;
  const mayExclude = isPrivate || ignore !== undefined || typeof siteId !== 'number';
  return function allowsUnknown() {
    if (mayExclude) diagnostics.warnOnce('unknown request', coded('request-unknown', NO_REQUEST));
    return !mayExclude;
  };
}

const NO_REQUEST =
  'An event, goal or order belongs to a span whose request is not known (any more), so that its visitor may have opted out. Such hits are not sent. Track them before their request ends.';
