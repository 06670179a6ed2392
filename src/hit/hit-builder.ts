import { copyText, RecentTexts, remember } from '../common/recent-texts.js';
import {
  type AdditionalHit,
  addAdditionalHit,
  type CheckedHit,
  checkAdditionalHit,
} from './additional-hit.js';
import { addChatbotParts } from './bots/ai-chatbot-hit.js';
import { HitText, partOf, rawPart, readPart, siteText } from './hit-text.js';
import type { HttpRequest } from './http-request.js';
import { toPagePath } from './page/page-path.js';
import { createFindRouteDetails, type RouteDetails } from './page/routes.js';
import { createSentUrls, type SentUrlOptions, type SentUrls } from './page/sent-urls.js';
import {
  createPlaces,
  createToTitle,
  DEFAULT_TITLE,
  isRefusedPath,
  type Place,
  shownMethodOf,
  toPlacePath,
} from './page/title.js';
import {
  customVariablesOf,
  isTimed,
  type ReportProblem,
  setTimings,
  strongest,
  toCustomVariables,
  variablesOf,
} from './parameters/annotations.js';
import { createDimensions, type DimensionOptions } from './parameters/dimensions.js';
import { completeEvent, override, overrideAll } from './parameters/overrides.js';
import { PARAMETERS, RESERVED } from './parameters/parameter-table.js';
import { PERF_KEYS } from './parameters/parameter-values.js';
import { cleanText, decodeLatin1 } from './text.js';
import { NO_USER_AGENT, toSentClient } from './visitor/client.js';
import { createVisitors, type Visitor, type VisitorOptions } from './visitor/visitor.js';
import { isInSample } from './visitor/visitor-id.js';

export interface ToHitsOptions extends SentUrlOptions, VisitorOptions, DimensionOptions {
  readonly titlePaths: 'template' | 'raw';
  /** The template of titles. If the option is a function, its result comes with the request. */
  readonly actionName: unknown;
  readonly maxCustomVariables: number;
  readonly routeDetails: Readonly<Record<string, RouteDetails>>;
  readonly sampleRate: number;
  /** If `false`, hits of AI chatbots contain no data of a visit. Default: true. */
  readonly pageViews?: boolean | undefined;
  readonly beforeSend?: BeforeSend | undefined;
}

export type HitBuilder = ReturnType<typeof createHitBuilder>;

/** Builds the hits of a request. The caller passes the time as `nowMillis`, so the builder reads no clock. */
export function createHitBuilder(options: ToHitsOptions, report: ReportProblem) {
  const { beforeSend, hasToken, maxCustomVariables } = options;
  const hidesOtherUserIds = options.privacy === 'strict';
  const hasTemplates = options.urlPaths === 'template';
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const dimensions = createDimensions(options);
  const places = createPlaces(hasTemplates ? 'template' : options.titlePaths);
  const toTitle = createTitles(options, places.show, report);
  let timeSeconds = Number.NaN;
  let timeText = '';
  const urls = createSentUrls(options);
  const toReferrer = createToReferrer(urls);
  const visitors = createVisitors(options);
  const redactUrl = urls.ofApplication;
  const setting = { hasToken, report, redactUrl, maxCustomVariables };

  /** Builds the parts that all hits of a request share, and for a page view also title, dimensions and duration. */
  function build(
    request: HttpRequest,
    site: number,
    nowMillis: number,
    isPageView: boolean,
  ): HitText {
    const { scheme, host, referrer, startMillis: start } = request;
    const client = toSentClient(request);
    const startMillis = Math.min(Number.isFinite(start) ? start : nowMillis, nowMillis);
    const visitor = visitors.of(request, client.userAgent, site, startMillis);
    const page = urls.pageOf(request.path);
    const redacted = request.isPageData ? toPagePath(page.path) : page.path;
    const isOfPath = redacted === request.path;
    const place = places.find(request, redacted, site, isOfPath ? page : undefined);
    const path = hasTemplates ? toPlacePath(place.text, redacted) : page.path;
    const encoded = path === page.path ? page.encoded : undefined;
    const query = hasTemplates && isRefusedPath(path) ? undefined : request.query;
    const isSearch = query !== undefined && options.siteSearch && !request.isGraphql;
    const hit = new HitText();
    hit.named = visitor;
    hit.address = request.address;
    hit.startSeconds = Math.floor(startMillis / 1000);
    hit.who = visitor.text;
    hit.agent = client.text;
    hit.url = urls.ofRequest({ scheme, host, query }, path, isSearch ? 'page' : 'graphql', encoded);
    if (referrer !== undefined) hit.referrer = toReferrer(referrer);
    // Consecutive requests mostly start in the same second, so the text of a second is reused.
    if (hit.startSeconds !== timeSeconds) {
      timeSeconds = hit.startSeconds;
      timeText = copyText(partOf('cdt', timeSeconds));
    }
    hit.time = timeText;
    const hasLayers =
      findRouteDetails || request.optionParameters || request.annotations.length > 0;
    if (!isPageView) {
      if (hasLayers) addLayers(hit, request, nowMillis);
      return hit;
    }
    hit.title = toTitle(request, path, redacted, place);
    if (dimensions.length > 0) {
      const shown = places.show(place.text, request, redacted);
      const source = { request, hit, path, address: visitors.addressOf(visitor) };
      for (const { name, read } of dimensions)
        override(hit, name, read(source, shown), setting, 'the option dimensions');
    }
    if (hasLayers) addLayers(hit, request, nowMillis);
    addDuration(hit, request);
    if (!request.isAiChatbot) return hit;
    const reported =
      options.pageViews === false ? toChatbotAlone(hit, visitor.site, startMillis) : hit;
    addChatbotParts(reported, request, urls, path, query);
    return reported;
  }

  /** Applies the parameters of options and of the application, the weakest first, and keeps the user that the options name. */
  function addLayers(hit: HitText, request: HttpRequest, nowMillis: number): void {
    const { annotations, optionParameters } = request;
    const ofRoute = findRouteDetails?.(request);
    const overriding = { hasToken, report, redactUrl, nowMillis };
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

  /** With `privacy: 'strict'`, only the option `userId` may name a user. */
  function nameVisitor(hit: HitText): void {
    if (hidesOtherUserIds) hit.put('uid', hit.user);
    if (hit.isNamedAnew) visitors.follow(hit);
  }

  /** Applies user, `beforeSend` and visitor to a hit. Returns `undefined` if `beforeSend` drops it. */
  function finalize(hit: HitText, nowMillis: number): HitText | undefined {
    if (hidesOtherUserIds || hit.isNamedAnew) nameVisitor(hit);
    const sent = beforeSend ? callBeforeSend(hit, beforeSend, hasToken, report, nowMillis) : hit;
    if (!sent) return undefined;
    if (sent !== hit && sent.isNamedAnew) visitors.follow(sent);
    if (hidesOtherUserIds || sent.isNamedAnew) visitors.hide(sent);
    // `beforeSend` may have turned a hit for the AI chatbot reports into a page view.
    if (sent.kind === 'chatbot' && sent.get('recMode') !== '1') sent.kind = 'action';
    return sent.finalize();
  }

  return {
    buildPageView: (request: HttpRequest, site: number, nowMillis: number): HitText =>
      build(request, site, nowMillis, true),

    /**
     * Builds the parts with which the additional hits of a request begin. The
     * page view begins with the same parts unless it is of an AI chatbot.
     */
    buildShared: (request: HttpRequest, site: number, nowMillis: number): HitText =>
      build(request, site, nowMillis, false),

    /** Returns the hit to send: the same object, or a copy if there is a `beforeSend`; `undefined` if `beforeSend` drops it. */
    finalize,

    /** Returns the valid part of an additional hit; `undefined` if the hit must not be sent. */
    check: (hit: AdditionalHit): CheckedHit | undefined => checkAdditionalHit(hit, setting),

    /** Builds an additional hit, which Matomo stores in the visit of its request; `undefined` if `beforeSend` drops it. */
    buildAdditionalHit(added: CheckedHit, shared: HitText, nowMillis: number): HitText | undefined {
      const hit = shared.toShared();
      addAdditionalHit(hit, added, nowMillis);
      const sent = finalize(hit, nowMillis);
      if (sent) sent.startSeconds = shared.startSeconds;
      return sent;
    },

    buildHitWithoutRequest(
      added: CheckedHit,
      site: number,
      nowMillis: number,
    ): HitText | undefined {
      const hit = new HitText();
      hit.who = siteText(site, options.trackBots);
      hit.agent = NO_USER_AGENT; // Matomo replaces an empty user agent by that of our own client
      addAdditionalHit(hit, added, nowMillis);
      return finalize(hit, nowMillis);
    },

    /**
     * Whether sampling includes a visitor. The user ID decides if it is sent,
     * else the visitor ID, sent or not. AI chatbots are always included.
     */
    isVisitorInSample(request: HttpRequest, site: number): boolean {
      if (options.sampleRate >= 1 || request.isAiChatbot) return true;
      const hit = build(request, site, request.startMillis, false);
      nameVisitor(hit);
      const who = hit.finalize().visitor || visitors.idOf(hit.named as Visitor);
      return isInSample(who, options.sampleRate);
    },
  };
}

/** Builds the hit of an AI chatbot if people are not tracked: without visitor, title, address and variables. */
function toChatbotAlone(hit: HitText, site: number, startMillis: number): HitText {
  const alone = hit.emptied();
  alone.named = undefined;
  alone.user = '';
  alone.who = siteText(site);
  alone.set('cdt', String(Math.floor(startMillis / 1000)));
  return alone;
}

/** The option `beforeSend`, which gets a copy of the parameters of a hit. `undefined` drops the hit. */
type BeforeSend = (parameters: Record<string, string>) => object | null | undefined;

/** Applies what `beforeSend` returns and restores parameters that every hit needs. Returns `undefined` if `beforeSend` drops the hit. */
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
  checked.who = siteText(hit.get('idsite') as string);
  for (const [name, value] of Object.entries(returned)) {
    const part = parts.get(name);
    // Reserved parameters keep their values: some decide whether Matomo creates a visit.
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

/** Builds and caches referrers. A referrer that redaction changes may contain secrets, so it is not cached. */
function createToReferrer(urls: SentUrls): (referrer: string) => string {
  return remember(
    1024,
    (referrer) => partOf('urlref', urls.ofReferrer(decodeLatin1(referrer))),
    (part, referrer) => readPart(part) === referrer,
  );
}

/** Builds titles and custom variables. Titles are cached only with the default template: a custom one may differ for each request. */
function createTitles(
  { actionName, maxCustomVariables }: ToHitsOptions,
  show: ReturnType<typeof createPlaces>['show'],
  report: ReportProblem,
): (request: HttpRequest, path: string, redacted: string, place: Place) => string {
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  const isDefault = template === DEFAULT_TITLE;
  const toText = createToTitle(template);
  const variables = new RecentTexts<string>(256);

  function toVariables(request: HttpRequest): string {
    if (maxCustomVariables === 0) return '';
    const key = [shownMethodOf(request), String(request.statusCode)] as const;
    const known = variables.find(...key);
    if (known !== undefined) return known;
    const values = toCustomVariables(customVariablesOf(request), maxCustomVariables, report);
    const part = copyText(rawPart('cvar', values));
    if (variables.mayKeep) variables.keep(part, ...key);
    return part;
  }

  return function toTitle(request, path, redacted, place) {
    const mayKeep = isDefault && request.operation === undefined;
    const known = mayKeep ? place.partOf(request) : undefined;
    if (known !== undefined) return known;
    const shown = show(place.text, request, redacted);
    const part = partOf('action_name', toText(request, path, shown)) + toVariables(request);
    if (mayKeep) place.keepPart(request, part);
    return part;
  };
}

const MAX_KEPT_MILLIS = 500;
/** Encoded durations below `MAX_KEPT_MILLIS`, indexed by milliseconds and filled on first use. */
const DURATIONS: (string | undefined)[] = new Array(MAX_KEPT_MILLIS).fill(undefined);

/**
 * Adds the duration of a request unless the application has set it. Matomo ignores `gt_ms`, so the duration is sent as server time, too.
 * Matomo sums up all timings as the page load time, so the other timings are subtracted from the server time.
 */
function addDuration(hit: HitText, request: HttpRequest): void {
  if (request.isEndless && !isTimed(request)) return;
  const millis = Math.round(request.durationMillis);
  if (!(millis >= 0 && millis <= PARAMETERS.gt_ms.max)) return;
  if (hit.duration === '' && !hit.rest.includes('&pf_')) {
    const known = DURATIONS[millis];
    hit.duration = known ?? `&gt_ms=${millis}&pf_srv=${millis}`;
    if (millis < MAX_KEPT_MILLIS) DURATIONS[millis] ??= copyText(hit.duration);
    return;
  }
  let others = 0;
  for (const key of PERF_KEYS) if (key !== 'pf_srv') others += Number(hit.get(key) ?? 0);
  if (!hit.has('gt_ms')) hit.duration += `&gt_ms=${millis}`;
  if (!hit.has('pf_srv')) hit.duration += `&pf_srv=${Math.max(0, millis - others)}`;
}
