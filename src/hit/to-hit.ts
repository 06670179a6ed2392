import { isIP } from 'node:net';
import { toActionName } from './action-name.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import type { Hit } from './hit.js';
import type { Annotations, HttpRequest } from './http-request.js';
import { toPageUrl, toReferrer } from './page-url.js';
import { toParameterValue } from './parameter-value.js';
import { encodeValue } from './text.js';
import { declarationOf, PERF_KEYS, TRACKING_PARAMETERS } from './tracking-parameters.js';
import { createToVisitorId } from './visitor-id.js';

/** What makes a hit of a request, besides the request. */
export interface ToHitOptions {
  readonly baseUrl?: string | undefined;
  readonly assumeHttps: boolean;
  readonly trackBots: boolean;
  readonly maxCustomVariables: number;
  /** Whether delivery has a token: without one, Matomo refuses hits with parameters that need it. */
  readonly hasToken: boolean;
  readonly visitorKey: string | Buffer;
}

/** `undefined` would not be a user: such names would become a user of that name in Matomo's reports. */
const NOBODY = new Set(['', '0', 'null', 'undefined', 'anonymous']);

/** Turns a finished request into the hit that Matomo gets. Pure: time comes in as `nowMillis`. */
export function createToHit(
  options: ToHitOptions,
  report: ReportProblem,
): (request: HttpRequest, site: number, nowMillis: number) => Hit {
  const toVisitorId = createToVisitorId(options.visitorKey);

  return function toHit(request, site, nowMillis) {
    const startMillis = Math.min(
      Number.isFinite(request.startMillis) ? request.startMillis : nowMillis,
      nowMillis,
    );
    const startSeconds = Math.floor(startMillis / 1000);
    const userAgent = request.userAgent?.trim() || '-'; // an empty one is replaced by our own client's
    const parameters = new Map<string, string>();
    set(parameters, 'idsite', site);
    parameters.set('rec', '1').set('apiv', '1');
    if (options.trackBots) parameters.set('bots', '1');
    set(parameters, 'action_name', toActionName(request));
    parameters.set('url', pageUrl(request, options));
    set(parameters, 'urlref', toReferrer(request.referrer));
    set(parameters, 'ua', userAgent);
    set(parameters, 'lang', request.acceptLanguage);
    set(parameters, 'cdt', startSeconds);
    if (options.hasToken) set(parameters, 'cip', request.peerAddress);
    setTimings(parameters, request);
    parameters.set('cvar', customVariables(request, options.maxCustomVariables, report));
    for (const { parameters: overrides } of request.annotations) {
      if (overrides) override(parameters, overrides, options.hasToken, report);
    }
    completeEvent(parameters, report);
    const uid = parameters.get('uid');
    if (!parameters.has('cid')) {
      const address = plainAddress(request.peerAddress);
      parameters.set('cid', toVisitorId({ address, userAgent, site, startMillis }));
    }
    return {
      site: Number(parameters.get('idsite')),
      visitor: uid ?? (parameters.get('cid') as string),
      startSeconds: Number(parameters.get('cdt')),
      kind: 'page',
      encode: () => Buffer.from(toQueryString(parameters), 'latin1'),
    };
  };
}

function pageUrl(request: HttpRequest, { baseUrl, assumeHttps }: ToHitOptions): string {
  const scheme = assumeHttps || request.scheme === 'https' ? 'https' : 'http';
  const { host, path, query } = request;
  return toPageUrl({ scheme, host, path, query }, { baseUrl });
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

function customVariables(request: HttpRequest, slots: number, report: ReportProblem): string {
  const variables = new Map<string, unknown>([
    ['http_status_code', request.statusCode],
    ['http_method', request.method],
  ]);
  for (const { cvar } of request.annotations) {
    for (const name in cvar) variables.set(name, cvar[name]);
  }
  return toCustomVariables(variables, slots, report);
}

function override(
  parameters: Map<string, string>,
  overrides: NonNullable<Annotations['parameters']>,
  hasToken: boolean,
  report: ReportProblem,
): void {
  for (const name of Object.keys(overrides)) {
    const declaration = declarationOf(name);
    if (!declaration) {
      report(
        `parameter ${name}`,
        `"${name}" is no tracking parameter that can be set; it was left out`,
      );
      continue;
    }
    if (declaration.needsToken && !hasToken) {
      report(
        `token ${name}`,
        `"${name}" was left out: without a token Matomo refuses a hit that has it. Set tokenAuth.`,
      );
      continue;
    }
    const value = toParameterValue(declaration, overrides[name]);
    if (value === undefined || (name === 'uid' && NOBODY.has(value.toLowerCase()))) {
      report(
        `value ${name}`,
        `a value of "${name}" was left out: Matomo would refuse, ignore or misread it`,
      );
      continue;
    }
    parameters.set(name, value);
  }
}

/** Half an event is a page view to Matomo: better said than stored as something else. */
function completeEvent(parameters: Map<string, string>, report: ReportProblem): void {
  if (parameters.has('e_c') === parameters.has('e_a')) return;
  report('event', 'an event needs both e_c and e_a; the half that came was left out');
  for (const name of ['e_c', 'e_a', 'e_n', 'e_v']) parameters.delete(name);
}

function set(
  parameters: Map<string, string>,
  name: keyof typeof TRACKING_PARAMETERS,
  given: unknown,
): void {
  const value = toParameterValue(TRACKING_PARAMETERS[name], given);
  if (value !== undefined) parameters.set(name, value);
}

function plainAddress(address: string | undefined): string | undefined {
  return address !== undefined && isIP(address) ? address : undefined;
}

function toQueryString(parameters: ReadonlyMap<string, string>): string {
  let query = '';
  for (const [name, value] of parameters) {
    query += `${query === '' ? '?' : '&'}${name}=${encodeValue(value)}`;
  }
  return query;
}
