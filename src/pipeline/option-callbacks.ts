import type { Diagnostics } from '../common/diagnostics.js';
import { memoize } from '../common/generation-cache.js';
import { isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { AttributeValue } from '../common/otel-types.js';
import { findBotName } from '../hit/bots/bots.js';
import type { TrackedRequest } from '../hit/http-request.js';
import { isRequestFact } from '../hit/parameters/dimensions.js';
import { createToSentAttribute } from '../hit/parameters/sent-attribute.js';
import { toSiteId } from '../hit/parameters/site-id.js';
import { visitorOfCookie } from '../hit/visitor/visitor-cookie.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { FinishedSpan } from '../requests/finished-span.js';
import type { EndedRecord } from '../requests/request-record.js';
import { toTrackedRequest } from '../requests/tracked-request.js';

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
  const callbacks = callbacksOf(options);

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
      if (callbacks.length === 0) return undefined;
      const tracked = toTrackedRequest(ended, span);
      const parameters: Record<string, unknown> = {};
      for (const { parameter, option, callback } of callbacks) {
        const value = read(option, (given) => callback(given, site), tracked);
        if (value !== undefined) parameters[parameter] = value;
      }
      return parameters;
    },
  };
}

interface ParameterCallback {
  readonly parameter: string;
  readonly option: string;
  readonly callback: (request: TrackedRequest, site: number) => unknown;
}

function callbacksOf(options: ResolvedOptions): ParameterCallback[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toSentAttribute = createToSentAttribute(options);
  const attributeOf =
    (name: string): Callback<unknown> =>
    ({ attributes, host }) => {
      const value = toText(attributes[name] ?? attributes[OLD_NAMES[name] ?? '']);
      return typeof value === 'string' ? toSentAttribute(name, value, host) : value;
    };
  const callbacks: ParameterCallback[] = [];
  if (typeof actionName === 'function') {
    callbacks.push({ parameter: 'action_name', option: 'actionName', callback: actionName });
  }
  if (typeof userId === 'function') {
    callbacks.push({ parameter: 'uid', option: 'userId', callback: userId });
  }
  if (typeof visitorId === 'function') {
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback: visitorId });
  } else if (visitorId === 'cookie') {
    const callback = (request: TrackedRequest, site: number) =>
      visitorOfCookie(request.header('cookie'), site);
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback });
  }
  for (const [id, source] of Object.entries(dimensions)) {
    if (typeof source === 'string' && isRequestFact(source)) continue;
    const callback: Callback<unknown> =
      typeof source === 'function'
        ? (request) => toText(source(request))
        : source === BOT_NAME
          ? botNameOf
          : attributeOf(source);
    callbacks.push({ parameter: `dimension${id}`, option: `dimensions[${id}]`, callback });
  }
  return callbacks;
}

const BOT_NAME = 'user_agent.bot.name';
const toBotName = memoize((userAgent: string) => findBotName(userAgent) ?? '');

/** As the span has it, else by the user agent. People and unknown bots have none. */
function botNameOf({ attributes, userAgent = '' }: TrackedRequest): string | number | undefined {
  return toText(attributes[BOT_NAME]) ?? (toBotName(userAgent) || undefined);
}

/** Old names of attributes that spans of older instrumentations have instead. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'server.address': 'net.host.name',
  'server.port': 'net.host.port',
  'network.peer.port': 'net.peer.port',
  'network.protocol.version': 'http.flavor',
  'network.transport': 'net.transport',
  'error.type': 'http.error_name',
};

function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}

/** Never the message: it may hold what the function was given. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : `a ${typeof error}`;
}
