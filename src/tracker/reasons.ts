import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createIsAiChatbot } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import type { HttpRequest, TrackedRequest } from '../hit/http-request.js';
import { isStaticFile } from '../hit/page/page-path.js';
import { isPollingSession } from '../hit/page/page-url.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { ReadRequest } from '../request/request.js';
import { readChatbotResponse } from '../request/response.js';
import type { OptionCallbacks } from './callbacks.js';
import { createIsIgnoredPath, isEndpoint, isIgnoredClient, matchesPath } from './ignored.js';
import { createPrivacyRules } from './privacy.js';

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
  'polling', // this one and the next two: what browsers and runtimes send besides pages
  'prefetch',
  'static',
  'partial', // a later part of a document
  'page_views', // the option is off
  'sampled',
] as const;

export type IgnoreReason = (typeof IGNORE_REASONS)[number];

/** A request that is decided about, while its span and Node's objects are there. */
export interface Decision {
  readonly request: ReadRequest;
  readonly http: HttpRequest;
  /** The client as it was read: annotations may name another one, and neither may be excluded. */
  readonly read: Pick<HttpRequest, 'address' | 'client'>;
  /** The site of all of its hits. 0: none is sent. */
  site: number;
  reason: IgnoreReason | undefined;
  /** What callbacks of options get, once one was called. */
  tracked: TrackedRequest | undefined;
}

/** What a reason excludes: the page view, or all hits of the request. */
type Excluded = 'page' | 'all' | undefined;

/** A reason that the options make possible. */
interface Rule {
  readonly reason: IgnoreReason;
  /** Whether it can exclude all hits of a request that has no page view anyway. */
  readonly concernsAll: boolean;
  readonly find: (decision: Decision) => Excluded;
}

interface Parts {
  readonly options: ResolvedOptions;
  readonly diagnostics: Pick<Diagnostics, 'warnOnce'>;
  readonly callbacks: OptionCallbacks;
}

/** Decides whether a request makes a page view, and to which site its hits are sent. */
export function createDecide(parts: Parts): (request: ReadRequest) => Decision {
  const { callbacks } = parts;
  const rules = rulesFor(parts);

  return function decide(request) {
    const { http } = request;
    const { address, client } = http;
    const read = request.applyAnnotations() ? { address, client } : http;
    const decision: Decision = {
      ...{ request, http, read, site: 0 },
      reason: undefined,
      tracked: undefined,
    };
    for (const rule of rules) {
      if (decision.reason !== undefined && !rule.concernsAll) continue;
      const excluded = rule.find(decision);
      if (excluded === undefined) continue;
      decision.reason ??= rule.reason;
      if (excluded === 'page') continue;
      decision.site = 0;
      return decision;
    }
    if (decision.reason === undefined) http.client?.remember();
    http.optionParameters = callbacks.parametersOf(decision);
    return decision;
  };
}

/** The rules that the options make possible, in the order of their reasons. `sampled` needs the visitor, see `pipeline.ts`. */
function rulesFor({ options, diagnostics, callbacks }: Parts): Rule[] {
  const { ignorePaths, allowedMethods, ignoredMethods, ignoreUserAgents, ignorePatterns } = options;
  const { aiChatbots, aiChatbotUserAgents, staticFiles, prefetches, pageViews } = options;
  const rules: Rule[] = [];

  function add(isPossible: boolean, reason: IgnoreReason, isSo: (each: Decision) => boolean): void {
    const find = (each: Decision) => (isSo(each) ? 'page' : undefined);
    if (isPossible) rules.push({ reason, concernsAll: false, find });
  }

  add(true, 'attribute', ({ request }) => request.ignored);
  const isIgnoredPath = createIsIgnoredPath(ignorePaths);
  add(ignorePaths.length > 0, 'path', ({ http }) => isIgnoredPath(http));
  const ignored = new Set(ignoredMethods);
  const allowed = allowedMethods && new Set(allowedMethods);
  add(ignored.size > 0 || allowed !== undefined, 'method', ({ http }) => {
    const method = http.method.toUpperCase(); // CORS preflights, too, if the options name OPTIONS
    return ignored.has(method) || allowed?.has(method) === false;
  });
  add(ignoreUserAgents.length > 0, 'user_agent', ({ http, read }) =>
    [http, read].some(({ client }) => isIgnoredClient(ignoreUserAgents, client)),
  );
  add(ignorePatterns.length > 0, 'pattern', ({ http }) => matchesPath(ignorePatterns, http.path));
  for (const { reason, isSo } of createPrivacyRules(options, diagnostics))
    rules.push({ reason, concernsAll: true, find: (each) => (isSo(each) ? 'all' : undefined) });
  rules.push({
    reason: 'predicate',
    concernsAll: false,
    find: (each) => callbacks.findIgnored(each),
  });
  rules.push({
    reason: 'site',
    concernsAll: true,
    find(decision) {
      decision.site = callbacks.siteOf(decision) ?? 0;
      return decision.site === 0 ? 'all' : undefined;
    },
  });

  const isAiChatbot = createIsAiChatbot(aiChatbots === 'off' ? [] : aiChatbotUserAgents);
  const isOfChatbot = ({ client, method, operation }: HttpRequest) =>
    isAiChatbot(client) && READS.test(method) && operation?.kind !== 'mcp';
  add(aiChatbots !== 'off', 'ai_chatbot', ({ request, http }) => {
    if (!isOfChatbot(http)) return false;
    if (!readsContent(http, request.header('cookie'), request.header('range'))) return true;
    http.chatbotResponse = readChatbotResponse(request);
    return false;
  });
  /** For requests that are not of AI chatbots. */
  function addForPeople(
    isPossible: boolean,
    reason: IgnoreReason,
    isSo: (each: Decision) => boolean,
  ): void {
    add(isPossible, reason, (each) => each.http.chatbotResponse === undefined && isSo(each));
  }
  addForPeople(options.mcp === 'calls', 'mcp', ({ http }) => isProtocol(http));
  addForPeople(true, 'polling', ({ http }) => isPolling(http));
  addForPeople(prefetches === 'ignore', 'prefetch', ({ http }) => http.isPrefetch === true);
  addForPeople(staticFiles === 'ignore', 'static', ({ http }) => isStatic(http));
  addForPeople(options.downloads === 'documents', 'partial', ({ request, http }) => {
    const { isDocument, method, statusCode } = http;
    if (!isDocument || method !== 'GET') return false;
    if (isLaterPart(statusCode, request.header('range'))) return true;
    http.isDownload = statusCode === 200 || statusCode === 206;
    return false;
  });
  addForPeople(!pageViews, 'page_views', () => true);
  return rules;
}

/** Whether it is a message to an MCP server that is no call. */
export function isProtocol({ operation }: Pick<HttpRequest, 'operation'>): boolean {
  return operation?.mcp?.isProtocol === true;
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

/** What a function of AWS Lambda asks its runtime, which tools for development serve in the same process. */
const RUNTIME_API =
  /^\/20\d\d-\d\d-\d\d\/(?:runtime\/(?:invocation|init|restore)\/|extension\/(?:register|(?:event|init|exit)\/\w+)$)|^\/(?:2020-08-15\/logs|2022-07-01\/telemetry)$/;

function isPolling(http: HttpRequest): boolean {
  if (isPollingSession(http.query) && !isEndpoint(http)) return true;
  return http.path.startsWith('/20') && RUNTIME_API.test(http.path);
}

function isStatic(http: HttpRequest): boolean {
  return isStaticFile(http.path) && READS.test(http.method) && !isEndpoint(http);
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
