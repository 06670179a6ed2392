import { addChatbotFields } from './bots/ai-chatbot-hit.js';
import { makeDownload } from './bots/documents.js';
import { createField, type Field, HitFields, PageFields, siteFields } from './field.js';
import { addFurtherHit, type CheckedHit } from './further-hit.js';
import type { Hit, HitKind } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { createFindRouteDetails, type RouteDetails } from './page/routes.js';
import { createSentUrls } from './page/sent-urls.js';
import { createPageViewReader, type PageView, type PageViewOptions } from './page-view.js';
import {
  type ReportProblem,
  setTimings,
  strongest,
  subtractOtherTimings,
  toCustomVariables,
  variablesOf,
} from './parameters/annotations.js';
import { createDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, override, overrideAll } from './parameters/overrides.js';
import { RESERVED, SHARED } from './parameters/parameter-table.js';
import { cleanText } from './text.js';
import { NO_USER_AGENT } from './visitor/client.js';
import { isInSample } from './visitor/visitor-id.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends PageViewOptions, DimensionOptions {
  readonly routeDetails: Readonly<Record<string, RouteDetails>>;
  readonly errors: 'off' | 'type';
  /** Share of visitors who are tracked, from 0 to 1. */
  readonly sampleRate: number;
  /** `false`: hits of AI chatbots carry nothing of a visit. Default: true. */
  readonly pageViews?: boolean | undefined;
  readonly beforeSend?: BeforeSend | undefined;
}

/** Makes the hits that Matomo gets. */
export type HitBuilder = ReturnType<typeof createHitBuilder>;

/** Pure: time comes in as `nowMillis`. */
export function createHitBuilder(options: ToHitsOptions, report: ReportProblem) {
  const { beforeSend, errors, hasToken, maxCustomVariables } = options;
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const dimensions = createDimensions(options);
  const urls = createSentUrls(options);
  const reader = createPageViewReader(options, urls, report);
  const { visitors } = reader;
  const setting = { hasToken, report, redactUrl: urls.ofApplication };

  /**
   * Adds what options and the application say about a request, the weakest first. Returns the user that the option `userId` names.
   */
  function addLayers(fields: HitFields, { request, nowMillis }: PageView): Field | undefined {
    const { annotations, optionParameters } = request;
    const ofRoute = findRouteDetails(request);
    if (annotations.length === 0 && !ofRoute && !optionParameters) return undefined;
    const overriding = { ...setting, nowMillis };
    const ofPage = fields.find('pf_srv');
    if (annotations.length > 0) {
      fields.add(createField('uid', strongest(request, 'userId')));
      setTimings(fields, request);
    }
    const variables = variablesOf(request, ofRoute, errors);
    if (variables && maxCustomVariables > 0) {
      fields.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const source = 'a callback or an attribute that an option names';
    overrideAll(fields, optionParameters, overriding, source);
    const user = fields.find('uid');
    overrideAll(fields, ofRoute, overriding, 'routeDetails');
    for (const { parameters } of annotations) {
      overrideAll(fields, parameters, overriding, 'annotate or an attribute matomo.*');
    }
    subtractOtherTimings(fields, request, ofPage);
    completeEvent(fields, report);
    return user;
  }

  function buildPage(page: PageView): HitFields | undefined {
    const place = reader.toPlace(page);
    const fields = new HitFields(reader.toFields(page, place), page);
    for (const { name, read } of dimensions) {
      override(fields, name, read(page, place), setting, 'the option dimensions');
    }
    const user = addLayers(fields, page);
    if (page.request.isDownload) makeDownload(fields);
    addChatbotFields(fields, page, urls);
    return finish(fields, page.nowMillis, user, page);
  }

  /** The hit of a request by an AI chatbot if people are not tracked: without visitor, title, address and variables. */
  function buildChatbotAlone(page: PageView): HitFields | undefined {
    const fields = new HitFields(new PageFields(siteFields(page.visitor.site)));
    addChatbotFields(fields, page, urls);
    fields.set('cdt', String(page.startSeconds));
    return finish(fields, page.nowMillis);
  }

  /** The end of all hits: who is named, and the last word of the application. */
  function finish(
    fields: HitFields,
    nowMillis: number,
    user?: Field,
    page?: PageView,
  ): HitFields | undefined {
    visitors.nameUser(fields, user);
    const named = page && visitors.follow(fields, page);
    const sent = beforeSend
      ? callBeforeSend(fields, beforeSend, hasToken, report, nowMillis)
      : fields;
    if (!sent) return undefined;
    if (named && beforeSend) visitors.follow(sent, named);
    visitors.hide(sent, user, page?.traits);
    return sent;
  }

  /** The user ID that is sent for the request, else the visitor ID, even if that is not sent. */
  function findVisitor(request: HttpRequest, site: number): string {
    const page = reader.read(request, site, request.startMillis);
    const fields = new HitFields(reader.toSharedFields(page), page);
    visitors.nameUser(fields, addLayers(fields, page));
    const { traits } = visitors.follow(fields, page);
    return fields.visitor || visitors.idOf(traits);
  }

  return {
    /** What the hits of a request have in common. */
    read: reader.read,
    findVisitor,

    /** Of a finished request; `undefined` if `beforeSend` drops it. */
    buildPageView(page: PageView): Hit | undefined {
      const isChatbot = page.request.chatbotResponse !== undefined;
      const isAlone = isChatbot && options.pageViews === false;
      const sent = isAlone ? buildChatbotAlone(page) : buildPage(page);
      if (sent === undefined) return undefined;
      // `beforeSend` may have made a page view of it.
      const isReported = isChatbot && sent.get('recMode') === '1';
      return new BuiltHit(sent, isReported ? 'chatbot' : 'page');
    },

    /** Of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
    buildFurtherHit(hit: CheckedHit, page: PageView, nowMillis: number): Hit | undefined {
      const whole = new HitFields(reader.toSharedFields(page), page);
      const user = addLayers(whole, page);
      const { startSeconds } = whole;
      whole.removeAdded(SHARED);
      addFurtherHit(whole, hit, nowMillis);
      const sent = finish(whole, nowMillis, user, page);
      return sent && new BuiltHit(sent, 'page', startSeconds);
    },

    /** The hit itself names its visitor. */
    buildHitWithoutRequest(hit: CheckedHit, site: number, nowMillis: number): Hit | undefined {
      // An empty user agent is replaced by our own client's.
      const shared = new PageFields(siteFields(site, options.trackBots), NO_USER_AGENT);
      const fields = new HitFields(shared);
      addFurtherHit(fields, hit, nowMillis);
      const sent = finish(fields, nowMillis);
      return sent && new BuiltHit(sent, 'page');
    },

    /** Whether the visitor of a request is tracked. AI chatbots are no visitors. */
    isVisitorInSample: (request: HttpRequest, site: number): boolean =>
      options.sampleRate >= 1 ||
      request.chatbotResponse !== undefined ||
      isInSample(findVisitor(request, site), options.sampleRate),
  };
}

/** The last word on the parameters of a hit, which gets a copy of them. `undefined` drops the hit. */
export type BeforeSend = (parameters: Record<string, string>) => object | null | undefined;

/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
export function callBeforeSend(
  parameters: HitFields,
  beforeSend: BeforeSend,
  hasToken: boolean,
  report: ReportProblem,
  nowMillis?: number,
): HitFields | undefined {
  const returned = beforeSend(parameters.toObject());
  if (!returned) return undefined;
  const checked = new HitFields(new PageFields(siteFields(parameters.get('idsite') as string)));
  for (const [name, value] of Object.entries(returned)) {
    const before = parameters.find(name);
    // Reserved ones keep their value: some decide whether Matomo makes a visit of a hit.
    if (before && (before.value === value || RESERVED.has(name))) checked.add(before);
    else if (name !== 'cvar')
      override(checked, name, value, { hasToken, report, nowMillis }, 'beforeSend');
    else if (typeof value === 'string') checked.set(name, cleanText(value));
  }
  if (!checked.has('ua')) checked.add(NO_USER_AGENT);
  if (!checked.has('cdt')) checked.add(parameters.find('cdt'));
  for (const name of RESERVED) checked.add(parameters.find(name));
  return checked;
}

/** A class for the reason that `Field` has. */
class BuiltHit implements Hit {
  readonly site: number;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly kind: HitKind;
  query: string;

  constructor(parameters: HitFields, kind: HitKind, startSeconds = parameters.startSeconds) {
    this.site = parameters.site;
    this.visitor = parameters.visitor;
    this.startSeconds = startSeconds;
    this.kind = kind;
    this.query = parameters.toQuery();
  }
}
