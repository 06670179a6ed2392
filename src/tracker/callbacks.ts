import { errorName } from '../common/describe-error.js';
import type { Diagnostics } from '../common/diagnostics.js';
import { isRecord, isThenable } from '../common/is-record.js';
import { coded } from '../common/messages.js';
import type { Attributes, AttributeValue } from '../common/otel-types.js';
import type { TrackedRequest } from '../hit/http-request.js';
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
import type { ServiceDefaults } from '../request/matomo-attributes.js';
import { createReadUserId, userIdAttributeOf } from '../request/read-user-id.js';
import type { ReadRequest } from '../request/request.js';
import { readResponseHeader } from '../request/response.js';
import type { Decision } from './reasons.js';

/** Calls options that are functions, and reads those that name attributes, headers and cookies. Nothing here throws. */
export type OptionCallbacks = ReturnType<typeof createOptionCallbacks>;

/** Reads what one option says of a request. It may throw. */
type Read<T = unknown> = (decision: Decision) => T;

/** What a call that failed returns. */
const FAILED: unique symbol = Symbol('failed');

export function createOptionCallbacks(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
) {
  const { beforeSend, ignore, siteId } = options;
  const parameters = parametersFor(options, diagnostics);

  /** What a function of the application returns, or `FAILED`, which is logged once. */
  function call<Given>(option: string, read: (given: Given) => unknown, given: Given): unknown {
    try {
      const result = read(given);
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

  return {
    /** If the function fails, the hit is dropped: it may exist to keep data from Matomo. Returns a copy, because to read it may throw, too. */
    beforeSend:
      beforeSend &&
      function callBeforeSend(sent: Record<string, string>): Record<string, unknown> | undefined {
        const read = (given: Record<string, string>) => {
          const returned: unknown = beforeSend(given);
          return isRecord(returned) ? { ...returned } : returned;
        };
        const returned = call('beforeSend', read, sent);
        if (isRecord(returned)) return returned;
        if (returned !== null && returned !== FAILED)
          report('beforeSend', `returned ${Array.isArray(returned) ? 'a list' : typeof returned}`);
        return undefined;
      },

    /** What the application leaves out. If it cannot say, that is everything. */
    findIgnored(decision: Decision): 'page' | 'all' | undefined {
      if (typeof ignore !== 'function') return undefined;
      const result = call('ignore', fromFunction(ignore), decision);
      if (result === FAILED) return 'all';
      return result ? 'page' : undefined;
    },

    /** The site of the request; `undefined`: not tracked. */
    siteOf(decision: Decision): number | undefined {
      const known = siteOfService(siteId, decision.request.service);
      if (known !== undefined || typeof siteId !== 'function') return known;
      const result = call('siteId', fromFunction(siteId), decision);
      if (result === undefined || result === FAILED) return undefined;
      const site = toSiteId(result);
      if (site === undefined)
        diagnostics.warnOnce('siteId value', coded('site-id-value', NO_SITE_ID));
      return site;
    },

    /** Tracking parameters for the request, not yet checked; `undefined` if no option sets any. */
    parametersOf(decision: Decision): Readonly<Record<string, unknown>> | undefined {
      if (parameters.length === 0) return undefined;
      const set: Record<string, unknown> = {};
      for (const { parameter, option, read } of parameters) {
        const value = call(option, read, decision);
        if (value !== undefined && value !== FAILED) set[parameter] = value;
      }
      return set;
    },
  };
}

/** Calls a function of the application with the request as callbacks see it. */
function fromFunction(option: (request: TrackedRequest) => unknown): Read {
  return (decision) => {
    decision.tracked ??= new RequestOfCallbacks(decision.request);
    return option(decision.tracked);
  };
}

/**
 * A request as callbacks see it. `header` and `attributes` work until the callback has returned. An object literal with spreads and a
 * getter would have slow properties and a hidden class of its own for each request.
 */
class RequestOfCallbacks implements TrackedRequest {
  readonly method: string;
  readonly path: string;
  declare readonly query?: string;
  declare readonly route?: string;
  declare readonly host?: string;
  readonly protocol: 'http' | 'https';
  readonly statusCode: number;
  readonly aborted: boolean;
  declare readonly userAgent?: string;
  declare readonly address?: string;
  declare readonly traceId?: string;
  readonly header: (name: string) => string | undefined;
  readonly durationMillis: number;
  readonly startTime: number;
  readonly #request: ReadRequest;

  constructor(request: ReadRequest) {
    const { http } = request;
    const { query, route, host, userAgent, address } = http;
    this.#request = request;
    this.method = http.method;
    this.path = http.path;
    if (query !== undefined) this.query = query;
    if (route !== undefined) this.route = route;
    if (host !== undefined) this.host = decodeLatin1(host);
    this.protocol = http.scheme;
    this.statusCode = http.statusCode;
    this.aborted = http.aborted;
    if (userAgent !== undefined) this.userAgent = userAgent;
    if (address !== undefined) this.address = address;
    if (request.traceId !== '') this.traceId = request.traceId;
    this.header = (name) => request.headerAsSent(name.toLowerCase());
    this.durationMillis = http.durationMillis;
    this.startTime = http.startMillis;
  }

  get attributes(): Attributes {
    const { attributes, service } = this.#request;
    return { ...service.attributes, ...attributes };
  }
}

const NO_RESULT = 'Its result counts as undefined. Fix the function';
/** Of functions that keep data from Matomo. */
const EFFECTS: Readonly<Record<string, string>> = {
  ignore: 'The request is not tracked, and neither are its additional hits. Fix the function',
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

/** A tracking parameter that an option sets. */
interface OptionParameter {
  readonly parameter: string;
  readonly option: string;
  readonly read: Read;
}

function parametersFor(
  options: ResolvedOptions,
  diagnostics: Pick<Diagnostics, 'warnOnce'>,
): OptionParameter[] {
  const { actionName, userId, visitorId, dimensions } = options;
  const toReadSource = createReadSource(options);
  const parameters: OptionParameter[] = [];
  const add = (parameter: string, option: string, read: Read | undefined) => {
    if (read) parameters.push({ parameter, option, read });
  };
  const readUserId = createReadUserId(options, diagnostics);
  const readCookie: Read = ({ request, site }) =>
    visitorOfCookie(request.headerAsSent('cookie'), site);
  const ofCaller: Read | undefined = readUserId && (({ request }) => readUserId(request));
  const ofVisitor = visitorId === 'cookie' ? readCookie : undefined;
  add('action_name', 'actionName', isFunction(actionName) ? fromFunction(actionName) : undefined);
  add('uid', 'userId', isFunction(userId) ? fromFunction(userId) : ofCaller);
  add('cid', 'visitorId', isFunction(visitorId) ? fromFunction(visitorId) : ofVisitor);
  for (const [id, source] of Object.entries(dimensions)) {
    if (typeof source === 'string' && isFromRequest(source)) continue;
    const read = isFunction(source)
      ? fromFunction((request) => toText(source(request) as AttributeValue | undefined))
      : toReadSource(source as string);
    add(`dimension${id}`, `dimensions[${id}]`, read);
  }
  return parameters;
}

function isFunction(option: unknown): option is (request: TrackedRequest) => unknown {
  return typeof option === 'function';
}

type ReadSource = Read<string | number | undefined>;

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
  // Of the SERVER span. Without one, there is no trace to look for.
  trace_id: ({ request }) => request.traceId || undefined,
  span_id: ({ request }) => request.spanId || undefined,
  'user_agent.name': ({ http }) => productOf(http.userAgent)?.name,
  'user_agent.version': ({ http }) => productOf(http.userAgent)?.version,
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
      return ({ request }) =>
        toSent(isOfResponse ? readResponseHeader(request, header) : request.headerAsSent(header));
    }
    const derive = Object.hasOwn(DERIVED, source) ? DERIVED[source] : undefined;
    if (derive)
      return (decision) => toText(decision.request.attributes[source]) ?? derive(decision);
    const oldName = OLD_NAMES[source] ?? '';
    return ({ request: { attributes, service } }) =>
      toSent(toText(attributes[source] ?? attributes[oldName] ?? service.attributes[source]));
  };
}

/** The attributes of spans that options name, and that nothing else has. */
export function attributeNamesIn({ userId, dimensions }: ResolvedOptions): string[] {
  const sources = Object.values(dimensions).filter((source) => typeof source === 'string');
  const ofDimensions = sources.filter(
    (source) =>
      !isFromRequest(source) && !headerAttributeOf(source) && !Object.hasOwn(DERIVED, source),
  );
  const ofUser = userIdAttributeOf(userId);
  return ofUser === undefined ? ofDimensions : [ofUser, ...ofDimensions];
}

/** Whether an option is a function. */
export function hasFunctions(options: ResolvedOptions): boolean {
  const all: unknown[] = [...Object.values(options), ...Object.values(options.dimensions)];
  return all.some((each) => typeof each === 'function');
}

/** A list with a number that is not finite is that number, which is reported and not sent. */
function toText(value: AttributeValue | undefined): string | number | undefined {
  if (Array.isArray(value)) return hasNonFiniteNumber(value) ? Number.NaN : value.join(',');
  return typeof value === 'boolean' ? String(value) : (value as string | number | undefined);
}
