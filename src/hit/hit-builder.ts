import { memoize } from '../common/generation-cache.js';
import {
  addChatbotParameters,
  createToChatbotParameters,
  toChatbotAlone,
} from './bots/ai-chatbot-hit.js';
import { makeDownload } from './bots/download.js';
import type { Field } from './field.js';
import { callBeforeSend, hideCaller, toCrash, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { createRedactPath } from './page/redact-path.js';
import {
  isServerTimeGiven,
  setParameter,
  setTimings,
  subtractOtherTimings,
} from './page/request-timings.js';
import { createPageViewReader, type PageViewOptions } from './page-view-parts.js';
import { errorTypeOf, overridesOf, userIdOf, variablesOf } from './parameters/annotation-facts.js';
import { type ReportProblem, toCustomVariables } from './parameters/custom-variables.js';
import { createToDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, overrideAll } from './parameters/overrides.js';
import { createFindRouteDetails, type RouteDetails } from './parameters/route-details.js';
import { listFields, toPageText, toSharedText } from './request-fields.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends PageViewOptions, DimensionOptions {
  readonly routeDetails: Readonly<Record<string, RouteDetails>>;
  readonly trackBots: boolean;
  readonly errors: 'off' | 'type' | 'crash';
  /** `false`: hits of AI chatbots carry nothing of a visit. Default: true. */
  readonly pageViews?: boolean | undefined;
  /** The last word on the parameters; `undefined` drops the hit. */
  readonly beforeSend?: ((parameters: Record<string, string>) => unknown) | undefined;
  readonly hidesUserId?: boolean | undefined;
}

/** What sets the first layers of parameters, and all others. */
const SOURCES = [
  'the option dimensions',
  'a callback or an attribute that an option names',
  'routeDetails',
];
const ANNOTATION = 'annotate or an attribute matomo.*';

/** A page view of a request that nobody adds anything to. */
interface PlainPageView {
  readonly request: HttpRequest;
  readonly hit: Hit;
  /** The beginning of the query string of all hits of the request. */
  readonly shared: string;
}

/** Turns a finished request into the hit that Matomo gets, and a crash beside it. */
export interface HitBuilder {
  (request: HttpRequest, site: number, nowMillis: number): Hit[];
  /** The parameters of the page view before `beforeSend` has seen them. */
  toParameters(request: HttpRequest, site: number, nowMillis: number): Map<string, string>;
  /** Of a request that nobody adds anything to; `undefined` for others. */
  toPlain(request: HttpRequest, site: number, nowMillis: number): PlainPageView | undefined;
  /** The visitor ID that is derived from the request, whatever names its visitor; `undefined` if none is to be sent. */
  toVisitorId(request: HttpRequest, site: number, nowMillis: number): string | undefined;
  /** The same even if none is sent. */
  toAnyVisitorId(request: HttpRequest, site: number, nowMillis: number): string;
}

/** Pure: time comes in as `nowMillis`. */
export function createHitBuilder(options: ToHitsOptions, report: ReportProblem): HitBuilder {
  const { beforeSend, hasToken, maxCustomVariables } = options;
  const redactPath = createRedactPath(options.redactPathPatterns, options.query === 'keep');
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const toDimensions = createToDimensions(options);
  const reader = createPageViewReader(options, redactPath, report);
  const toChatbotParameters = createToChatbotParameters(options);
  const bots = options.trackBots ? '&bots=1' : '';
  const beginning = memoize((site: number) => `?idsite=${site}&rec=1&apiv=1${bots}`);

  /** The hit of a request that nobody adds anything to: the same as by way of the parameters, in a third of the time. */
  function toPlainPageView(request: HttpRequest, site: number, nowMillis: number): PlainPageView {
    const { agent, fields, visitor } = reader.read(request, site, nowMillis);
    const caller = reader.toCaller(visitor);
    const shared = agent.beginning(site, beginning) + toSharedText(fields, caller);
    const query = shared + toPageText(fields);
    const startSeconds = Math.floor(visitor.startMillis / 1000);
    const name = caller.visitorId ?? '';
    const hit: Hit = { site, visitor: name, startSeconds, kind: 'page', query, isPlain: true };
    return { request, hit, shared };
  }

  /** The page view of a request is mostly built right before its further hits. Forgotten after the current batch. */
  let latest: PlainPageView | undefined;

  function toLatest(request: HttpRequest, site: number, nowMillis: number): PlainPageView {
    if (latest === undefined) queueMicrotask(forgetLatest);
    latest = toPlainPageView(request, site, nowMillis);
    return latest;
  }

  function forgetLatest(): void {
    latest = undefined;
  }

  function isPlain(request: HttpRequest): boolean {
    if (request.given || request.annotations.length > 0 || toDimensions || beforeSend) return false;
    if (request.chatbotResponse !== undefined || request.isDownload) return false;
    return !findRouteDetails(request);
  }

  function buildHits(request: HttpRequest, site: number, nowMillis: number): Hit[] {
    if (isPlain(request)) {
      return [toLatest(request, site, nowMillis).hit];
    }
    const isAlone = request.chatbotResponse !== undefined && options.pageViews === false;
    const parameters = (isAlone ? toAlone : toParameters)(request, site, nowMillis);
    const sent = callBeforeSend(parameters, beforeSend, hasToken, report);
    if (sent === undefined) return [];
    hideCaller(sent, options);
    const hits = [toHit(sent, 'page')];
    // A crash of an AI chatbot's request would make a visit of it.
    const hasCrash = options.errors === 'crash' && request.chatbotResponse === undefined;
    const errorType = hasCrash ? errorTypeOf(request) : undefined;
    if (errorType !== undefined) hits.push(toHit(toCrash(sent, errorType), 'crash'));
    return hits;
  }

  function toChatbot(request: HttpRequest, path: string) {
    const { chatbotResponse } = request;
    return chatbotResponse && toChatbotParameters(request, chatbotResponse, path);
  }

  /** The parameters of a request by an AI chatbot if people are not tracked. */
  function toAlone(request: HttpRequest, site: number, nowMillis: number): Map<string, string> {
    const { userAgent, startMillis } = reader.toVisitor(request, site, nowMillis);
    const chatbot = toChatbot(request, reader.toSentPath(request)) ?? {};
    return toChatbotAlone(site, userAgent, Math.floor(startMillis / 1000), chatbot);
  }

  function toParameters(
    request: HttpRequest,
    site: number,
    nowMillis: number,
  ): Map<string, string> {
    const { agent, facts, fields, visitor } = reader.read(request, site, nowMillis);
    const details = findRouteDetails(request);
    const parameters = new Map([
      ['idsite', String(site)],
      ['rec', '1'],
      ['apiv', '1'],
    ]);
    if (options.trackBots) parameters.set('bots', '1');
    const { address } = visitor;
    const add = (field: Field | undefined) => field && parameters.set(field.name, field.value);
    agent.fields.all.forEach(add);
    if (address !== undefined) add(reader.toAddress(address));
    parameters.set('cid', ''); // keeps its place: which it is depends on what follows
    listFields(fields).forEach(add);
    setParameter(parameters, 'uid', userIdOf(request));
    setTimings(parameters, request);
    const variables = variablesOf(request, details, options.errors);
    if (variables && maxCustomVariables > 0) {
      parameters.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const dimensions = toDimensions?.({ ...facts, referrer: fields.referrer?.value });
    const layers = [dimensions, request.given, details, ...overridesOf(request)];
    layers.forEach((layer, i) => {
      if (layer) overrideAll(parameters, layer, hasToken, report, SOURCES[i] ?? ANNOTATION);
    });
    if (!isServerTimeGiven(request, layers)) subtractOtherTimings(parameters, request);
    completeEvent(parameters, report);
    const chatbot = toChatbot(request, facts.path);
    if (request.isDownload) makeDownload(parameters);
    if (chatbot) addChatbotParameters(parameters, visitor.userAgent, chatbot);
    if (parameters.get('cid') === '') {
      const caller = { ...visitor, site: Number(parameters.get('idsite')) };
      const id = reader.toCaller(caller).visitorId;
      if (id !== undefined) parameters.set('cid', id);
      else parameters.delete('cid');
    }
    return parameters;
  }

  function toPlain(
    request: HttpRequest,
    site: number,
    nowMillis: number,
  ): PlainPageView | undefined {
    if (latest?.request === request && latest.hit.site === site) return latest;
    return isPlain(request) ? toLatest(request, site, nowMillis) : undefined;
  }

  return Object.assign(buildHits, {
    toParameters,
    toPlain,
    toVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      reader.toCaller(reader.toVisitor(request, site, nowMillis)).visitorId,
    toAnyVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      reader.toAnyVisitorId(reader.toVisitor(request, site, nowMillis)),
  });
}
