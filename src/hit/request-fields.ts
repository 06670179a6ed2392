import { remember, rememberBoth } from '../common/generation-cache.js';
import { createToActionName, DEFAULT_TITLE, placeOf } from './action-name.js';
import { type ReportProblem, toCustomVariables } from './custom-variables.js';
import type { RequestFacts } from './dimensions.js';
import { createField, encodedField, type Field, rawField } from './field.js';
import { createToReferrer, type PageUrlOptions } from './page-url.js';

/** What makes the parameters that every request has. */
export interface RequestFieldsOptions extends PageUrlOptions {
  /** A template; what a function gave comes with the request. */
  readonly actionName: unknown;
  readonly maxCustomVariables: number;
  /** Whether delivery has a token: without one, Matomo refuses hits with parameters that need it. */
  readonly hasToken: boolean;
}

/** Longer ones may be longer than Matomo takes once they are HTML-escaped. */
const SAFE_URL_LENGTH = 170;

/** The parameters that a request has before anybody adds to it. Most of their values come again and again. */
export function createToRequestFields(
  { actionName, hasToken, maxCustomVariables, ...urlOptions }: RequestFieldsOptions,
  redactPath: (path: string) => string,
  report: ReportProblem,
): (facts: RequestFacts, userAgent: Field, startSeconds: number) => (Field | undefined)[] {
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  const toActionName = createToActionName(template);
  const toReferrer = createToReferrer(urlOptions, redactPath);
  const toTitle = remember((title: string) => createField('action_name', title));
  const toDefaultTitle = rememberBoth((method: string, place: string) =>
    createField('action_name', `${method} ${place}`),
  );
  const titleOf = (request: RequestFacts['request'], path: string) =>
    template === DEFAULT_TITLE
      ? toDefaultTitle(request.method, placeOf(request, path))
      : toTitle(toActionName(request, path));
  const toUrlRef = remember((referrer: string) => createField('urlref', toReferrer(referrer)));
  const toHints = remember((hints: string) => createField('uadata', hints));
  const toLanguage = remember((language: string) => createField('lang', language));
  const toTime = remember((seconds: number) => createField('cdt', seconds));
  const toAddress = remember((address: string) => createField('cip', address));
  /** Matomo 4 and later ignore `gt_ms`, so the duration is the server time too, unless the request has other timings. */
  const toDurations = remember((millis: number) => ({
    all: createField('gt_ms', millis),
    server: createField('pf_srv', millis),
  }));
  const toVariables = rememberBoth((status: number, method: string) => {
    const variables = new Map<string, unknown>([
      ['http_status_code', status],
      ['http_method', method],
    ]);
    return rawField('cvar', toCustomVariables(variables, maxCustomVariables, report));
  });

  return function toRequestFields({ request, url, path, address }, userAgent, startSeconds) {
    const { referrer, clientHints, acceptLanguage } = request;
    const duration = toDurations(Math.round(request.durationMillis));
    return [
      // What further hits have too, which begin with the same text.
      url.text.length <= SAFE_URL_LENGTH ? encodedField('url', url) : createField('url', url.text),
      referrer === undefined ? undefined : toUrlRef(referrer),
      userAgent,
      clientHints === undefined ? undefined : toHints(clientHints),
      acceptLanguage === undefined ? undefined : toLanguage(acceptLanguage),
      address === undefined || !hasToken ? undefined : toAddress(address),
      // Of the page view alone.
      titleOf(request, path),
      toTime(startSeconds),
      duration.all,
      duration.server,
      maxCustomVariables > 0 ? toVariables(request.statusCode, request.method) : undefined,
    ];
  };
}
