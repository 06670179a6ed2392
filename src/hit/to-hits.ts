import { createToActionName } from './action-name.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import { createToDimensions } from './dimensions.js';
import { askBeforeSend, toCrash, toHit } from './finish-hit.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { maskAddress } from './mask-address.js';
import { completeEvent, isNobody, override } from './overrides.js';
import { createToPageUrl, createToReferrer, type PageUrlOptions } from './page-url.js';
import { PERF_KEYS, type TrackingParameters } from './parameter-names.js';
import { toParameterValue } from './parameter-value.js';
import { createRedactPath } from './redact-path.js';
import { createFindRouteDetails } from './route-details.js';
import { createEncodeValue } from './text.js';
import { TRACKING_PARAMETERS } from './tracking-parameters.js';
import { createToVisitorId } from './visitor-id.js';

/** What makes hits of a request, besides the request. */
export interface ToHitsOptions extends PageUrlOptions {
  /** A template; what a function gave comes with the request. */
  readonly actionName: unknown;
  readonly redactPathPatterns: readonly RegExp[];
  readonly routeDetails: Readonly<Record<string, TrackingParameters>>;
  /** By ID; only those of attributes count here, what functions gave comes with the request. */
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly maxCustomVariables: number;
  readonly anonymizeIp: number;
  readonly visitorId: unknown;
  readonly visitorKey: string | Buffer;
  readonly trackBots: boolean;
  readonly errors: 'off' | 'type' | 'crash';
  /** Whether delivery has a token: without one, Matomo refuses hits with parameters that need it. */
  readonly hasToken: boolean;
  /** The last word on the parameters; `undefined` drops the hit. */
  readonly beforeSend?: ((parameters: Record<string, string>) => unknown) | undefined;
}

const MAX_REMEMBERED = 1000;
const DEFAULT_TITLE = '{method} {route}';

/** Turns a finished request into the hit that Matomo gets, and a crash beside it. Pure: time comes in as `nowMillis`. */
export function createToHits(
  options: ToHitsOptions,
  report: ReportProblem,
): (request: HttpRequest, site: number, nowMillis: number) => Hit[] {
  const { actionName, anonymizeIp, hasToken, maxCustomVariables } = options;
  const toActionName = createToActionName(
    typeof actionName === 'string' ? actionName : DEFAULT_TITLE,
  );
  const redactPath = createRedactPath(options.redactPathPatterns);
  const toPageUrl = createToPageUrl(options);
  const toReferrer = createToReferrer(options, redactPath);
  const findRouteDetails = createFindRouteDetails(options.routeDetails);
  const toDimensions = createToDimensions(options.dimensions);
  const toVisitorId = createToVisitorId(options.visitorKey);
  const encodeValue = createEncodeValue();
  /** By method and status: most requests say nothing more. */
  const plainVariables = new Map<string, string>();

  function customVariables(request: HttpRequest, details: TrackingParameters | undefined): string {
    const errorType = options.errors === 'off' ? undefined : errorTypeOf(request);
    const given = [details?.cvar, ...request.annotations.map(({ cvar }) => cvar)].filter(Boolean);
    const write = () =>
      toCustomVariables(variablesOf(request, errorType, given), maxCustomVariables, report);
    if (errorType !== undefined || given.length > 0) return write();
    const key = `${request.statusCode} ${request.method}`;
    let text = plainVariables.get(key);
    if (text === undefined) {
      if (plainVariables.size >= MAX_REMEMBERED) plainVariables.clear();
      text = write();
      plainVariables.set(key, text);
    }
    return text;
  }

  return function toHits(request, site, nowMillis) {
    const startMillis = Math.min(
      Number.isFinite(request.startMillis) ? request.startMillis : nowMillis,
      nowMillis,
    );
    const userAgent = request.userAgent?.trim() || '-'; // an empty one is replaced by our own client's
    const path = redactPath(request.path);
    const url = toPageUrl({ ...request, path });
    const address = request.address && maskAddress(request.address, anonymizeIp);
    const details = findRouteDetails(request);
    const parameters = new Map([
      ['idsite', String(site)],
      ['rec', '1'],
      ['apiv', '1'],
    ]);
    if (options.trackBots) parameters.set('bots', '1');
    set(parameters, 'action_name', toActionName({ ...request, path }));
    set(parameters, 'url', url);
    set(parameters, 'urlref', toReferrer(request.referrer));
    set(parameters, 'ua', userAgent);
    set(parameters, 'uadata', request.clientHints);
    set(parameters, 'lang', request.acceptLanguage);
    set(parameters, 'uid', userIdOf(request));
    set(parameters, 'cdt', Math.floor(startMillis / 1000));
    if (hasToken) set(parameters, 'cip', address);
    setTimings(parameters, request);
    if (maxCustomVariables > 0) parameters.set('cvar', customVariables(request, details));
    const facts = toDimensions({ request, url, path, address });
    for (const layer of [facts, request.given, details, ...overridesOf(request)]) {
      if (layer) override(parameters, layer, hasToken, report);
    }
    completeEvent(parameters, report);
    if (!parameters.has('cid') && options.visitorId !== 'none') {
      const visitor = { address, userAgent, site: Number(parameters.get('idsite')), startMillis };
      parameters.set('cid', toVisitorId(visitor));
    }
    const sent = askBeforeSend(parameters, options.beforeSend, hasToken, report);
    if (sent === undefined) return [];
    const hits = [toHit(sent, 'page', encodeValue)];
    const errorType = options.errors === 'crash' ? errorTypeOf(request) : undefined;
    if (errorType !== undefined) {
      hits.push(toHit(toCrash(sent, errorType), 'crash', encodeValue));
    }
    return hits;
  };
}

/** Matomo 4 and later ignore `gt_ms`, so the same figure also is the server time unless something says better. */
function setTimings(parameters: Map<string, string>, request: HttpRequest): void {
  set(parameters, 'gt_ms', request.durationMillis);
  set(parameters, 'pf_srv', request.durationMillis);
  for (const key of PERF_KEYS) {
    let sum: number | undefined;
    for (const { timings } of request.annotations) {
      const millis = timings?.[key];
      if (millis !== undefined) sum = (sum ?? 0) + millis;
    }
    if (sum !== undefined) set(parameters, key, sum);
  }
}

function variablesOf(
  request: HttpRequest,
  errorType: string | undefined,
  given: readonly (Readonly<Record<string, unknown>> | undefined)[],
): Map<string, unknown> {
  const variables = new Map<string, unknown>([
    ['http_status_code', request.statusCode],
    ['http_method', request.method],
  ]);
  if (errorType !== undefined) variables.set('error_type', errorType);
  for (const cvar of given) {
    for (const name in cvar) variables.set(name, cvar[name]);
  }
  return variables;
}

/** A request that was answered well had no error that concerns its caller. */
function errorTypeOf(request: HttpRequest): string | undefined {
  return request.statusCode < 400 ? undefined : strongest(request, 'errorType');
}

/** What the attribute for it says; words that only mean "nobody" are left out in silence. */
function userIdOf(request: HttpRequest): string | undefined {
  const userId = strongest(request, 'userId');
  return userId !== undefined && !isNobody(userId) ? userId : undefined;
}

function strongest(request: HttpRequest, fact: 'errorType' | 'userId'): string | undefined {
  return request.annotations.findLast((said) => said[fact] !== undefined)?.[fact];
}

function overridesOf(request: HttpRequest) {
  return request.annotations.map(({ parameters }) => parameters);
}

function set(
  parameters: Map<string, string>,
  name: keyof typeof TRACKING_PARAMETERS,
  given: unknown,
): void {
  const value = toParameterValue(TRACKING_PARAMETERS[name], given);
  if (value !== undefined) parameters.set(name, value);
}
