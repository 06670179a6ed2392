import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { isAiChatbot } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import type { HttpRequest, TrackedRequest } from '../hit/http-request.js';
import { isStaticFile } from '../hit/page/page-path.js';
import { isEndpoint, plainRoute, withSlash } from '../hit/page/routes.js';
import { decodePath, MAX_PATTERN_INPUT, matchesAny } from '../hit/text.js';
import type { Client } from '../hit/visitor/client.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { ReadRequest } from '../request/request.js';
import { readBodyBytes } from '../request/response.js';
import type { OptionCallbacks } from './callbacks.js';
import { createFindPrivacyReason } from './privacy.js';

/** Why a request makes no page view. In this order: the first reason that applies counts. */
export const IGNORE_REASONS = [
  'attribute', // `ignore()` or `matomo.ignore`
  'path', // this one and the next three: options
  'method',
  'user_agent',
  'pattern',
  'address', // this one and the next two: `privacy.ts`
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

/** A request that is decided about, while its span and Node's objects are there. */
export interface Decision {
  readonly request: ReadRequest;
  readonly http: HttpRequest;
  /** The client as it was read: annotations may name another one, and neither may be excluded. */
  readonly client: Client | undefined;
  readonly address: string | undefined;
  /** The site of all of its hits. 0: none is sent. */
  site: number;
  reason: IgnoreReason | undefined;
  /** What callbacks of options get, once one was called. */
  tracked: TrackedRequest | undefined;
}

interface Parts {
  readonly options: ResolvedOptions;
  readonly diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly callbacks: OptionCallbacks;
}

/** Decides whether a request makes a page view, and to which site its hits are sent. `sampled` needs the visitor, see `pipeline.ts`. */
export function createDecide({
  options,
  diagnostics,
  callbacks,
}: Parts): (request: ReadRequest) => Decision {
  const { ignoreUserAgents, ignorePatterns, mcp, staticFiles, pageViews } = options;
  const isIgnoredPath = createIsIgnoredPath(options.ignorePaths);
  const ignoredMethods = new Set(options.ignoredMethods);
  const allowedMethods = options.allowedMethods && new Set(options.allowedMethods);
  const findPrivacyReason = createFindPrivacyReason(options, diagnostics);
  const knowsAiChatbots = options.aiChatbots === 'separate';

  /** A client, which remembers what options say about it. */
  function decided(client: Client): Client {
    if (client.decidedBy === options) return client;
    client.decidedBy = options;
    client.isIgnored = matchesAny(ignoreUserAgents, client.userAgent);
    client.isAiChatbot = knowsAiChatbots && isAiChatbot(client.userAgent);
    return client;
  }

  /** What the application ignores, and what options name. */
  function findFilter({ http, client }: Decision): IgnoreReason | undefined {
    if (http.annotations.some(({ ignored }) => ignored)) return 'attribute';
    if (isIgnoredPath(http)) return 'path';
    const method = http.method.toUpperCase(); // CORS preflights, too, if the options name OPTIONS
    if (ignoredMethods.has(method) || allowedMethods?.has(method) === false) return 'method';
    if (http.client && decided(http.client).isIgnored) return 'user_agent';
    if (client && decided(client).isIgnored) return 'user_agent';
    const isMatched = ignorePatterns.length > 0 && matchesPath(ignorePatterns, http.path);
    return isMatched ? 'pattern' : undefined;
  }

  /** Kinds of requests that are no page views. Also finds out if a request is one of an AI chatbot. */
  function findKind({ request, http }: Decision): IgnoreReason | undefined {
    const { client, method, operation } = http;
    if (client && decided(client).isAiChatbot && READS.test(method) && operation?.kind !== 'mcp') {
      if (!readsContent(http, request.header('cookie'), request.header('range')))
        return 'ai_chatbot';
      http.isAiChatbot = true;
      http.bodyBytes = readBodyBytes(request);
      return undefined;
    }
    if (mcp !== 'off' && operation?.mcp?.isProtocol) return 'mcp';
    if (http.isPrefetch) return 'prefetch';
    if (staticFiles === 'ignore' && isStatic(http)) return 'static';
    return pageViews ? undefined : 'page_views';
  }

  return function decide(request) {
    const { http } = request;
    const { address, client } = http;
    request.applyAnnotations();
    const decision: Decision = {
      request,
      http,
      client,
      address,
      site: 0,
      reason: undefined,
      tracked: undefined,
    };
    decision.reason = findFilter(decision);
    // What excludes all hits is asked of a request without a page view, too: it may have other hits.
    const privacyReason = findPrivacyReason(decision);
    if (privacyReason !== undefined) {
      decision.reason ??= privacyReason;
      return decision;
    }
    const ignored = decision.reason === undefined ? callbacks.findIgnored(decision) : undefined;
    if (ignored !== undefined) decision.reason = 'predicate';
    if (ignored === 'all') return decision;
    decision.site = callbacks.siteOf(decision) ?? 0;
    if (decision.site === 0) {
      decision.reason ??= 'site';
      return decision;
    }
    decision.reason ??= findKind(decision);
    if (decision.reason === undefined) http.client?.remember();
    http.optionParameters = callbacks.parametersOf(decision);
    return decision;
  };
}

/** Matching the route too leaves no other spelling of the path that the application serves. */
function createIsIgnoredPath(
  ignorePaths: readonly string[],
): (http: Pick<HttpRequest, 'path' | 'route'>) => boolean {
  const paths = new Set(ignorePaths.map(withoutEndSlash));
  const plain = [...paths].map(plainRoute);
  const routes = new Set(plain.filter((path) => path !== '/' && !path.includes('*')));
  return function isIgnoredPath({ path, route }) {
    if (paths.has(withoutEndSlash(path))) return true;
    if (routes.size === 0 || route === undefined) return false;
    return routes.has(withoutEndSlash(plainRoute(withSlash(route))));
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Whether one of the patterns matches a path as it came, or decoded. */
function matchesPath(patterns: readonly RegExp[], path: string): boolean {
  if (matchesAny(patterns, path)) return true;
  return path.includes('%') && matchesAny(patterns, decodePath(path.slice(0, MAX_PATTERN_INPUT)));
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Matomo does not count these as content, as static files. */
const MEDIA = /\.(?:mp[34]|webm)$/i;
/** Set by plugins for WordPress if a chatbot runs JavaScript: then the page tracks itself. */
const RUNS_JAVASCRIPT = /(?:^|;)\s*matomo_has_js=1\s*(?:;|$)/;

/** Whether a request by an AI chatbot reads content: not a redirect, a static file, or a later part of a document. */
function readsContent({ path, statusCode }: HttpRequest, cookie = '', range = ''): boolean {
  if (REDIRECTS.has(statusCode) || isLaterPart(statusCode, range)) return false;
  return !isStaticFile(path) && !MEDIA.test(path) && !RUNS_JAVASCRIPT.test(cookie);
}

/** The methods that only read. */
const READS = /^(?:GET|HEAD)$/i;

function isStatic(http: HttpRequest): boolean {
  return isStaticFile(http.path) && READS.test(http.method) && !isEndpoint(http.route);
}

/** Whether no option could exclude the visitor of a request of which nothing is known; logs if one could, which counts as a no. */
export function createAllowsUnknown({
  options,
  diagnostics,
}: Omit<Parts, 'callbacks'>): () => boolean {
  const { doNotTrack, consent, ignore, ignoreAddresses, siteId } = options;
  const isPrivate = doNotTrack || consent || ignoreAddresses.length > 0;
  const mayExclude = isPrivate || ignore !== undefined || typeof siteId !== 'number';
  return function allowsUnknown() {
    if (mayExclude) diagnostics.warnOnce('unknown request', coded('request-unknown', NO_REQUEST));
    return !mayExclude;
  };
}

const NO_REQUEST =
  'An event, goal or order belongs to a span whose request is not known (any more), so that its visitor may have opted out. Such hits are not sent. Track them before their request ends.';
