import { memoize } from '../common/generation-cache.js';
import { createToPlace } from './action-name.js';
import { AI_AGENT_FIELDS } from './ai-agent.js';
import {
  addChatbotParameters,
  createToChatbotParameters,
  toChatbotAlone,
} from './ai-chatbot-hit.js';
import { errorTypeOf, overridesOf, userIdOf, variablesOf } from './annotation-facts.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import { createToDimensions } from './dimensions.js';
import { createField, rawField } from './field.js';
import { askBeforeSend, toCrash, toHit } from './finish-hit.js';
import { isGraphqlRequest } from './graphql-operation.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { maskAddress } from './mask-address.js';
import { completeEvent, overrideAll } from './overrides.js';
import { createToPageUrl } from './page-url.js';
import type { TrackingParameters } from './parameter-names.js';
import { createRedactPath } from './redact-path.js';
import { createToRequestFields, type RequestFieldsOptions } from './request-fields.js';
import {
  isServerTimeGiven,
  setParameter,
  setTimings,
  subtractOtherTimings,
} from './request-timings.js';
import { createFindRouteDetails } from './route-details.js';
import { createToVisitorId, type Visitor } from './visitor-id.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends RequestFieldsOptions {
  readonly redactPathPatterns: readonly RegExp[];
  readonly routeDetails: Readonly<Record<string, TrackingParameters>>;
  /** By ID; only those of attributes count here, what functions gave comes with the request. */
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly anonymizeIp: number;
  readonly visitorId: unknown;
  readonly visitorKey: string | Buffer;
  readonly trackBots: boolean;
  readonly errors: 'off' | 'type' | 'crash';
  readonly aiChatbotSource?: string | undefined;
  /** `false`: hits of AI chatbots carry nothing of a visit. Default: true. */
  readonly pageViews?: boolean | undefined;
  /** The last word on the parameters; `undefined` drops the hit. */
  readonly beforeSend?: ((parameters: Record<string, string>) => unknown) | undefined;
}

const NO_USER_AGENT = rawField('ua', '-'); // an empty one is replaced by our own client's

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
  const { anonymizeIp, beforeSend, hasToken, maxCustomVariables } = options;
  const redactPath = createRedactPath(options.redactPathPatterns, options.query === 'keep');
  const toPageUrl = createToPageUrl(options);
  const toGraphqlUrl = createToPageUrl({ ...options, siteSearch: false });
  const toPlace = createToPlace(options.titlePaths);
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const toDimensions = createToDimensions(options.dimensions);
  const toRequestFields = createToRequestFields(options, redactPath, report);
  const toChatbotParameters = createToChatbotParameters(options);
  const visitorIdOf = createToVisitorId(options.visitorKey);
  const toUserAgent = memoize((given: string) => createField('ua', given) ?? NO_USER_AGENT);
  const toVisitorId = (visitor: Visitor) =>
    options.visitorId === 'none' ? undefined : visitorIdOf(visitor);
  const bots = options.trackBots ? '&bots=1' : '';
  const beginning = memoize((site: number) => `?idsite=${site}&rec=1&apiv=1${bots}`);

  /** The hit of a request that nobody adds anything to: the same as by way of the parameters, in a third of the time. */
  function toPlainPageView(request: HttpRequest, site: number, nowMillis: number): PlainPageView {
    const { fields, visitor } = readRequest(request, site, nowMillis);
    let shared = beginning(site);
    let own = '';
    for (const field of fields) {
      if (field?.isShared) shared += field.pair;
      else if (field) own += field.pair;
    }
    const id = toVisitorId(visitor);
    const cid = id === undefined ? '' : `&cid=${id}`;
    const startSeconds = Math.floor(visitor.startMillis / 1000);
    const query = shared + own + cid;
    const hit: Hit = { site, visitor: id ?? '', startSeconds, kind: 'page', query };
    return { request, hit, shared: shared + cid };
  }

  /** The page view of a request is mostly built right before its further hits. */
  let latest: PlainPageView | undefined;

  function readRequest(request: HttpRequest, site: number, nowMillis: number) {
    const { address, userAgent, startMillis } = toVisitor(request, site, nowMillis);
    const path = redactPath(request.path);
    const isGraphql = options.siteSearch && isGraphqlRequest(request);
    const url = isGraphql ? toGraphqlUrl(request, path) : toPageUrl(request, path);
    const facts = { request, url, path, place: toPlace(request, path), address };
    const agent = toUserAgent(request.userAgent ?? '');
    const fields = toRequestFields(facts, agent, Math.floor(startMillis / 1000));
    if (request.isAiAgent) fields.push(...AI_AGENT_FIELDS);
    return { request, facts, fields, visitor: { address, userAgent, site, startMillis } };
  }

  function toVisitor(request: HttpRequest, site: number, nowMillis: number): Visitor {
    const { startMillis: start } = request;
    return {
      address: request.address && maskAddress(request.address, anonymizeIp),
      userAgent: toUserAgent(request.userAgent ?? '').value,
      site,
      startMillis: Math.min(Number.isFinite(start) ? start : nowMillis, nowMillis),
    };
  }

  function isPlain(request: HttpRequest): boolean {
    if (request.given || request.annotations.length > 0 || toDimensions || beforeSend) return false;
    return request.chatbotResponse === undefined && !findRouteDetails(request);
  }

  function buildHits(request: HttpRequest, site: number, nowMillis: number): Hit[] {
    if (isPlain(request)) {
      latest = toPlainPageView(request, site, nowMillis);
      return [latest.hit];
    }
    const isAlone = request.chatbotResponse !== undefined && options.pageViews === false;
    const parameters = (isAlone ? toAlone : toParameters)(request, site, nowMillis);
    const sent = askBeforeSend(parameters, beforeSend, hasToken, report);
    if (sent === undefined) return [];
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
    const { userAgent, startMillis } = toVisitor(request, site, nowMillis);
    const chatbot = toChatbot(request, redactPath(request.path)) ?? new Map();
    return toChatbotAlone(site, userAgent, Math.floor(startMillis / 1000), chatbot);
  }

  function toParameters(
    request: HttpRequest,
    site: number,
    nowMillis: number,
  ): Map<string, string> {
    const { facts, fields, visitor } = readRequest(request, site, nowMillis);
    const details = findRouteDetails(request);
    const parameters = new Map([
      ['idsite', String(site)],
      ['rec', '1'],
      ['apiv', '1'],
    ]);
    if (options.trackBots) parameters.set('bots', '1');
    for (const field of fields) if (field) parameters.set(field.name, field.value);
    setParameter(parameters, 'uid', userIdOf(request));
    setTimings(parameters, request);
    const variables = variablesOf(request, details, options.errors);
    if (variables && maxCustomVariables > 0) {
      parameters.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const layers = [toDimensions?.(facts), request.given, details, ...overridesOf(request)];
    for (const layer of layers) if (layer) overrideAll(parameters, layer, hasToken, report);
    if (!isServerTimeGiven(request, layers)) subtractOtherTimings(parameters, request);
    completeEvent(parameters, report);
    const chatbot = toChatbot(request, facts.path);
    if (chatbot) addChatbotParameters(parameters, visitor.userAgent, chatbot);
    if (!parameters.has('cid')) {
      const id = toVisitorId({ ...visitor, site: Number(parameters.get('idsite')) });
      if (id !== undefined) parameters.set('cid', id);
    }
    return parameters;
  }

  function toPlain(
    request: HttpRequest,
    site: number,
    nowMillis: number,
  ): PlainPageView | undefined {
    if (latest?.request === request && latest.hit.site === site) return latest;
    if (!isPlain(request)) return undefined;
    latest = toPlainPageView(request, site, nowMillis);
    return latest;
  }

  return Object.assign(buildHits, {
    toParameters,
    toPlain,
    toVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      toVisitorId(toVisitor(request, site, nowMillis)),
    toAnyVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      visitorIdOf(toVisitor(request, site, nowMillis)),
  });
}
