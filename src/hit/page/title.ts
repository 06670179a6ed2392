import { PairCache } from '../../common/generation-cache.js';
import { type HttpRequest, type Operation, OTHER_NAME } from '../http-request.js';
import { shownHost } from '../text.js';
import { decodeTitle, toTitlePath } from './page-path.js';
import { redactRoute } from './redact.js';
import { refusalOf } from './refusals.js';

/** Clients choose how long a batch is. */
const MAX_COUNT = 100;

type Titled = Pick<
  HttpRequest,
  'method' | 'route' | 'host' | 'statusCode' | 'spanName' | 'operation'
>;

type Answered = Pick<HttpRequest, 'method' | 'statusCode'>;

/** Names the place that a request asked for. The path is already redacted. */
export type ToPlace = (
  request: Pick<HttpRequest, 'method' | 'route' | 'statusCode' | 'operation'>,
  path: string,
) => string;

/** Statuses from here on are failures. */
export const FIRST_FAILED_STATUS = 400;

/** All that Node.js accepts in HTTP/1. In HTTP/2, clients can send others. */
const METHODS: ReadonlySet<string> = /* @__PURE__ */ new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS
  PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(
    /\s+/,
  ),
);

/** The method as it is sent: clients must not fill reports with methods that they invent, but an application can have some of its own. */
export function shownMethodOf({ method, statusCode }: Answered): string {
  return statusCode < FIRST_FAILED_STATUS || METHODS.has(method) ? method : '_OTHER';
}

/** Endpoints without a route that were answered and did not fail. If there are more, all are forgotten. */
const MAX_ENDPOINTS = 2000;

/**
 * The place is, by the first that there is: the call of an MCP server; the route; why a path was refused, because scanners must not fill
 * titles with paths that they try; the path. A route or path is followed by the name of the operation. What has one was not refused.
 */
export function createToPlace(titlePaths: 'template' | 'raw'): ToPlace {
  const toPath =
    titlePaths === 'raw' ? decodeTitle : (path: string) => decodeTitle(toTitlePath(path));
  const endpoints = new PairCache<string, string, true>(MAX_ENDPOINTS);

  return function toPlace({ method, route, statusCode, operation }, path) {
    if (operation && isMcpCall(operation)) return labelOf(operation);
    const isNamed = operation?.name !== undefined;
    if (route !== undefined) {
      const place = decodeTitle(route);
      return isNamed ? toOperationPlace(operation, place, path, toPath) : place;
    }
    // The procedures of tRPC are no part of their endpoint.
    const endpoint = operation?.kind === 'trpc' ? parentOf(path) || '/' : path;
    const template = toTitlePath(endpoint);
    const isKnown = endpoints.get(method, template) ?? false;
    if (!isKnown && statusCode < FIRST_FAILED_STATUS) endpoints.set(method, template, true);
    if (isNamed) return toOperationPlace(operation, undefined, path, toPath);
    const refusal = refusalOf(statusCode);
    // What has been answered before was refused because of this request, unless it is said not to exist for it.
    if (refusal && (!isKnown || refusal.isFinal)) return refusal.reason;
    return decodeTitle(titlePaths === 'raw' ? endpoint : template);
  };
}

function toOperationPlace(
  operation: Operation,
  route: string | undefined,
  path: string,
  toPath: (path: string) => string,
): string {
  const label = labelOf(operation);
  if (operation.kind === 'trpc') {
    // The name is that of the path as sent, which is redacted here.
    const isRedacted = operation.name !== OTHER_NAME && !path.includes(`/${operation.name}`);
    return isRedacted ? toPath(path) : `${toPath(parentOf(path))}/${label}`;
  }
  const place = route ?? toPath(path);
  return operation.kind === 'graphql' && place === '/' ? label : `${place} ${label}`;
}

function labelOf({ name, count, mcp }: Operation): string {
  const label = [mcp?.method, name].filter(Boolean).join(' ');
  if (count === 1) return label;
  return `${label} (${count > MAX_COUNT ? `${MAX_COUNT}+` : count})`;
}

/** Whether the title names what an MCP server did, and not its endpoint. */
function isMcpCall({ name, mcp }: Operation): boolean {
  return mcp !== undefined && (name ?? mcp.method) !== undefined;
}

/** What comes before the last segment of a path. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** `{method}` of a title: a GraphQL operation at the root has no place that could be named, and MCP has one endpoint. */
export function titleMethodOf(
  request: Answered & Pick<HttpRequest, 'operation'>,
  place: string,
): string {
  const { operation } = request;
  const method = shownMethodOf(request);
  if (operation === undefined) return method;
  if (isMcpCall(operation)) return 'MCP';
  const isAtRoot = operation.kind === 'graphql' && operation.name !== undefined;
  return isAtRoot && place === labelOf(operation) ? 'GraphQL' : method;
}

const FIELDS: Readonly<Record<string, (request: Titled, path: string, place: string) => string>> = {
  method: (request, _path, place) => titleMethodOf(request, place),
  route: (_request, _path, place) => place,
  path: (_request, path) => path,
  host: ({ host = '' }) => shownHost(host),
  status: (request) => String(request.statusCode),
  // Without a span, it is the method.
  span: (request) =>
    request.spanName === request.method ? shownMethodOf(request) : redactRoute(request.spanName),
};

/** The default title, as a template and as a function. */
export const DEFAULT_TITLE = '{method} {route}';
export const toDefaultTitle = (method: string, route: string): string => `${method} ${route}`;

/** The fields of a title template. */
export const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Turns a template such as `{method} {route}` into a function. The path is already redacted, and all fields are valid. */
export function createToTitle(
  template: string,
): (request: Titled, path: string, place: string) => string {
  const parts = template.split(/\{(\w+)\}/);
  return function toTitle(request, path, place) {
    let title = parts[0] as string;
    for (let i = 1; i < parts.length; i += 2) {
      title += `${FIELDS[parts[i] as string]?.(request, path, place)}${parts[i + 1]}`;
    }
    return title;
  };
}
