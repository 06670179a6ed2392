import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createIsAiChatbot, type IsAiChatbot } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import type { HitBuilder } from '../hit/hit-builder.js';
import type { HttpRequest } from '../hit/http-request.js';
import { isStaticFile } from '../hit/page/page-path.js';
import { isPollingSession } from '../hit/page/page-url.js';
import { endsInWildcard, hasWildcard, plainRoute, withSlash } from '../hit/page/routes.js';
import { decodePath } from '../hit/page/url-pairs.js';
import { MAX_PATTERN_INPUT, matchesAny } from '../hit/text.js';
import type { Client } from '../hit/visitor/client.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { EndedRequest } from '../requests/request.js';
import { readChatbotResponse } from '../requests/response.js';
import { createFindPrivacyReason, type FindPrivacyReason } from './find-privacy-reason.js';
import type { OptionCallbacks } from './option-callbacks.js';

/** Why a request makes no page view. In this order: the first reason that applies counts. `beforeSend` comes after all. */
export const IGNORE_REASONS = [
  'attribute', // `ignore()` or `matomo.ignore`
  'path', // this one and the next three: options
  'method',
  'user_agent',
  'pattern',
  'address', // this one and the next two: `find-privacy-reason.ts`
  'do_not_track',
  'no_consent',
  'predicate', // the option `ignore`, or `beforeSend` drops the hit
  'site', // a callback or the list of services names none
  'ai_chatbot', // reads nothing that Matomo reports
  'mcp', // no call
  'polling', // this one and the next two: what browsers and runtimes send besides pages
  'prefetch',
  'static',
  'partial', // a later part of a document
  'page_views', // the option is off
  'sampled',
] as const;

export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** What decisions need besides the options. */
export interface DecisionParts {
  readonly options: ResolvedOptions;
  readonly diagnostics: Diagnostics;
  readonly callbacks: OptionCallbacks;
  readonly builder: () => HitBuilder;
}

/**
 * Decides whether a request makes a page view, and whether and to which site its further hits are sent. What the request is decides about
 * its page view only; its visitor, its site and an `ignore` that failed decide about all of its hits.
 */
export class Decisions {
  readonly #parts: DecisionParts;
  /** Read once, as the next two: looking up one of so many options is slow. */
  readonly #sampleRate: number;
  readonly #pageViews: boolean;
  readonly #ignoresProtocol: boolean;
  readonly #findIgnoreReason: ReturnType<typeof createFindIgnoreReason>;
  readonly #findPrivacyReason: FindPrivacyReason;
  readonly #findNoPageReason: ReturnType<typeof createFindNoPageReason>;
  readonly #isAiChatbot: IsAiChatbot;

  constructor(parts: DecisionParts) {
    const { options, diagnostics } = parts;
    const { aiChatbots, aiChatbotUserAgents } = options;
    this.#parts = parts;
    this.#sampleRate = options.sampleRate;
    this.#pageViews = options.pageViews;
    this.#ignoresProtocol = options.mcp === 'calls';
    this.#findIgnoreReason = createFindIgnoreReason(options);
    this.#findPrivacyReason = createFindPrivacyReason(options, diagnostics);
    this.#findNoPageReason = createFindNoPageReason(options);
    this.#isAiChatbot = createIsAiChatbot(aiChatbots === 'off' ? [] : aiChatbotUserAgents);
  }

  /**
   * Returns why a request that has ended makes no page view; `undefined` if it makes one. Sets the site of all of its hits. Node's request
   * and the span are still there.
   */
  decide(request: EndedRequest): IgnoreReason | undefined {
    const { callbacks } = this.#parts;
    const { http } = request;
    request.site = 0;
    let privacyReason = this.#findPrivacyReason(request);
    let ignoreReason = this.#findIgnoreReason(http);
    // Neither the client that was read nor the one that annotations name may be excluded.
    if (request.annotate()) {
      privacyReason ??= this.#findPrivacyReason(request);
      ignoreReason ??= this.#findIgnoreReason(http);
    }
    let reason: IgnoreReason | undefined = request.ignored
      ? 'attribute'
      : (ignoreReason ?? privacyReason);
    if (privacyReason !== undefined) return reason;
    if (reason === undefined) {
      const isIgnored = callbacks.isIgnored(request);
      if (isIgnored === 'failed') return 'predicate';
      if (isIgnored) reason = 'predicate';
    }
    const site = callbacks.siteOf(request);
    if (site === undefined) return reason ?? 'site';
    request.site = site;
    reason ??= this.#sort(request);
    if (reason === undefined) http.client?.remember();
    http.optionParameters = callbacks.parametersOf(request, site);
    if (reason !== undefined || this.#sampleRate >= 1) return reason;
    return this.decideSample(request) ? undefined : 'sampled';
  }

  /** Sets the site of hits that are sent while their request is open. Nothing is decided or remembered for its page view. */
  decideOpen(open: EndedRequest): void {
    const { callbacks } = this.#parts;
    open.site = 0;
    if (this.#findPrivacyReason(open) !== undefined) return;
    if (open.annotate() && this.#findPrivacyReason(open) !== undefined) return;
    if (callbacks.isIgnored(open) === 'failed') return;
    const site = callbacks.siteOf(open);
    if (site === undefined) return;
    open.site = site;
    open.http.optionParameters = callbacks.parametersOf(open, site);
    if (this.#isOfChatbot(open.http)) open.hasSampledVisitor = true; // AI chatbots are no visitors
  }

  /** Why a page view is not sent after all: until then, the application and spans may ignore the request or show that it is no call. */
  findLateReason(request: EndedRequest): IgnoreReason | undefined {
    if (request.ignored) return 'attribute';
    return this.isProtocol(request.http) ? 'mcp' : undefined;
  }

  /** Whether the visitor of a request with a site is in the sample. It is decided once for all hits of the request. */
  decideSample(request: EndedRequest): boolean {
    const { site = 0 } = request;
    request.hasSampledVisitor ??= this.#parts
      .builder()
      .isVisitorInSample(request.currentHttp, site);
    return request.hasSampledVisitor;
  }

  /** Whether it is a message to an MCP server that is to make no hit, because it is no call. */
  isProtocol({ operation }: Pick<HttpRequest, 'operation'>): boolean {
    return this.#ignoresProtocol && operation?.mcp?.isProtocol === true;
  }

  /** Whether no option could exclude the visitor of a request of which nothing is known; logs if one could, which counts as a no. */
  allowsUnknown(): boolean {
    const { options, diagnostics } = this.#parts;
    const { doNotTrack, consent, ignore, ignoreAddresses, siteId } = options;
    const isPrivate = doNotTrack || consent || ignoreAddresses.length > 0;
    const mayExclude = isPrivate || ignore !== undefined || typeof siteId !== 'number';
    if (mayExclude) diagnostics.warnOnce('unknown request', coded('request-unknown', NO_REQUEST));
    return !mayExclude;
  }

  #isOfChatbot({ client, method, operation }: HttpRequest): boolean {
    return this.#isAiChatbot(client) && READS.test(method) && operation?.kind !== 'mcp';
  }

  /** Decides between page views and requests by AI chatbots; returns why a request that no option ignores is none of both. */
  #sort(request: EndedRequest): IgnoreReason | undefined {
    const { http } = request;
    const { method, statusCode } = http;
    if (this.#isOfChatbot(http)) {
      const hasContent = readsContent(http, request.header('cookie'), request.header('range'));
      if (!hasContent) return 'ai_chatbot';
      http.chatbotResponse = readChatbotResponse(request);
      return undefined;
    }
    if (this.isProtocol(http)) return 'mcp';
    const reason = this.#findNoPageReason(http);
    if (reason !== undefined) return reason;
    if (http.isDocument && method === 'GET') {
      if (isLaterPart(statusCode, request.header('range'))) return 'partial';
      http.isDownload = statusCode === 200 || statusCode === 206;
    }
    return this.#pageViews ? undefined : 'page_views';
  }
}

const NO_REQUEST =
  'An event, goal or order belongs to a span whose request is not known (any more), so that its visitor may have opted out. Such hits are not sent. Track them before their request ends.';

type FilterOptions = Pick<
  ResolvedOptions,
  'ignorePaths' | 'ignorePatterns' | 'ignoreUserAgents' | 'allowedMethods' | 'ignoredMethods'
>;

/** Why the options ignore a request; `undefined` if they do not. */
export function createFindIgnoreReason(
  options: FilterOptions,
): (http: HttpRequest) => IgnoreReason | undefined {
  const paths = new Set(options.ignorePaths.map(withoutEndSlash));
  const plain = [...paths].map(plainRoute);
  const routes = new Set(plain.filter((path) => path !== '/' && !hasWildcard(path)));
  const allowed = options.allowedMethods && new Set(options.allowedMethods);
  const ignored = new Set(options.ignoredMethods);
  const { ignorePatterns, ignoreUserAgents } = options;

  /** CORS preflights are ignored here, too, if the options name OPTIONS. */
  function isIgnoredMethod(method: string): boolean {
    if (ignored.size === 0 && allowed === undefined) return false;
    const upper = method.toUpperCase();
    return ignored.has(upper) || (allowed !== undefined && !allowed.has(upper));
  }

  function isIgnoredClient(client: Client | undefined): boolean {
    if (!client) return false;
    if (client.filter !== ignoreUserAgents) {
      client.filter = ignoreUserAgents;
      client.isIgnored = matchesAny(ignoreUserAgents, client.userAgent);
    }
    return client.isIgnored;
  }

  /** Matching the route too leaves no other spelling of the path that the application serves. */
  function isIgnoredPath(path: string, route: string | undefined): boolean {
    if (paths.size === 0) return false; // an empty set would hash each path too, which costs 30 ns
    if (paths.has(withoutEndSlash(path))) return true;
    return route !== undefined && routes.has(withoutEndSlash(withSlash(route)));
  }

  return function findIgnoreReason({ path, route, method, client }) {
    if (isIgnoredPath(path, route)) return 'path';
    if (isIgnoredMethod(method)) return 'method';
    if (isIgnoredClient(client)) return 'user_agent';
    return ignorePatterns.length > 0 && matchesPath(ignorePatterns, path) ? 'pattern' : undefined;
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

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
export function readsContent(
  { path, statusCode }: Pick<HttpRequest, 'path' | 'statusCode'>,
  cookie = '',
  range = '',
): boolean {
  if (REDIRECTS.has(statusCode)) return false;
  if (isLaterPart(statusCode, range)) return false;
  return !isStaticFile(path) && !MEDIA.test(path) && !RUNS_JAVASCRIPT.test(cookie);
}

/** Why a request that no filter ignores is still no page view: browsers and libraries send it besides those of pages. */
export function createFindNoPageReason({
  staticFiles,
  prefetches,
}: Pick<ResolvedOptions, 'staticFiles' | 'prefetches'>): (
  http: HttpRequest,
) => IgnoreReason | undefined {
  const ignoresPrefetches = prefetches === 'ignore';
  const ignoresStaticFiles = staticFiles === 'ignore';

  return function findNoPageReason(http) {
    const { method, path, query } = http;
    if (isPollingSession(query) && !isEndpoint(http)) return 'polling';
    if (path.startsWith('/20') && RUNTIME_API.test(path)) return 'polling';
    if (ignoresPrefetches && http.isPrefetch) return 'prefetch';
    if (!ignoresStaticFiles || !isStaticFile(path) || !READS.test(method)) return undefined;
    return isEndpoint(http) ? undefined : 'static';
  };
}

/** What a function of AWS Lambda asks its runtime, which tools for development serve in the same process. */
const RUNTIME_API =
  /^\/20\d\d-\d\d-\d\d\/(?:runtime\/(?:invocation|init|restore)\/|extension\/(?:register|(?:event|init|exit)\/\w+)$)|^\/(?:2020-08-15\/logs|2022-07-01\/telemetry)$/;

/** The methods that only read. */
const READS = /^(?:GET|HEAD)$/i;

/** Whether the application has a route for just this path. A mount path and a route that ends in a wildcard serve any file below. */
function isEndpoint({ route, path }: HttpRequest): boolean {
  if (route === undefined || endsInWildcard(route)) return false;
  return !path.startsWith(route.endsWith('/') ? route : `${route}/`);
}
