import type { HttpRequest, OperationKind } from '../http-request.js';
import { titleMethodOf } from '../page/action-name.js';
import type { PageUrl } from '../page/page-url.js';

/** What a dimension may be made of besides attributes as they stand on the span. */
export interface RequestFacts {
  readonly request: HttpRequest;
  /** As it is tracked: redacted and cut. */
  readonly url: PageUrl;
  /** Redacted. */
  readonly referrer?: string | undefined;
  /** Redacted. */
  readonly path: string;
  /** The route, or what titles show instead. */
  readonly place: string;
  /** Masked. */
  readonly address: string | undefined;
}

export interface DimensionOptions {
  /** By ID; only those of attributes count here, what functions gave comes with the request. */
  readonly dimensions: Readonly<Record<string, unknown>>;
  /** Match routes of deprecated endpoints. */
  readonly deprecated: readonly RegExp[];
}

type Fact = (
  facts: RequestFacts,
  options: Pick<DimensionOptions, 'deprecated'>,
) => string | number | undefined;

export const DEPRECATED_ENDPOINT = 'matomo.deprecated_endpoint';

const method: Fact = ({ request }) => request.method;
const status: Fact = ({ request }) => request.statusCode;
const url: Fact = (facts) => facts.url.text;
const path: Fact = (facts) => facts.path;
const referrer: Fact = (facts) => facts.referrer;
const query: Fact = (facts) => facts.url.text.split('?', 2)[1];
const address: Fact = (facts) => facts.address;
const userAgent: Fact = ({ request }) => request.userAgent;

const FIRST_FAILED_STATUS = 400;

/** Answers which endpoints fail: a report of this dimension has nothing but failures. */
const failedEndpoint: Fact = ({ request, place }) => {
  const { statusCode } = request;
  if (statusCode < FIRST_FAILED_STATUS) return undefined;
  return `${Math.floor(statusCode / 100)}xx ${titleMethodOf(request, place)} ${place}`;
};

/** Only a name that the title has, too: the path that contains it may have been redacted. */
function operationName(...kinds: readonly OperationKind[]): Fact {
  return function nameOf({ request: { operation }, place }) {
    if (operation?.name === undefined || !kinds.includes(operation.kind)) return undefined;
    return place.includes(operation.name) ? operation.name : undefined;
  };
}

const NOT_FOUND = 404;

/** Answers who still calls an endpoint that will be removed. */
const deprecatedEndpoint: Fact = ({ request, place }, { deprecated }) => {
  const { route, statusCode, isDeprecated } = request;
  if (route === undefined && statusCode === NOT_FOUND) return undefined;
  const path = route?.startsWith('/') ? route : `/${route}`; // those of Django have no slash at their beginning
  const isListed = route !== undefined && deprecated.some((pattern) => pattern.test(path));
  return isDeprecated || isListed ? `${titleMethodOf(request, place)} ${place}` : undefined;
};

/**
 * Attributes whose value the hit knows better than the span: the status of an aborted request, a route that came late, and
 * what is redacted or masked before it may leave. By their stable names and their old ones.
 */
const FACTS: Readonly<Record<string, Fact>> = {
  'http.request.method': method,
  'http.method': method,
  'http.response.status_code': status,
  'http.status_code': status,
  'http.route': ({ request }) => request.route,
  'url.full': url,
  'http.url': url,
  'http.target': ({ path: target, url: full }) =>
    [target, full.text.split('?', 2)[1]].filter(Boolean).join('?'),
  'url.path': path,
  'url.query': query,
  'url.scheme': ({ request }) => request.scheme,
  'http.scheme': ({ request }) => request.scheme,
  'client.address': address,
  'http.client_ip': address,
  'network.peer.address': address,
  'net.peer.ip': address,
  'net.sock.peer.addr': address,
  'user_agent.original': userAgent,
  'http.user_agent': userAgent,
  'http.request.header.referer': referrer,
  'graphql.operation.name': operationName('graphql'),
  'rpc.method': operationName('json-rpc', 'trpc'),
  'http.request.header.user-agent': userAgent,
  'matomo.failed_endpoint': failedEndpoint,
  [DEPRECATED_ENDPOINT]: deprecatedEndpoint,
};

/** Whether a dimension of this attribute is made with the hit and not read from the span. */
export function isRequestFact(attribute: string): boolean {
  return Object.hasOwn(FACTS, attribute);
}

/** Dimensions that are made with the hit, as parameters; `undefined` where there are none. */
export function createToDimensions(
  options: DimensionOptions,
): ((facts: RequestFacts) => Record<string, unknown>) | undefined {
  const facts = Object.entries(options.dimensions).flatMap(([id, attribute]) => {
    const fact = isRequestFact(String(attribute)) ? FACTS[String(attribute)] : undefined;
    return fact ? [[`dimension${id}`, fact] as const] : [];
  });
  if (facts.length === 0) return undefined;
  return (request) =>
    Object.fromEntries(facts.map(([name, fact]) => [name, fact(request, options)]));
}
