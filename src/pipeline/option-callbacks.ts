import { errorName } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { AttributeValue } from '../common/otel-types.js';
import { findBotName } from '../hit/bots/bots.js';
import type { BeforeSend } from '../hit/hit-builder.js';
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
import { hasNonFiniteNumber, toSiteId } from '../hit/parameters/parameter-values.js';
import { visitorOfCookie } from '../hit/visitor/visitor-id.js';
import type { ResolvedOptions } from '../options/option-table.js';
import { findServiceSite } from '../options/parse-values.js';
import type { ServiceDefaults } from '../requests/matomo-attributes.js';
import { createUserIdReader, type UserIdReader } from '../requests/read-user-id.js';
import type { EndedRequest } from '../requests/request.js';
import { readResponseHeader } from '../requests/response.js';
import { RequestOfCallbacks } from '../requests/tracked-request.js';

/** Asks the options that only an ended request can answer: functions, attributes of its span, its cookies. */
export type OptionCallbacks = ReturnType<typeof createOptionCallbacks>;

const FAILED: unique symbol = Symbol('failed');

/** Asks one option about what is given, such as a request while all of it is there. */
type Ask<T, Given = EndedRequest> = (given: Given, site: number) => T;

/** A callback of the application; `undefined` if the option is no function. */
function fromFunction(option: unknown): Ask<unknown> | undefined {
  if (typeof option !== 'function') return undefined;
  return (request) => {
    request.tracked ??= new RequestOfCallbacks(request);
    return option(request.tracked);
  };
}

/** Copies what the function returns, because to read it may throw, too. */
function fromBeforeSend(beforeSend: BeforeSend): Ask<unknown, Record<string, string>> {
  return (parameters) => {
    const returned: unknown = beforeSend(parameters);
    return isRecord(returned) ? { ...returned } : returned;
  };
}

export function createOptionCallbacks(options: ResolvedOptions, diagnostics: Diagnostics) {
  const { beforeSend, ignore, siteId } = options;
  const userIds = createUserIdReader(options, diagnostics);
  const callbacks = callbacksOf(options, userIds);
  const readsDeprecation = Object.values(options.dimensions).includes(DEPRECATED_ENDPOINT);
  const askIgnore = fromFunction(ignore);
  const askSite = fromFunction(siteId);
  const askBeforeSend = beforeSend && fromBeforeSend(beforeSend);

  /** What an option says, or `FAILED`; what its function throws is reported once. */
  function call<Given>(option: string, ask: Ask<unknown, Given>, given: Given, site = 0): unknown {
    try {
      const result = ask(given, site);
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

  /** If the function fails, the hit is dropped: it may exist to keep data from Matomo. */
  function callBeforeSend(parameters: Record<string, string>): Record<string, unknown> | undefined {
    const returned = askBeforeSend && call('beforeSend', askBeforeSend, parameters);
    if (isRecord(returned)) return returned;
    if (returned !== null && returned !== FAILED)
      report('beforeSend', `returned ${Array.isArray(returned) ? 'a list' : typeof returned}`);
    return undefined;
  }

  return {
    beforeSend: askBeforeSend && callBeforeSend,

    /** Whether the application leaves the request out. `failed`: it could not say. */
    isIgnored(request: EndedRequest): boolean | 'failed' {
      const result = askIgnore && call('ignore', askIgnore, request);
      return result === FAILED ? 'failed' : Boolean(result);
    },

    /** The site of the request; `undefined`: not tracked. */
    siteOf(request: EndedRequest): number | undefined {
      const known = siteOfService(siteId, request.service);
      if (known !== undefined || askSite === undefined) return known;
      const result = call('siteId', askSite, request);
      if (result === undefined || result === FAILED) return undefined;
      const site = toSiteId(result);
      if (site === undefined)
        diagnostics.warnOnce('siteId value', coded('site-id-value', NO_SITE_ID));
      return site;
    },

    /** Tracking parameters for the request, not yet checked; `undefined` if no option asks. */
    parametersOf(
      request: EndedRequest,
      site: number,
    ): Readonly<Record<string, unknown>> | undefined {
      if (readsDeprecation) request.http.isDeprecated = isDeprecatedResponse(request);
      if (callbacks.length === 0) return undefined;
      const parameters: Record<string, unknown> = {};
      for (const { parameter, option, ask } of callbacks) {
        const value = call(option, ask, request, site);
        if (value !== undefined && value !== FAILED) parameters[parameter] = value;
      }
      return parameters;
    },

    /** Whether the status of a response that has not begun will decide about the user ID. */
    awaitsStatus: (request: EndedRequest): boolean => userIds?.awaitsStatus(request) ?? false,
  };
}

const NO_RESULT = 'Its result counts as undefined. Fix the function';
/** Of functions that keep data from Matomo. */
const EFFECTS: Readonly<Record<string, string>> = {
  ignore: 'The request is not tracked, and neither are its further hits. Fix the function',
  beforeSend: 'The hit was dropped. Return the parameters, or null to drop a hit on purpose',
};
const NO_SITE_ID =
  'The option siteId returned a value that is not a site ID. The request is not tracked. Return a positive whole number, or undefined to track nothing.';

/** The site of a service: `matomo.idsite` of its resource wins over the option. `undefined` if there is none, or a function chooses it. */
export function siteOfService(
  siteId: ResolvedOptions['siteId'],
  { site, attributes }: ServiceDefaults,
): number | undefined {
  if (site !== undefined || typeof siteId === 'function') return site;
  if (typeof siteId === 'number') return siteId;
  return findServiceSite(siteId, attributes['service.name']);
}

interface ParameterCallback {
  readonly parameter: string;
  readonly option: string;
  readonly ask: Ask<unknown>;
}

function callbacksOf(
  options: ResolvedOptions,
  userIds: UserIdReader | undefined,
): ParameterCallback[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toReadSource = createReadSource(options);
  const callbacks: ParameterCallback[] = [];
  const add = (parameter: string, option: string, ask: Ask<unknown> | undefined) => {
    if (ask) callbacks.push({ parameter, option, ask });
  };
  const askUserId = userIds && ((request: EndedRequest) => userIds.read(request));
  const askCookie: Ask<string | undefined> | undefined =
    visitorId === 'cookie'
      ? (request, site) => visitorOfCookie(request.headerAsSent('cookie'), site)
      : undefined;
  add('action_name', 'actionName', fromFunction(actionName));
  add('uid', 'userId', fromFunction(userId) ?? askUserId);
  add('cid', 'visitorId', fromFunction(visitorId) ?? askCookie);
  for (const [id, source] of Object.entries(dimensions)) {
    if (typeof source === 'string' && isFromRequest(source)) continue;
    const ask =
      typeof source === 'function'
        ? fromFunction((request: TrackedRequest) => toText(source(request)))
        : toReadSource(source);
    add(`dimension${id}`, `dimensions[${id}]`, ask);
  }
  return callbacks;
}

type ReadSource = Ask<string | number | undefined>;

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
  // Of the server span. Without one, there is no trace to look for.
  trace_id: ({ traceId }) => traceId || undefined,
  span_id: ({ spanId }) => spanId || undefined,
  // People and unknown bots have none.
  'user_agent.bot.name': ({ http }) => findBotName(http.userAgent ?? ''),
  'user_agent.name': ({ http }) => productOf(http.userAgent)?.name,
  'user_agent.version': ({ http }) => productOf(http.userAgent)?.version,
  'matomo.content_format': (request) => {
    const type = readResponseHeader(request, 'content-type');
    return contentFormatOf(type, request.http.path, request.http.statusCode);
  },
};

/** Makes what reads the source of a dimension: a header, an attribute, or what is derived from the request. */
function createReadSource(options: SentAttributeOptions): (source: string) => ReadSource {
  const toSentAttribute = createToSentAttribute(options);

  return function toReadSource(source) {
    // Of what a client sends, nothing may be left.
    function toSent(value: string | number | undefined) {
      return typeof value === 'string' ? toSentAttribute(source, value) || undefined : value;
    }
    const named = headerAttributeOf(source);
    if (named) {
      const { direction, header } = named;
      const isOfResponse = direction === 'response';
      return (request) =>
        toSent(isOfResponse ? readResponseHeader(request, header) : request.headerAsSent(header));
    }
    const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : undefined;
    if (derive)
      return (request, site) => toText(request.attributes[source]) ?? derive(request, site);
    const oldName = OLD_NAMES[source] ?? '';
    return (request) => {
      const { attributes, service } = request;
      const value = attributes[source] ?? attributes[oldName] ?? service.attributes[source];
      return toSent(toText(value));
    };
  };
}

/** Whether the response says that its endpoint is deprecated. */
function isDeprecatedResponse(request: EndedRequest): boolean {
  const header = (name: string) => readResponseHeader(request, name);
  return saysDeprecated(header('deprecation'), header('sunset'));
}

/** A list with a number that is not finite is that number, which is reported and not sent. */
function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return hasNonFiniteNumber(value) ? Number.NaN : value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}
