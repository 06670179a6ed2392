import { errorName } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import { AsyncScope } from '../common/timers.js';
import type { HttpRequest, TrackedRequest } from '../hit/http-request.js';
import {
  createToSentAttribute,
  headerAttributeOf,
  productOf,
  type SentAttributeOptions,
} from '../hit/parameters/attributes.js';
import { isFromRequest } from '../hit/parameters/dimensions.js';
import { hasNonFiniteNumber, toSiteId } from '../hit/parameters/parameter-values.js';
import { decodeLatin1 } from '../hit/text.js';
import { visitorOfCookie } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { findServiceSite } from '../options/values.js';
import { runIn } from '../request/contexts.js';
import { type ServiceDefaults, serviceDefaultsOf } from '../request/matomo-attributes.js';
import { createReadUserId } from '../request/read-user-id.js';
import type { Request } from '../request/request.js';
import { readResponseHeader } from '../request/response-status.js';

/** Calls options that are functions, and reads options that name attributes, headers and cookies. Never throws. */
export type OptionCallbacks = ReturnType<typeof createOptionCallbacks>;

/** Reads the value of one option for a request. May throw. */
type Read<T = unknown> = (http: HttpRequest, request: Request) => T;

/** The async context in which functions of the application run. It must not be that of a request, in which an application may call `start`. */
const SCOPE: AsyncScope = /* @__PURE__ */ new AsyncScope('opentelemetry-matomo');

/** The result of a call that failed. */
const FAILED: unique symbol = Symbol('failed');

/** Creates the callbacks for the options that are set. The others are `undefined`. */
export function createOptionCallbacks(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
) {
  const { beforeSend, ignore, siteId } = options;
  const parameters = parametersFor(options, diagnostics, fromFunction);
  const ownSite = siteOfService(siteId, serviceDefaultsOf(undefined));

  /** Calls a function of the application in the async context of its request, because hits may be built while another request is handled. */
  function fromFunction(option: Option): Read {
    return (http, request) => {
      const given = new CallbackArgument(http, request) as object as TrackedRequest;
      return SCOPE.runInAsyncScope(() => runIn(request, option, given));
    };
  }

  /** Returns the result of a function of the application. A failure is logged once and returns `FAILED`. */
  function call(option: string, read: () => unknown): unknown {
    try {
      const result = read();
      if (!isThenable(result)) return result;
      result.then(undefined, () => undefined); // a rejection would end the process
      report(option, 'returned a promise');
    } catch (error) {
      report(option, `threw ${errorName(error)}`);
    }
    return FAILED;
  }

  function report(option: string, what: string): void {
    const text = `The option ${option} ${what}. ${EFFECTS[option] ?? NO_RESULT}.`;
    diagnostics.warnOnce(`throws ${option}`, coded('callback-failed', text));
  }

  /** The site that the function `siteId` returns. */
  function chosenSite(http: HttpRequest, request: Request): number | undefined {
    const result = call('siteId', () => fromFunction(siteId as Option)(http, request));
    if (result === undefined || result === FAILED) return undefined;
    const site = toSiteId(result);
    if (site === undefined)
      diagnostics.warnOnce('siteId value', coded('site-id-value', NO_SITE_ID));
    return site;
  }

  return {
    /** Drops the hit if the function fails, because the function may exist to keep data from Matomo. Returns a copy, because reads may throw. */
    beforeSend:
      beforeSend &&
      function callBeforeSend(sent: Record<string, string>): Record<string, unknown> | undefined {
        const returned = call('beforeSend', () => {
          const result: unknown = SCOPE.runInAsyncScope(beforeSend, undefined, sent);
          return isRecord(result) ? { ...result } : result;
        });
        if (isRecord(returned)) return returned;
        if (returned !== null && returned !== FAILED)
          report('beforeSend', `returned ${Array.isArray(returned) ? 'a list' : typeof returned}`);
        return undefined;
      },

    /** What the option `ignore` leaves out. If the function fails, nothing of the request is tracked. */
    findIgnored: isFunction(ignore)
      ? (http: HttpRequest, request: Request): 'page' | 'all' | undefined => {
          const result = call('ignore', () => fromFunction(ignore)(http, request));
          if (result === FAILED) return 'all';
          return result ? 'page' : undefined;
        }
      : undefined,

    /** The site of all requests without a span, unless a function chooses the site. */
    ownSite,

    /** The site of a request; `undefined` if the request must not be tracked. */
    siteOf(http: HttpRequest, request: Request): number | undefined {
      const known = siteOfService(siteId, request.service);
      return known === undefined && isFunction(siteId) ? chosenSite(http, request) : known;
    },

    /** Tracking parameters for a request, not yet validated. */
    parametersOf:
      parameters.length === 0
        ? undefined
        : (http: HttpRequest, request: Request): Readonly<Record<string, unknown>> => {
            const set: Record<string, unknown> = {};
            for (const [parameter, option, read] of parameters) {
              const value = call(option, () => read(http, request));
              if (value !== undefined && value !== FAILED) set[parameter] = value;
            }
            return set;
          },
  };
}

type Option = (request: TrackedRequest) => unknown;

/** A request as callbacks see it, without unknown values. `header` and `attributes` work until the callback has returned. */
class CallbackArgument {
  readonly #request: Request;

  constructor(http: HttpRequest, request: Request) {
    const { method, path, query, route, host, userAgent, address } = http;
    this.#request = request;
    const all: { readonly [name in keyof TrackedRequest]?: unknown } = {
      ...{ method, path, query, route, host: host && decodeLatin1(host), userAgent, address },
      ...{ protocol: http.scheme, statusCode: http.statusCode, aborted: http.aborted },
      traceId: request.traceId || undefined,
      header: (name: string) => request.headerAsSent(name.toLowerCase()),
      ...{ durationMillis: http.durationMillis, startTime: http.startMillis },
    };
    for (const [name, value] of Object.entries(all))
      if (value !== undefined) Object.assign(this, { [name]: value });
  }

  get attributes(): Attributes {
    const { attributes, service } = this.#request;
    return { ...service.attributes, ...attributes };
  }
}

const NO_RESULT = 'Its result counts as undefined. Fix the function';
/** The effects of a failure, for messages about functions that keep data from Matomo. */
const EFFECTS: Readonly<Record<string, string>> = {
  ignore: 'The request is not tracked, and neither are its additional hits. Fix the function',
  beforeSend: 'The hit was dropped. Return the parameters, or null to drop a hit on purpose',
};
const NO_SITE_ID =
  'The option siteId returned a value that is not a site ID. The request is not tracked. Return a positive whole number, or undefined to track nothing.';

/** The site of a service. `matomo.idsite` of its resource takes precedence over the option. `undefined` if there is none or a function chooses. */
export function siteOfService(
  siteId: ResolvedOptions['siteId'],
  { site, attributes }: ServiceDefaults,
): number | undefined {
  if (site !== undefined || typeof siteId === 'function') return site;
  if (typeof siteId === 'number') return siteId;
  return findServiceSite(siteId, attributes['service.name']);
}

/** Readers of the tracking parameters that options set, with the names of parameter and option. */
function parametersFor(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
  fromFunction: (option: Option) => Read,
): (readonly [parameter: string, option: string, read: Read])[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toReadSource = createReadSource(options);
  const readUserId = createReadUserId(options, diagnostics);
  const readCookie: Read = ({ site }, request) =>
    visitorOfCookie(request.headerAsSent('cookie'), site);
  const ofCookie = visitorId === 'cookie' ? readCookie : undefined;
  const sources = Object.entries(dimensions).filter(
    ([, source]) => typeof source !== 'string' || !isFromRequest(source),
  );
  const all: (readonly [string, string, Read | undefined])[] = [
    ['action_name', 'actionName', isFunction(actionName) ? fromFunction(actionName) : undefined],
    ['uid', 'userId', isFunction(userId) ? fromFunction(userId) : readUserId],
    ['cid', 'visitorId', isFunction(visitorId) ? fromFunction(visitorId) : ofCookie],
    ...sources.map(([id, source]) => {
      const read = isFunction(source)
        ? fromFunction((request) => toText(source(request) as AttributeValue | undefined))
        : toReadSource(source as string);
      return [`dimension${id}`, `dimensions[${id}]`, read] as const;
    }),
  ];
  return all.flatMap(([parameter, option, read]) => (read ? [[parameter, option, read]] : []));
}

function isFunction(option: unknown): option is (request: TrackedRequest) => unknown {
  return typeof option === 'function';
}

type ReadSource = Read<string | number | undefined>;

/** Names of attributes in older versions of OpenTelemetry's semantic conventions. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  'server.address': 'net.host.name',
  'server.port': 'net.host.port',
  'network.peer.port': 'net.peer.port',
  'network.protocol.version': 'http.flavor',
  'network.transport': 'net.transport',
  'error.type': 'http.error_name',
};

/** Values that are derived from the request unless the span has the attribute. */
const DERIVED: Readonly<Record<string, ReadSource>> = {
  // Without a SERVER span, no tracing backend has a trace of the request.
  trace_id: (_http, request) => request.traceId || undefined,
  span_id: (_http, request) => request.spanId || undefined,
  'user_agent.name': ({ userAgent }) => productOf(userAgent)?.name,
  'user_agent.version': ({ userAgent }) => productOf(userAgent)?.version,
};

/** Creates functions that read the source of a dimension: a header, an attribute, or a value that is derived from the request. */
function createReadSource(options: SentAttributeOptions): (source: string) => ReadSource {
  const toSentAttribute = createToSentAttribute(options);

  return function toReadSource(source) {
    // Redaction may remove all of a value that a client sends.
    function toSent(value: string | number | undefined) {
      return typeof value === 'string' ? toSentAttribute(source, value) || undefined : value;
    }
    const named = headerAttributeOf(source);
    if (named) {
      const { direction, header } = named;
      const isOfResponse = direction === 'response';
      return (_http, request) =>
        toSent(isOfResponse ? readResponseHeader(request, header) : request.headerAsSent(header));
    }
    const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : undefined;
    if (derive)
      return (http, request) => toText(request.attributes[source]) ?? derive(http, request);
    const oldName = OLD_NAMES[source] ?? '';
    return (_http, { attributes, service }) =>
      toSent(toText(attributes[source] ?? attributes[oldName] ?? service.attributes[source]));
  };
}

/** Joins a list. A list that contains a number that is not finite becomes `NaN`, which is reported and not sent. */
function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return hasNonFiniteNumber(value) ? Number.NaN : value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}
