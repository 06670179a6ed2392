import type { Diagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { createIsAiChatbot, type IsAiChatbot, readsContent } from '../hit/bots/ai-chatbot-hit.js';
import { isLaterPart } from '../hit/bots/documents.js';
import type { HitBuilder } from '../hit/hit-builder.js';
import type { HttpRequest } from '../hit/http-request.js';
import { createFindIgnoreReason, createFindNoPageReason, READS } from '../hit/ignore-options.js';
import type { ResolvedOptions } from '../options/option-table.js';
import type { EndedRequest } from '../requests/request.js';
import { readChatbotResponse } from '../requests/response.js';
import { createFindPrivacyReason, type FindPrivacyReason } from './find-privacy-reason.js';
import type { OptionCallbacks } from './option-callbacks.js';

/** Why a request makes no page view. In this order: the first reason that applies counts. `beforeSend` comes after all. */
export const IGNORE_REASONS = [
  'attribute', // `ignore()` or `matomo.ignore`
  'path', // this one and the next three: options, in `ignore-options.ts`
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
  'polling', // this one and the next two: what browsers send besides pages, in `ignore-options.ts`
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
  /** Whether the secret of visitor IDs is final: a spool provides it only once it is open. */
  readonly isVisitorKeyKnown: () => boolean;
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
  decide(ended: EndedRequest): IgnoreReason | undefined {
    const { callbacks, isVisitorKeyKnown } = this.#parts;
    const { request } = ended;
    ended.site = 0;
    const privacyReason = this.#findPrivacyReason(ended);
    let reason: IgnoreReason | undefined = ended.ignored
      ? 'attribute'
      : (this.#findIgnoreReason(request) ?? privacyReason);
    if (privacyReason !== undefined) return reason;
    if (reason === undefined) {
      const isIgnored = callbacks.isIgnored(ended);
      if (isIgnored === 'failed') return 'predicate';
      if (isIgnored) reason = 'predicate';
    }
    const site = callbacks.siteOf(ended);
    if (site === undefined) return reason ?? 'site';
    ended.site = site;
    reason ??= this.#sort(ended);
    if (reason === undefined) request.client?.remember();
    request.optionParameters = callbacks.parametersOf(ended, site);
    if (reason !== undefined || this.#sampleRate >= 1 || !isVisitorKeyKnown()) return reason;
    return this.isInSample(ended) ? undefined : 'sampled';
  }

  /** Sets the site of hits that are sent while their request is open. Nothing is decided or remembered for its page view. */
  decideOpen(open: EndedRequest): void {
    const { callbacks } = this.#parts;
    open.site = 0;
    if (this.#findPrivacyReason(open) !== undefined) return;
    if (callbacks.isIgnored(open) === 'failed') return;
    const site = callbacks.siteOf(open);
    if (site === undefined) return;
    open.site = site;
    open.request.optionParameters = callbacks.parametersOf(open, site);
    if (this.#isOfChatbot(open.request)) open.isInSample = true; // AI chatbots are no visitors
  }

  /** The same as `decide` when the page view is sent: the application and spans may have added something, and the key of visitors is known. */
  decideAgain(ended: EndedRequest): IgnoreReason | undefined {
    if (ended.ignored) return 'attribute';
    if (this.isProtocol(ended.request)) return 'mcp';
    return this.isInSample(ended) ? undefined : 'sampled';
  }

  /** Whether the visitor of a request with a site is in the sample. It is decided once for all hits of the request. */
  isInSample(ended: EndedRequest): boolean {
    const { request, site = 0 } = ended;
    ended.isInSample ??= this.#parts.builder().isInSample(ended.currentRequest ?? request, site);
    return ended.isInSample;
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

  #isOfChatbot({ userAgent, client, method, operation }: HttpRequest): boolean {
    return this.#isAiChatbot(userAgent, client) && READS.test(method) && operation?.kind !== 'mcp';
  }

  /** Decides between page views and requests by AI chatbots; returns why a request that no option ignores is none of both. */
  #sort(ended: EndedRequest): IgnoreReason | undefined {
    const { request } = ended;
    const { method, statusCode } = request;
    if (this.#isOfChatbot(request)) {
      const headers = { cookie: ended.header('cookie'), range: ended.header('range') };
      if (!readsContent(request, headers)) return 'ai_chatbot';
      request.chatbotResponse = readChatbotResponse(ended);
      return undefined;
    }
    if (this.isProtocol(request)) return 'mcp';
    const reason = this.#findNoPageReason(request);
    if (reason !== undefined) return reason;
    if (request.isDocument && method === 'GET') {
      if (isLaterPart(statusCode, ended.header('range'))) return 'partial';
      request.isDownload = statusCode === 200 || statusCode === 206;
    }
    return this.#pageViews ? undefined : 'page_views';
  }
}

const NO_REQUEST =
  'An event, goal or order belongs to a span whose request is not known (any more), so that its visitor may have opted out. Such hits are not sent. Track them before their request ends.';
