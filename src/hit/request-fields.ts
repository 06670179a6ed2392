import { memoize, memoizePair } from '../common/generation-cache.js';
import { createToActionName, DEFAULT_TITLE } from './action-name.js';
import { customVariablesOf, type ReportProblem, toCustomVariables } from './custom-variables.js';
import type { RequestFacts } from './dimensions.js';
import { createField, encodedField, type Field, rawField } from './field.js';
import { operationOf } from './graphql-operation.js';
import { createToReferrer, type PageUrlOptions } from './page-url.js';

/** What makes the parameters that every request has. */
export interface RequestFieldsOptions extends PageUrlOptions {
  /** A template; the result of a function comes with the request. */
  readonly actionName: unknown;
  readonly titlePaths: 'template' | 'raw';
  readonly maxCustomVariables: number;
  /** Whether delivery has a token: without one, Matomo refuses hits with parameters that need it. */
  readonly hasToken: boolean;
}

/** Longer ones may exceed Matomo's limit when they are HTML-escaped. */
const SAFE_URL_LENGTH = 170;

/** The parameters that every request has. Most of their values repeat, and are remembered. */
export function createToRequestFields(
  { actionName, hasToken, maxCustomVariables, ...urlOptions }: RequestFieldsOptions,
  redactPath: (path: string) => string,
  report: ReportProblem,
): (facts: RequestFacts, userAgent: Field, startSeconds: number) => (Field | undefined)[] {
  const template = typeof actionName === 'string' ? actionName : DEFAULT_TITLE;
  const toActionName = createToActionName(template);
  const toReferrer = createToReferrer(urlOptions, redactPath);
  const toTitle = memoize((title: string) => createField('action_name', title));
  const toDefaultTitle = memoizePair((method: string, place: string) =>
    createField('action_name', `${method} ${place}`),
  );
  const titleOf = ({ request, path, place }: RequestFacts) => {
    const operation = operationOf(request);
    const end = operation === undefined ? '' : ` ${operation}`;
    return template === DEFAULT_TITLE
      ? toDefaultTitle(request.method, place + end)
      : toTitle(toActionName(request, path, place) + end);
  };
  const toUrlRef = memoize((referrer: string) => createField('urlref', toReferrer(referrer)));
  const toHints = memoize((hints: string) => createField('uadata', hints));
  const toLanguage = memoize((language: string) => createField('lang', language));
  const toTime = memoize((seconds: number) => createField('cdt', seconds));
  const toAddress = memoize((address: string) => createField('cip', address));
  /** Matomo 4 and later ignore `gt_ms`, so the duration is the server time too, unless the request has other timings. */
  const toDurations = memoize((millis: number) => ({
    all: createField('gt_ms', millis),
    server: createField('pf_srv', millis),
  }));
  const toVariables = memoizePair((statusCode: number, method: string) => {
    const variables = customVariablesOf({ statusCode, method });
    return rawField('cvar', toCustomVariables(variables, maxCustomVariables, report));
  });

  return function toRequestFields(facts, userAgent, startSeconds) {
    const { request, url, address } = facts;
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
      titleOf(facts),
      toTime(startSeconds),
      duration.all,
      duration.server,
      maxCustomVariables > 0 ? toVariables(request.statusCode, request.method) : undefined,
    ];
  };
}
