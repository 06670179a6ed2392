import type { Diagnostics } from '../common/diagnostics.js';
import { isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { DEPRECATED_ENDPOINT, isRequestFact } from '../hit/parameters/dimensions.js';
import { toSiteId } from '../hit/parameters/site-id.js';
import { visitorOfCookie } from '../hit/visitor/visitor-cookie.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import { createUserIdReader } from '../requests/read-user-id.js';
import type { EndedRecord } from '../requests/request-record.js';
import { toTrackedRequest } from '../requests/tracked-request.js';
import {
  createReadSource,
  type EndedRequest,
  isDeprecatedResponse,
  toText,
} from './dimension-sources.js';

/** Asks the options that only an ended request can answer: functions, attributes of its span, its cookies. */
export interface OptionCallbacks {
  /** Whether the application leaves the request out. `failed`: it could not say. */
  isIgnored(ended: EndedRecord, span: FinishedSpan): boolean | 'failed';
  /** The site of the request; `undefined`: not tracked. */
  siteOf(ended: EndedRecord, span: FinishedSpan): number | undefined;
  /** Tracking parameters for the request, not yet checked; `undefined` where no option asks. */
  parametersOf(
    ended: EndedRecord,
    span: FinishedSpan,
    site: number,
  ): Readonly<Record<string, unknown>> | undefined;
}

const FAILED = Symbol('failed');
const NOT_TRACKED = 'The request is not tracked, and neither are its further hits';

type Callback<T> = (request: TrackedRequest) => T;

export function createOptionCallbacks(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): OptionCallbacks {
  const { ignore, siteId } = options;
  const callbacks = callbacksOf(options, diagnostics);
  const readsDeprecation = Object.values(options.dimensions).includes(DEPRECATED_ENDPOINT);

  /** What an option function says; what it throws is reported once. */
  function call<T>(
    option: string,
    callback: Callback<T>,
    request: TrackedRequest,
    effect = 'Its result counts as undefined',
  ): T | undefined | typeof FAILED {
    try {
      const result = callback(request);
      if (!isThenable(result)) return result;
      result.then(undefined, () => undefined); // a rejection would end the process
      report(option, 'returned a promise', effect);
    } catch (error) {
      report(option, `threw ${nameOf(error)}`, effect);
    }
    return FAILED;
  }

  function report(option: string, what: string, effect: string): void {
    const text = `The option ${option} ${what}. ${effect}. Fix the function.`;
    diagnostics.warnOnce(`throws ${option}`, coded('callback-failed', text));
  }

  /** The same, if a failure counts as `undefined`. */
  function read<T>(option: string, callback: Callback<T>, request: TrackedRequest): T | undefined {
    const value = call(option, callback, request);
    return value === FAILED ? undefined : value;
  }

  return {
    isIgnored(ended, span) {
      if (ignore === undefined) return false;
      const given = call('ignore', ignore, toTrackedRequest(ended, span), NOT_TRACKED);
      return given === FAILED ? 'failed' : Boolean(given);
    },

    siteOf(ended, span) {
      if (typeof siteId === 'number') return siteId;
      const given = read('siteId', siteId, toTrackedRequest(ended, span));
      const site = toSiteId(given);
      if (site === undefined && given !== undefined) {
        diagnostics.warnOnce(
          'siteId value',
          coded(
            'site-id-value',
            'The option siteId returned a value that is not a site ID. The request is not tracked. Return a positive whole number, or undefined to track nothing.',
          ),
        );
      }
      return site;
    },

    parametersOf(ended, span, site) {
      if (readsDeprecation) ended.request.isDeprecated = isDeprecatedResponse(ended, span);
      if (callbacks.length === 0) return undefined;
      const tracked = toTrackedRequest(ended, span);
      const request: EndedRequest = { tracked, ended, span };
      const parameters: Record<string, unknown> = {};
      for (const { parameter, option, callback } of callbacks) {
        const value = read(option, () => callback(request, site), tracked);
        if (value !== undefined) parameters[parameter] = value;
      }
      return parameters;
    },
  };
}

interface ParameterCallback {
  readonly parameter: string;
  readonly option: string;
  readonly callback: (request: EndedRequest, site: number) => unknown;
}

/** A callback of the application. */
function fromRequest(callback: Callback<unknown>): ParameterCallback['callback'] {
  return ({ tracked }) => callback(tracked);
}

function callbacksOf(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): ParameterCallback[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toReadSource = createReadSource(options);
  const userIds = createUserIdReader(options, diagnostics);
  const callbacks: ParameterCallback[] = [];
  if (typeof actionName === 'function') {
    callbacks.push({
      parameter: 'action_name',
      option: 'actionName',
      callback: fromRequest(actionName),
    });
  }
  if (typeof userId === 'function') {
    callbacks.push({ parameter: 'uid', option: 'userId', callback: fromRequest(userId) });
  } else if (userIds) {
    const callback = ({ ended, span }: EndedRequest) => userIds.read(ended, span);
    callbacks.push({ parameter: 'uid', option: 'userId', callback });
  }
  if (typeof visitorId === 'function') {
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback: fromRequest(visitorId) });
  } else if (visitorId === 'cookie') {
    const callback = ({ tracked }: EndedRequest, site: number) =>
      visitorOfCookie(tracked.header('cookie'), site);
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback });
  }
  for (const [id, source] of Object.entries(dimensions)) {
    if (typeof source === 'string' && isRequestFact(source)) continue;
    const callback =
      typeof source === 'function'
        ? fromRequest((request) => toText(source(request)))
        : toReadSource(source);
    callbacks.push({ parameter: `dimension${id}`, option: `dimensions[${id}]`, callback });
  }
  return callbacks;
}

/** Never the message: it may hold what the function was given. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : `a ${typeof error}`;
}
