import {
  addChatbotParameters,
  createToChatbotParameters,
  toChatbotAlone,
} from './bots/ai-chatbot-hit.js';
import { makeDownload } from './bots/documents.js';
import { type Belonging, type Field, HitFields, rawField, siteFields } from './field.js';
import { callBeforeSend, hideVisitor, toCrash, toHit } from './finish-hit.js';
import { type CheckedHit, timeOf } from './further-hit.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { createRedactUrl } from './page/redact-url.js';
import {
  isServerTimeSet,
  setParameter,
  setTimings,
  subtractOtherTimings,
} from './page/request-timings.js';
import { createPageViewReader, type PageView, type PageViewOptions } from './page-view.js';
import {
  errorTypeOf,
  type ReportProblem,
  toCustomVariables,
  userIdOf,
  variablesOf,
} from './parameters/custom-variables.js';
import { createDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, overrideAll, override as setOverride } from './parameters/overrides.js';
import { SHARED } from './parameters/parameter-table.js';
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

type Layer = Readonly<Record<string, unknown>> | undefined;

/** Makes the hits that Matomo gets. */
export interface HitBuilder {
  /** Of a finished request: the page view, and a crash beside it. None if `beforeSend` drops it. */
  buildHits(request: HttpRequest, site: number, nowMillis: number): Hit[];
  /** Of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
  buildFurtherHit(
    hit: CheckedHit,
    request: HttpRequest,
    site: number,
    nowMillis: number,
  ): Hit | undefined;
  /** The hit itself names its visitor. */
  buildHitWithoutRequest(hit: CheckedHit, site: number, nowMillis: number): Hit | undefined;
  /** The visitor ID that is derived from the request, even if none is sent. */
  toVisitorId(request: HttpRequest, site: number, nowMillis: number): string;
}

/** Pure: time comes in as `nowMillis`. */
export function createHitBuilder(options: ToHitsOptions, report: ReportProblem): HitBuilder {
  const { beforeSend, errors, hasToken, hidesOtherUserIds, maxCustomVariables } = options;
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const dimensions = createDimensions(options);
  const reader = createPageViewReader(options, report);
  const overriding = { hasToken, report, redactUrl: createRedactUrl(options) };
  const toChatbotParameters = createToChatbotParameters(options);

  function override(fields: HitFields, layer: Layer, source: string): void {
    if (layer) overrideAll(fields, layer, overriding, source);
  }

  function toChatbot(request: HttpRequest, path: string) {
    const { chatbotResponse } = request;
    return chatbotResponse && toChatbotParameters(request, chatbotResponse, path);
  }

  /** The hit of a request by an AI chatbot if people are not tracked. */
  function toAlone(request: HttpRequest, site: number, nowMillis: number): HitFields {
    const { userAgent, startMillis } = reader.toTraits(request, site, nowMillis);
    const chatbot = toChatbot(request, reader.toSentPath(request)) ?? {};
    return toChatbotAlone(site, userAgent, Math.floor(startMillis / 1000), chatbot);
  }

  /** Adds what options and the application say about a request, the weakest first. */
  function addLayers(fields: HitFields, page: PageView, ofRoute: RouteDetails | undefined): void {
    const { annotations, optionParameters } = page.request;
    if (annotations.length > 0) {
      setParameter(fields, 'uid', userIdOf(page.request));
      setTimings(fields, page.request);
    }
    if (annotations.length > 0 || ofRoute) addVariables(fields, page.request, ofRoute);
    override(fields, optionParameters, 'a callback or an attribute that an option names');
    if (annotations.length === 0 && !ofRoute && !optionParameters) return;
    const user = fields.find('uid');
    override(fields, ofRoute, 'routeDetails');
    for (const { parameters } of annotations) {
      override(fields, parameters, 'annotate or an attribute matomo.*');
    }
    if (hidesOtherUserIds) keepUser(fields, user);
    if (!isServerTimeSet(page.request, ofRoute)) subtractOtherTimings(fields, page.request);
    completeEvent(fields, report);
  }

  /** Replaces the custom variables by those and the ones that were added. */
  function addVariables(
    fields: HitFields,
    request: HttpRequest,
    ofRoute: RouteDetails | undefined,
  ): void {
    const variables = variablesOf(request, ofRoute, errors);
    if (variables && maxCustomVariables > 0) {
      fields.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
  }

  function toPage(request: HttpRequest, site: number, nowMillis: number): HitFields {
    const page = reader.read(request, site, nowMillis);
    const place = reader.toPlace(page);
    const fields = new HitFields(reader.toFields(page, place), belongingOf(page));
    for (const { name, read } of dimensions) {
      setOverride(fields, name, read(page, place), overriding, 'the option dimensions');
    }
    addLayers(fields, page, findRouteDetails(request));
    const chatbot = toChatbot(request, page.path);
    if (request.isDownload) makeDownload(fields);
    if (chatbot) addChatbotParameters(fields, page.traits.userAgent, chatbot);
    followSite(fields, page);
    return fields;
  }

  /** A visitor ID that is derived from the request is made for the site to which the hit goes. */
  function followSite(fields: HitFields, { visitor, traits }: PageView): void {
    const { site } = fields.belonging;
    if (site === visitor.site || visitor.id === undefined) return;
    if (fields.get('cid') !== visitor.id) return;
    const { id } = reader.toVisitor({ ...traits, site });
    if (id !== undefined) fields.set('cid', id);
  }

  /** Calls `beforeSend`, and removes what must not be sent, whatever has set it. */
  function finish(fields: HitFields): HitFields | undefined {
    const sent = beforeSend ? callBeforeSend(fields, beforeSend, hasToken, report) : fields;
    if (sent) hideVisitor(sent, options, fields);
    return sent;
  }

  function finishFurtherHit(
    fields: HitFields,
    hit: CheckedHit,
    nowMillis: number,
    page?: PageView,
  ): Hit | undefined {
    const user = fields.find('uid');
    fields.add(timeOf(hit, nowMillis));
    for (const field of hit.fields) fields.add(field);
    if (hidesOtherUserIds) keepUser(fields, user);
    if (page) followSite(fields, page);
    const sent = finish(fields);
    return sent && toHit(sent, 'page');
  }

  return {
    buildHits(request, site, nowMillis) {
      const isChatbot = request.chatbotResponse !== undefined;
      const toFields = isChatbot && options.pageViews === false ? toAlone : toPage;
      const fields = toFields(request, site, nowMillis);
      const sent = finish(fields);
      if (sent === undefined) return [];
      // `beforeSend` may have made a page view of it.
      const isReported = isChatbot && sent.get('recMode') === '1';
      const hits = [toHit(sent, isReported ? 'chatbot' : 'page')];
      // A crash of an AI chatbot's request would make a visit of it.
      const errorType = errors === 'crash' && !isChatbot ? errorTypeOf(request) : undefined;
      if (errorType !== undefined) hits.push(toHit(toCrash(sent, errorType), 'crash'));
      return hits;
    },

    buildFurtherHit(hit, request, site, nowMillis) {
      const page = reader.read(request, site, nowMillis);
      const whole = new HitFields(page.shared, belongingOf(page));
      addLayers(whole, page, findRouteDetails(request));
      const chatbot = toChatbot(request, page.path);
      if (chatbot) addChatbotParameters(whole, page.traits.userAgent, chatbot);
      const { startSeconds } = whole.belonging;
      whole.removeAdded(SHARED);
      const made = finishFurtherHit(whole, hit, nowMillis, page);
      return made && { ...made, startSeconds };
    },

    buildHitWithoutRequest(hit, site, nowMillis) {
      // An empty user agent is replaced by our own client's.
      const fields = new HitFields([siteFields(site, options.trackBots), rawField('ua', '-')]);
      return finishFurtherHit(fields, hit, nowMillis);
    },

    toVisitorId(request, site, nowMillis) {
      return reader.toAnyVisitorId(reader.toTraits(request, site, nowMillis));
    },
  };
}

function belongingOf({ visitor, traits }: PageView): Belonging {
  const startSeconds = Math.floor(traits.startMillis / 1000);
  return { site: visitor.site, visitor: visitor.id ?? '', startSeconds };
}

/** Restores the user ID of the option `userId`, whatever else has set one. */
function keepUser(fields: HitFields, user: Field | undefined): void {
  if (user) fields.add(user);
  else fields.delete('uid');
}
