import type { Diagnostics } from '../common/diagnostics.js';
import { isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { AttributeValue } from '../common/otel-types.js';
import { findBotName } from '../hit/bots/bots.js';
import type { TrackedRequest } from '../hit/http-request.js';
import {
  contentFormatOf,
  createToSentAttribute,
  headerAttributeOf,
  productOf,
  type SentAttributeOptions,
  saysDeprecated,
} from '../hit/parameters/attributes.js';
import { DEPRECATED_ENDPOINT, isFromRequest } from '../hit/parameters/dimensions.js';
import { toSiteId } from '../hit/parameters/parameter-value.js';
import { visitorOfCookie } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { createUserIdReader, type UserIdReader } from '../requests/read-user-id.js';
import type { EndedRequest } from '../requests/request.js';
import { readResponseHeader } from '../requests/response-header.js';
import { toTrackedRequest } from '../requests/tracked-request.js';

/** Asks the options that only an ended request can answer: functions, attributes of its span, its cookies. */
export interface OptionCallbacks {
  /** Whether the application leaves the request out. `failed`: it could not say. */
  isIgnored(ended: EndedRequest): boolean | 'failed';
  /** The site of the request; `undefined`: not tracked. */
  siteOf(ended: EndedRequest): number | undefined;
  /** Tracking parameters for the request, not yet checked; `undefined` where no option asks. */
  parametersOf(ended: EndedRequest, site: number): Readonly<Record<string, unknown>> | undefined;
  /** Whether the status of a response that has not begun will decide about the user ID. */
  awaitsStatus(ended: EndedRequest): boolean;
}

const FAILED = Symbol('failed');
const NOT_TRACKED = 'The request is not tracked, and neither are its further hits';

type Callback<T> = (request: TrackedRequest) => T;

export function createOptionCallbacks(
  options: ResolvedOptions,
  diagnostics: Diagnostics,
): OptionCallbacks {
  const { ignore, siteId } = options;
  const userIds = createUserIdReader(options, diagnostics);
  const callbacks = callbacksOf(options, userIds);
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
    isIgnored(ended) {
      if (ignore === undefined) return false;
      const result = call('ignore', ignore, toTrackedRequest(ended), NOT_TRACKED);
      return result === FAILED ? 'failed' : Boolean(result);
    },

    siteOf(ended) {
      if (typeof siteId === 'number') return siteId;
      const result = read('siteId', siteId, toTrackedRequest(ended));
      const site = toSiteId(result);
      if (site === undefined && result !== undefined) {
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

    parametersOf(ended, site) {
      if (readsDeprecation) ended.request.isDeprecated = isDeprecatedResponse(ended);
      if (callbacks.length === 0) return undefined;
      const tracked = toTrackedRequest(ended);
      const request: AskedRequest = { tracked, ended };
      const parameters: Record<string, unknown> = {};
      for (const { parameter, option, callback } of callbacks) {
        const value = read(option, () => callback(request, site), tracked);
        if (value !== undefined) parameters[parameter] = value;
      }
      return parameters;
    },

    awaitsStatus: (ended) => userIds?.awaitsStatus(ended) ?? false,
  };
}

interface ParameterCallback {
  readonly parameter: string;
  readonly option: string;
  readonly callback: (request: AskedRequest, site: number) => unknown;
}

/** A callback of the application. */
function fromRequest(callback: Callback<unknown>): ParameterCallback['callback'] {
  return ({ tracked }) => callback(tracked);
}

function callbacksOf(
  options: ResolvedOptions,
  userIds: UserIdReader | undefined,
): ParameterCallback[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toReadSource = createReadSource(options);
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
    const callback = ({ ended }: AskedRequest) => userIds.read(ended);
    callbacks.push({ parameter: 'uid', option: 'userId', callback });
  }
  if (typeof visitorId === 'function') {
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback: fromRequest(visitorId) });
  } else if (visitorId === 'cookie') {
    const callback = ({ tracked }: AskedRequest, site: number) =>
      visitorOfCookie(tracked.header('cookie'), site);
    callbacks.push({ parameter: 'cid', option: 'visitorId', callback });
  }
  for (const [id, source] of Object.entries(dimensions)) {
    if (typeof source === 'string' && isFromRequest(source)) continue;
    const callback =
      typeof source === 'function'
        ? fromRequest((request) => toText(source(request)))
        : toReadSource(source);
    callbacks.push({ parameter: `dimension${id}`, option: `dimensions[${id}]`, callback });
  }
  return callbacks;
}

/** Never the message: it may contain arguments of the function. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : `a ${typeof error}`;
}

/** A request while all of it is there. */
interface AskedRequest {
  readonly tracked: TrackedRequest;
  readonly ended: EndedRequest;
}

type ReadSource = (request: AskedRequest) => string | number | undefined;

/** Old names of attributes that spans of older instrumentations have instead. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'server.address': 'net.host.name',
  'server.port': 'net.host.port',
  'network.peer.port': 'net.peer.port',
  'network.protocol.version': 'http.flavor',
  'network.transport': 'net.transport',
  'error.type': 'http.error_name',
};

/** Attributes that are derived from the request, unless the span has them. */
const DERIVED: Readonly<Record<string, ReadSource>> = {
  // People and unknown bots have none.
  'user_agent.bot.name': ({ tracked: { userAgent = '' } }) => findBotName(userAgent),
  'user_agent.name': ({ tracked }) => productOf(tracked.userAgent)?.name,
  'user_agent.version': ({ tracked }) => productOf(tracked.userAgent)?.version,
  'matomo.content_format': ({ tracked, ended }) => {
    const type = readResponseHeader(ended, 'content-type');
    return contentFormatOf(type, tracked.path, ended.request.statusCode);
  },
};

/** Makes what reads the source of a dimension: a header, an attribute, or what is derived from the request. */
function createReadSource(options: SentAttributeOptions): (source: string) => ReadSource {
  const toSentAttribute = createToSentAttribute(options);

  function toSent(name: string, value: string | number | undefined, host: string | undefined) {
    return typeof value === 'string' ? toSentAttribute(name, value, host) : value;
  }

  return function toReadSource(source) {
    const named = headerAttributeOf(source);
    if (named) {
      const { direction, header } = named;
      return ({ ended, tracked }) => {
        const value =
          direction === 'response' ? readResponseHeader(ended, header) : ended.headerAsSent(header);
        return toSent(source, value, tracked.host);
      };
    }
    const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : undefined;
    if (derive) return (request) => toText(request.tracked.attributes[source]) ?? derive(request);
    return ({ tracked: { attributes, host } }) =>
      toSent(source, toText(attributes[source] ?? attributes[OLD_NAMES[source] ?? '']), host);
  };
}

/** Whether the response says that its endpoint is deprecated. */
function isDeprecatedResponse(ended: EndedRequest): boolean {
  const header = (name: string) => readResponseHeader(ended, name);
  return saysDeprecated(header('deprecation'), header('sunset'));
}

function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}
