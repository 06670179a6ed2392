import { remember } from '../common/generation-cache.js';
import { createToPlace } from './action-name.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import { createToDimensions } from './dimensions.js';
import { createField, type Field, rawField } from './field.js';
import { askBeforeSend, toCrash, toHit } from './finish-hit.js';
import { isGraphqlRequest } from './graphql-operation.js';
import type { Hit } from './hit.js';
import type { HttpRequest } from './http-request.js';
import { maskAddress } from './mask-address.js';
import { completeEvent, isNobody, override } from './overrides.js';
import { createToPageUrl } from './page-url.js';
import { PERF_KEYS, type TrackingParameters } from './parameter-names.js';
import { toParameterValue } from './parameter-value.js';
import { createRedactPath } from './redact-path.js';
import { createToRequestFields, type RequestFieldsOptions } from './request-fields.js';
import { createFindRouteDetails } from './route-details.js';
import { TRACKING_PARAMETERS } from './tracking-parameters.js';
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

/** Turns a finished request into the hit that Matomo gets, and a crash beside it. Pure: time comes in as `nowMillis`. */
export function createHitBuilder(
  options: ToHitsOptions,
  report: ReportProblem,
): (request: HttpRequest, site: number, nowMillis: number) => Hit[] {
  const { anonymizeIp, beforeSend, hasToken, maxCustomVariables } = options;
  const redactPath = createRedactPath(options.redactPathPatterns, options.query === 'keep');
  const toPageUrl = createToPageUrl(options);
  const toGraphqlUrl = createToPageUrl({ ...options, siteSearch: false });
  const toPlace = createToPlace(options.titlePaths);
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
  function toPlainHit(fields: readonly (Field | undefined)[], visitor: Visitor): Hit {
    const { site, startMillis } = visitor;
    let query = beginning(site);
    for (const field of fields) if (field) query += field.pair;
    const id = toVisitorId(visitor);
    if (id !== undefined) query += `&cid=${id}`;
    const startSeconds = Math.floor(startMillis / 1000);
    return { site, visitor: id ?? '', startSeconds, kind: 'page', query };
  }

  return function buildHits(request, site, nowMillis) {
    const startMillis = Math.min(
      Number.isFinite(request.startMillis) ? request.startMillis : nowMillis,
      nowMillis,
    );
    const path = redactPath(request.path);
    const address = request.address && maskAddress(request.address, anonymizeIp);
    const isGraphql = options.siteSearch && isGraphqlRequest(request);
    const url = isGraphql ? toGraphqlUrl(request, path) : toPageUrl(request, path);
    const facts = { request, url, path, place: toPlace(request, path), address };
    const agent = toUserAgent(request.userAgent ?? '');
    const fields = toRequestFields(facts, agent, Math.floor(startMillis / 1000));
    const visitor = { address, userAgent: agent.value, site, startMillis };
    const details = findRouteDetails(request);
    const { given, annotations } = request;
    const isPlain = !details && !given && !toDimensions && !beforeSend;
    if (isPlain && annotations.length === 0) return [toPlainHit(fields, visitor)];

    const parameters = new Map([
      ['idsite', String(site)],
      ['rec', '1'],
      ['apiv', '1'],
    ]);
    if (options.trackBots) parameters.set('bots', '1');
    for (const field of fields) if (field) parameters.set(field.name, field.value);
    set(parameters, 'uid', userIdOf(request));
    setTimings(parameters, request);
    const variables = variablesOf(request, details, options.errors);
    if (variables && maxCustomVariables > 0) {
      parameters.set('cvar', toCustomVariables(variables, maxCustomVariables, report));
    }
    const layers = [toDimensions?.(facts), given, details, ...overridesOf(request)];
    for (const layer of layers) if (layer) override(parameters, layer, hasToken, report);
    if (!isServerTimeGiven(request, layers)) subtractOtherTimings(parameters, request);
    completeEvent(parameters, report);
    if (!parameters.has('cid')) {
      const id = toVisitorId({ ...visitor, site: Number(parameters.get('idsite')) });
      if (id !== undefined) parameters.set('cid', id);
    }
    const sent = askBeforeSend(parameters, beforeSend, hasToken, report);
    if (sent === undefined) return [];
    const hits = [toHit(sent, 'page')];
    const errorType = options.errors === 'crash' ? errorTypeOf(request) : undefined;
    if (errorType !== undefined) hits.push(toHit(toCrash(sent, errorType), 'crash'));
    return hits;
  };
}

function setTimings(parameters: Map<string, string>, request: HttpRequest): void {
  for (const key of PERF_KEYS) {
    let sum: number | undefined;
    for (const { timings } of request.annotations) {
      const millis = timings?.[key];
      if (millis !== undefined) sum = (sum ?? 0) + millis;
    }
    if (sum !== undefined) set(parameters, key, sum);
  }
}

function isServerTimeGiven(
  { annotations }: HttpRequest,
  layers: readonly (Readonly<Record<string, unknown>> | undefined)[],
): boolean {
  return (
    annotations.some(({ timings }) => timings?.pf_srv !== undefined) ||
    layers.some(
      (layer) => toParameterValue(TRACKING_PARAMETERS.pf_srv, layer?.pf_srv) !== undefined,
    )
  );
}

/** Matomo's page load time is the sum of all timings, which is to be the duration of the request. */
function subtractOtherTimings(parameters: Map<string, string>, request: HttpRequest): void {
  let others = 0;
  for (const key of PERF_KEYS) if (key !== 'pf_srv') others += Number(parameters.get(key) ?? 0);
  if (others === 0) return;
  set(parameters, 'pf_srv', Math.max(0, Math.round(request.durationMillis) - others));
}

/** The custom variables of a request where it has more than every request. */
function variablesOf(
  request: HttpRequest,
  details: TrackingParameters | undefined,
  errors: ToHitsOptions['errors'],
): Map<string, unknown> | undefined {
  const errorType = errors === 'off' ? undefined : errorTypeOf(request);
  const given = [details?.cvar, ...request.annotations.map(({ cvar }) => cvar)].filter(Boolean);
  if (errorType === undefined && given.length === 0) return undefined;
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

/** A request that was answered well had no error that concerns its caller, unless a GraphQL operation failed. */
function errorTypeOf(request: HttpRequest): string | undefined {
  return strongest(request, request.statusCode < 400 ? 'operationError' : 'errorType');
}

/** What the attribute for it says; words that only mean "nobody" are left out in silence. */
function userIdOf(request: HttpRequest): string | undefined {
  const userId = strongest(request, 'userId');
  return userId !== undefined && !isNobody(userId) ? userId : undefined;
}

function strongest(
  request: HttpRequest,
  fact: 'errorType' | 'operationError' | 'userId',
): string | undefined {
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
