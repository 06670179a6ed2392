import {
  addChatbotParameters,
  createToChatbotParameters,
  toChatbotAlone,
} from './bots/ai-chatbot-hit.js';
import { makeDownload } from './bots/documents.js';
import { HitFields, joinFields } from './field.js';
import { callBeforeSend, hideVisitor, toCrash, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { createRedactUrls } from './page/redact-urls.js';
import {
  isServerTimeSet,
  setParameter,
  setTimings,
  subtractOtherTimings,
} from './page/request-timings.js';
import { createPageViewReader, type PageViewOptions } from './page-view.js';
import {
  errorTypeOf,
  type ReportProblem,
  toCustomVariables,
  userIdOf,
  variablesOf,
} from './parameters/custom-variables.js';
import { createToDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, overrideAll } from './parameters/overrides.js';
import { createFindRouteDetails, type RouteDetails } from './parameters/route-details.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends PageViewOptions, DimensionOptions {
  readonly routeDetails: Readonly<Record<string, RouteDetails>>;
  readonly errors: 'off' | 'type' | 'crash';
  /** `false`: hits of AI chatbots carry nothing of a visit. Default: true. */
  readonly pageViews?: boolean | undefined;
  /** The last word on the parameters; `undefined` drops the hit. */
  readonly beforeSend?: ((parameters: Record<string, string>) => unknown) | undefined;
  /** `true`: no user ID is sent, except for those of the option `userId`. */
  readonly hidesOtherUserIds?: boolean | undefined;
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
  readonly beginning: string;
}

/** Turns a finished request into the hit that Matomo gets, and a crash beside it. */
export interface HitBuilder {
  (request: HttpRequest, site: number, nowMillis: number): Hit[];
  /** The parameters of the page view before `beforeSend` has seen them. */
  toParameters(request: HttpRequest, site: number, nowMillis: number): HitFields;
  /** Of a request that nobody adds anything to; `undefined` for others. */
  toPlain(request: HttpRequest, site: number, nowMillis: number): PlainPageView | undefined;
  /** The visitor ID that is derived from the request, whatever names its visitor; `undefined` if none is to be sent. */
  toVisitorId(request: HttpRequest, site: number, nowMillis: number): string | undefined;
  /** The same even if none is sent. */
  toAnyVisitorId(request: HttpRequest, site: number, nowMillis: number): string;
}

/** Pure: time comes in as `nowMillis`. */
export function createHitBuilder(options: ToHitsOptions, report: ReportProblem): HitBuilder {
  const { beforeSend, hasToken, hidesOtherUserIds = false, maxCustomVariables } = options;
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const toDimensions = createToDimensions(options);
  const reader = createPageViewReader(options, report);
  const redactUrls = createRedactUrls(options);
  const toChatbotParameters = createToChatbotParameters(options);

  /** The hit of a request that nobody adds anything to: its fields as they are. */
  function toPlainPageView(request: HttpRequest, site: number, nowMillis: number): PlainPageView {
    const { shared, own, traits, visitor } = reader.read(request, site, nowMillis);
    const beginning = joinFields(shared);
    const query = joinFields(own, beginning);
    const startSeconds = Math.floor(traits.startMillis / 1000);
    const name = visitor.id ?? '';
    const hit: Hit = { site, visitor: name, startSeconds, kind: 'page', query, isPlain: true };
    return { request, hit, beginning };
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
    if (request.optionParameters || request.annotations.length > 0 || toDimensions || beforeSend)
      return false;
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
    hideVisitor(sent, options, parameters.get('uid'));
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
  function toAlone(request: HttpRequest, site: number, nowMillis: number): HitFields {
    const { userAgent, startMillis } = reader.toTraits(request, site, nowMillis);
    const chatbot = toChatbot(request, reader.toSentPath(request)) ?? {};
    return toChatbotAlone(site, userAgent, Math.floor(startMillis / 1000), chatbot);
  }

  function toParameters(request: HttpRequest, site: number, nowMillis: number): HitFields {
    const page = reader.read(request, site, nowMillis);
    const ofRoute = findRouteDetails(request);
    const parameters = new HitFields([...page.shared, ...page.own]);
    const derivedId = parameters.find('cid');
    setParameter(parameters, 'uid', userIdOf(request));
    setTimings(parameters, request);
    const variables = variablesOf(request, ofRoute, options.errors);
    if (variables && maxCustomVariables > 0) {
      parameters.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const dimensions = toDimensions?.(page);
    const annotated = request.annotations.map(({ parameters: set }) => set); // weakest first
    const layers = [dimensions, request.optionParameters, ofRoute, ...annotated];
    layers.forEach((layer, i) => {
      const allowed =
        hidesOtherUserIds && layer !== request.optionParameters ? withoutUserId(layer) : layer;
      if (!allowed) return;
      overrideAll(parameters, redactUrls(allowed), hasToken, report, SOURCES[i] ?? ANNOTATION);
    });
    if (!isServerTimeSet(request, layers)) subtractOtherTimings(parameters, request);
    completeEvent(parameters, report);
    const chatbot = toChatbot(request, page.path);
    if (request.isDownload) makeDownload(parameters);
    if (chatbot) addChatbotParameters(parameters, page.traits.userAgent, chatbot);
    const sentSite = Number(parameters.get('idsite'));
    if (derivedId && sentSite !== site && parameters.find('cid') === derivedId) {
      const { id } = reader.toVisitor({ ...page.traits, site: sentSite });
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
    return isPlain(request) ? toLatest(request, site, nowMillis) : undefined;
  }

  return Object.assign(buildHits, {
    toParameters,
    toPlain,
    toVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      reader.toVisitor(reader.toTraits(request, site, nowMillis)).id,
    toAnyVisitorId: (request: HttpRequest, site: number, nowMillis: number) =>
      reader.toAnyVisitorId(reader.toTraits(request, site, nowMillis)),
  });
}

function withoutUserId(
  layer: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  return layer && { ...layer, uid: undefined };
}
