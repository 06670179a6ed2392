import { remember } from '../common/generation-cache.js';
import { errorTypeOf, overridesOf, userIdOf, variablesOf } from './annotation-facts.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import { createToDimensions } from './dimensions.js';
import { createField, rawField } from './field.js';
import { askBeforeSend, toCrash, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { maskAddress } from './mask-address.js';
import { completeEvent, override } from './overrides.js';
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
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const toDimensions = createToDimensions(options.dimensions);
  const toRequestFields = createToRequestFields(options, redactPath, report);
  const visitorIdOf = createToVisitorId(options.visitorKey);
  const toUserAgent = remember((given: string) => createField('ua', given) ?? NO_USER_AGENT);
  const toVisitorId = (visitor: Visitor) =>
    options.visitorId === 'none' ? undefined : visitorIdOf(visitor);
  const bots = options.trackBots ? '&bots=1' : '';
  const beginning = remember((site: number) => `?idsite=${site}&rec=1&apiv=1${bots}`);

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
    const facts = { request, url: toPageUrl(request, path), path, address };
    const agent = toUserAgent(request.userAgent ?? '');
    const fields = toRequestFields(facts, agent, Math.floor(startMillis / 1000));
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
    return !findRouteDetails(request);
  }

  function buildHits(request: HttpRequest, site: number, nowMillis: number): Hit[] {
    if (isPlain(request)) {
      latest = toPlainPageView(request, site, nowMillis);
      return [latest.hit];
    }
    const parameters = toParameters(request, site, nowMillis);
    const sent = askBeforeSend(parameters, beforeSend, hasToken, report);
    if (sent === undefined) return [];
    const hits = [toHit(sent, 'page')];
    const errorType = options.errors === 'crash' ? errorTypeOf(request) : undefined;
    if (errorType !== undefined) hits.push(toHit(toCrash(sent, errorType), 'crash'));
    return hits;
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
    for (const layer of layers) if (layer) override(parameters, layer, hasToken, report);
    if (!isServerTimeGiven(request, layers)) subtractOtherTimings(parameters, request);
    completeEvent(parameters, report);
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
