import {
  type AdditionalHit,
  addAdditionalHit,
  type CheckedHit,
  checkAdditionalHit,
} from './additional-hit.js';
import { addChatbotParts } from './bots/ai-chatbot-hit.js';
import type { Hit, HitKind } from './hit.js';
import { HitText, partOf, readPart, siteText } from './hit-text.js';
import type { HttpRequest } from './http-request.js';
import { createFindRouteDetails, type RouteDetails } from './page/routes.js';
import { createSentUrls } from './page/sent-urls.js';
import { createPageViewReader, type PageView, type PageViewOptions } from './page-view.js';
import {
  addDuration,
  type ReportProblem,
  setTimings,
  strongest,
  toCustomVariables,
  variablesOf,
} from './parameters/annotations.js';
import { createDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, override, overrideAll } from './parameters/overrides.js';
import { RESERVED } from './parameters/parameter-table.js';
import { cleanText } from './text.js';
import { NO_USER_AGENT } from './visitor/client.js';
import { type createToClient, isInSample, type VisitorTraits } from './visitor/visitor-id.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends PageViewOptions, DimensionOptions {
  readonly routeDetails: Readonly<Record<string, RouteDetails>>;
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
  const { beforeSend, hasToken, maxCustomVariables } = options;
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const dimensions = createDimensions(options);
  const urls = createSentUrls(options);
  const reader = createPageViewReader(options, urls, report);
  const { visitors } = reader;
  const redactUrl = urls.ofApplication;
  const setting = { hasToken, report, redactUrl, maxCustomVariables };

  /** Adds what options and the application say about a request, the weakest first, and whom that names. */
  function addLayers({ hit, request, nowMillis }: PageView): void {
    const { annotations, optionParameters } = request;
    const ofRoute = findRouteDetails(request);
    if (annotations.length === 0 && !ofRoute && !optionParameters) return;
    const overriding = { hasToken, report, redactUrl, nowMillis }; // a spread takes 1 µs
    if (annotations.length > 0) {
      const part = partOf('uid', strongest(request, 'userId'));
      if (part !== '') hit.put('uid', part);
      setTimings(hit, request);
    }
    const variables = variablesOf(request, ofRoute, options.privacy);
    if (variables && maxCustomVariables > 0) {
      hit.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const source = 'a callback or an attribute that an option names';
    overrideAll(hit, optionParameters, overriding, source);
    hit.user = hit.find('uid');
    overrideAll(hit, ofRoute, overriding, 'routeDetails');
    for (const { parameters } of annotations) {
      overrideAll(hit, parameters, overriding, 'annotate or an attribute matomo.*');
    }
    completeEvent(hit, report);
  }

  function buildPage(page: PageView): HitText {
    const { hit, request } = page;
    const place = reader.fill(page);
    for (const { name, read } of dimensions) {
      override(hit, name, read(page, place), setting, 'the option dimensions');
    }
    addLayers(page);
    page.isLayered = true;
    addDuration(hit, request);
    if (!request.isAiChatbot) return hit;
    const ofChatbot = hit.copy();
    addChatbotParts(ofChatbot, page, urls);
    return ofChatbot;
  }

  /** The hit of a request by an AI chatbot if people are not tracked: without visitor, title, address and variables. */
  function buildChatbotAlone(page: PageView): HitText {
    const hit = new HitText();
    hit.visitor = siteText(page.hit.site);
    hit.traits = page.hit.traits;
    hit.set('cdt', String(page.hit.startSeconds));
    addChatbotParts(hit, page, urls);
    return hit;
  }

  /** The end of all hits: who is named, and the last word of the application. */
  function finish(hit: HitText, nowMillis: number): HitText | undefined {
    visitors.nameUser(hit);
    visitors.follow(hit);
    const sent = beforeSend ? callBeforeSend(hit, beforeSend, hasToken, report, nowMillis) : hit;
    if (!sent) return undefined;
    visitors.follow(sent);
    visitors.hide(sent);
    return sent;
  }

  /** The user ID that is sent for the request, else the visitor ID, even if that is not sent. */
  function findVisitor(request: HttpRequest, site: number): string {
    const page = reader.read(request, site, request.startMillis);
    const { hit } = page;
    addLayers(page);
    visitors.nameUser(hit);
    visitors.follow(hit);
    return hit.who || visitors.idOf(hit.traits as VisitorTraits);
  }

  const toHit = (hit: HitText, kind: HitKind): Hit => new BuiltHit(hit, kind, visitors.toClient);

  return {
    /** What the hits of a request have in common. */
    read: reader.read,

    /** Of a finished request; `undefined` if `beforeSend` drops it. */
    buildPageView(page: PageView): Hit | undefined {
      const { isAiChatbot } = page.request;
      const isAlone = isAiChatbot && options.pageViews === false;
      const sent = finish(isAlone ? buildChatbotAlone(page) : buildPage(page), page.nowMillis);
      if (sent === undefined) return undefined;
      // `beforeSend` may have made a page view of it.
      const isReported = isAiChatbot && sent.get('recMode') === '1';
      return toHit(sent, isReported ? 'chatbot' : 'action');
    },

    /** What has all that the additional hits of a request begin with, whether it has a page view or not. */
    share(page: PageView): HitText {
      if (!page.isLayered) addLayers(page);
      page.isLayered = true;
      return page.hit;
    },

    /** What may be sent of an additional hit; `undefined` if nothing may. */
    check: (hit: AdditionalHit): CheckedHit | undefined => checkAdditionalHit(hit, setting),

    /** Of a request, in whose visit Matomo stores it; `undefined` if `beforeSend` drops it. */
    buildAdditionalHit(added: CheckedHit, shared: HitText, nowMillis: number): Hit | undefined {
      const hit = shared.toShared();
      addAdditionalHit(hit, added, nowMillis);
      const sent = finish(hit, nowMillis);
      if (!sent) return undefined;
      sent.startSeconds = shared.startSeconds;
      return toHit(sent, 'action');
    },

    /** The hit itself names its visitor. */
    buildHitWithoutRequest(added: CheckedHit, site: number, nowMillis: number): Hit | undefined {
      const hit = new HitText();
      hit.visitor = siteText(site, options.trackBots);
      hit.client = NO_USER_AGENT; // an empty one is replaced by our own client's
      addAdditionalHit(hit, added, nowMillis);
      const sent = finish(hit, nowMillis);
      return sent && toHit(sent, 'action');
    },

    /** Whether the visitor of a request is tracked. AI chatbots are no visitors. */
    isVisitorInSample: (request: HttpRequest, site: number): boolean =>
      options.sampleRate >= 1 ||
      request.isAiChatbot ||
      isInSample(findVisitor(request, site), options.sampleRate),
  };
}

/** The last word on the parameters of a hit, which gets a copy of them. `undefined` drops the hit. */
type BeforeSend = (parameters: Record<string, string>) => object | null | undefined;

/** The parameters as `beforeSend` returns them, and those that every hit needs; `undefined` if it drops the hit. */
function callBeforeSend(
  hit: HitText,
  beforeSend: BeforeSend,
  hasToken: boolean,
  report: ReportProblem,
  nowMillis?: number,
): HitText | undefined {
  const parts = new Map(hit.parts());
  const values = [...parts].map(([name, part]) => [name, readPart(part)] as [string, string]);
  const returned = beforeSend(Object.fromEntries(values));
  if (!returned) return undefined;
  const checked = hit.emptied();
  checked.visitor = siteText(hit.get('idsite') as string);
  for (const [name, value] of Object.entries(returned)) {
    const part = parts.get(name);
    // Reserved ones keep their value: some decide whether Matomo makes a visit of a hit.
    if (part !== undefined && (RESERVED.has(name) || readPart(part) === value))
      checked.put(name, part);
    else if (name !== 'cvar')
      override(checked, name, value, { hasToken, report, nowMillis }, 'beforeSend');
    else if (typeof value === 'string') checked.set(name, cleanText(value));
  }
  if (!checked.has('ua')) checked.put('ua', NO_USER_AGENT);
  if (!checked.has('cdt')) checked.put('cdt', hit.time);
  for (const name of RESERVED) checked.put(name, parts.get(name) ?? '');
  return checked;
}

/** A class for the reason that `HitText` has. */
class BuiltHit implements Hit {
  readonly site: number;
  readonly visitor: string;
  readonly startSeconds: number;
  readonly kind: HitKind;
  readonly query: string;
  readonly #address: string | undefined;
  readonly #toClient: ToClient;
  #client: string | undefined;

  constructor(hit: HitText, kind: HitKind, toClient: ToClient) {
    this.site = hit.site;
    this.visitor = hit.who;
    this.startSeconds = hit.startSeconds;
    this.kind = kind;
    this.query = hit.toString();
    this.#address = hit.traits?.unmaskedAddress;
    this.#toClient = toClient;
  }

  /** Read only if the hit is stored in a spool, or if hits fail: the hash takes a microsecond. */
  get client(): string {
    this.#client ??= this.#address && this.#toClient(this.#address, this.startSeconds);
    return this.#client || this.visitor;
  }
}

type ToClient = ReturnType<typeof createToClient>;
