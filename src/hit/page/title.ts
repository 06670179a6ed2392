import { copyText, remember } from '../../common/recent-texts.js';
import { type HttpRequest, type Operation, OTHER_NAME } from '../http-request.js';
import { shownHost } from '../text.js';
import { decodeTitle, toTitlePath } from './page-path.js';
import { redactRoute } from './redact.js';

/** The highest number of operations that a title shows, because clients choose the length of a batch. */
const MAX_COUNT = 100;

type Titled = Pick<HttpRequest, 'method' | 'host' | 'statusCode' | 'spanName' | 'operation'>;

type Answered = Pick<HttpRequest, 'method' | 'statusCode'>;

type Placed = Pick<HttpRequest, 'method' | 'titleRoute' | 'statusCode' | 'operation' | 'service'>;

export const FIRST_FAILED_STATUS = 400;

/** The methods that Node.js accepts over HTTP/1. Over HTTP/2, clients can send others. */
const METHODS: ReadonlySet<string> = /* @__PURE__ */ new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS
  PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(
    /\s+/,
  ),
);

/** The method that is sent. Clients must not fill reports with invented methods, but an application may accept methods of its own. */
export function shownMethodOf({ method, statusCode }: Answered): string {
  return statusCode < FIRST_FAILED_STATUS || METHODS.has(method) ? method : '_OTHER';
}

interface Refusal {
  /** Replaces the path in titles, which scanners must not fill with the paths that they try. */
  readonly reason: string;
  /** Replaces the path in URLs if they follow titles. A 401, 403 or 410 has none, because there is, or was, an endpoint. */
  readonly path?: string;
  /** Whether the endpoint does not exist for this request, although it may have answered others. */
  readonly isFinal?: true;
}

const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: { reason: 'Bad Request', path: '/bad-request' },
  401: { reason: 'Unauthorized' },
  403: { reason: 'Forbidden' },
  404: { reason: 'Not Found', path: '/not-found', isFinal: true },
  405: { reason: 'Method Not Allowed', path: '/method-not-allowed', isFinal: true },
  410: { reason: 'Gone', isFinal: true },
};

export function isRefusal(statusCode: number): boolean {
  return REFUSALS[statusCode] !== undefined;
}

/** The maximum number of successful requests that are remembered. */
const MAX_PLACES = 500;
/** Longer places are not remembered, because clients choose methods and paths. */
const MAX_PLACE_LENGTH = 500;

/** The maximum number of texts that a place keeps, because clients choose methods and some statuses. */
const MAX_PARTS = 8;

/** The place of requests in titles, with the encoded texts that hits of these requests share. */
export class Place {
  /** The route, or what titles show instead, without an operation. */
  readonly text: string;
  readonly #parts: { method: string; statusCode: number; part: string }[] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** The encoded title and custom variables of requests without an operation. */
  partOf({ method, statusCode }: Answered): string | undefined {
    for (const each of this.#parts)
      if (each.statusCode === statusCode && each.method === method) return each.part;
    return undefined;
  }

  keepPart({ method, statusCode }: Answered, part: string): void {
    if (this.#parts.length < MAX_PARTS && METHODS.has(method))
      this.#parts.push({ method, statusCode, part: copyText(part) });
  }
}

/** A path as it is sent, with the values that are derived from it. */
export class Page {
  readonly path: string;
  readonly encoded: string;
  /** The last request with this path that succeeded. */
  success: Success | undefined = undefined;
  place: Place | undefined = undefined;

  constructor(path: string, encoded: string) {
    this.path = path;
    this.encoded = encoded;
  }
}

/** A request that succeeded. Later requests to the same endpoint that are refused get its place. */
interface Success {
  readonly key: string;
  readonly site: number;
  readonly service: string | undefined;
  readonly method: string;
  readonly titleRoute: string | undefined;
  isKept: boolean;
}

/** Determines the places of requests for titles, dimensions and URLs, from redacted paths. */
export function createPlaces(titlePaths: 'template' | 'raw') {
  const toPath = (path: string) => (titlePaths === 'raw' ? path : toTitlePath(path));
  const toPlace = remember(1024, (text) => new Place(copyText(text)));
  /** Successful requests by site, service, method and template, the least recently used first. */
  const successes = new Map<string, Success>();

  /** Makes a success the most recently used one. While the map has room, the order does not matter and stays. */
  function use(success: Success): void {
    if (success.isKept && successes.size < MAX_PLACES) return;
    success.isKept = true;
    successes.delete(success.key);
    successes.set(success.key, success);
    const [oldest = success] = successes.size > MAX_PLACES ? successes.values() : [];
    if (oldest === success) return;
    oldest.isKept = false;
    successes.delete(oldest.key);
  }

  function keyOf({ method, service }: Placed, site: number, path: string): string {
    return `${site} ${service} ${method} ${toTitlePath(path)}`;
  }

  function learn(request: Placed, site: number, path: string): Success | undefined {
    const { method, titleRoute, service } = request;
    const key = keyOf(request, site, path);
    const known = successes.get(key);
    if (known && known.titleRoute === titleRoute) return known;
    if (key.length + (titleRoute?.length ?? 0) > MAX_PLACE_LENGTH) return undefined;
    if (known) known.isKept = false;
    // A substring would keep the longer text in memory.
    return {
      key: copyText(key),
      site,
      service,
      method: METHODS.has(method) ? method : copyText(method),
      titleRoute: titleRoute && copyText(titleRoute),
      isKept: false,
    };
  }

  return {
    /**
     * The place of a request: its route; else the reason of the refusal, because scanners must not fill titles with the paths that they try;
     * else its path. A refusal that depends on the client (such as 401) has the place of the last successful request to the same endpoint.
     *
     * @param page the page of the path, if redaction does not change the path
     */
    find(request: Placed, path: string, site: number, page?: Page): Place {
      const { method, titleRoute, statusCode, operation, service } = request;
      // The path of a tRPC request ends in the names of procedures, which are not part of the endpoint.
      const endpoint = operation?.kind === 'trpc' ? parentOf(path) || '/' : path;
      if (statusCode < FIRST_FAILED_STATUS) {
        const last = endpoint === path ? page?.success : undefined;
        if (
          last?.titleRoute === titleRoute &&
          last?.method === method &&
          last.site === site &&
          last.service === service &&
          last.isKept &&
          page?.place
        ) {
          use(last);
          return page.place;
        }
        const place = toPlace(titleRoute ?? toPath(endpoint));
        const success = learn(request, site, endpoint);
        if (success) use(success);
        if (page && endpoint === path) {
          page.success = success;
          page.place = place;
        }
        return place;
      }
      const refusal = titleRoute === undefined ? REFUSALS[statusCode] : undefined;
      if (refusal === undefined) return toPlace(titleRoute ?? toPath(endpoint));
      const known = refusal.isFinal ? undefined : successes.get(keyOf(request, site, endpoint));
      if (known === undefined) return toPlace(refusal.reason);
      use(known);
      return toPlace(known.titleRoute ?? toPath(endpoint));
    },
    /** Adds the operation to a place, as titles show both. */
    show(place: string, { operation }: Placed, path: string): string {
      const shown = decodeTitle(place);
      if (operation === undefined || !isNamed(operation)) return shown;
      const label = labelOf(operation);
      if (isMcpCall(operation)) return label;
      if (operation.kind === 'graphql' && shown === '/') return label;
      if (operation.kind !== 'trpc') return `${shown} ${label}`;
      // The name comes from the path as sent. If redaction removed it from the path, the title must not show it.
      const isRedacted = operation.name !== OTHER_NAME && !path.includes(`/${operation.name}`);
      return decodeTitle(isRedacted ? toPath(path) : `${toPath(parentOf(path))}/${label}`);
    },
  };
}

/** The path of a URL that reveals no more than the title does. */
export function toPlacePath(place: string, path: string): string {
  if (place.startsWith('/')) return place.replaceAll('?', '%3F');
  const refusal = Object.values(REFUSALS).find(({ reason }) => reason === place);
  return refusal?.path ?? toTitlePath(path);
}

/** Whether a path replaces those of refused requests. Such a URL has no query. */
export function isRefusedPath(path: string): boolean {
  return Object.values(REFUSALS).some((refusal) => refusal.path === path);
}

function isNamed(operation: Operation | undefined): boolean {
  return operation !== undefined && (operation.name !== undefined || isMcpCall(operation));
}

function labelOf({ name, count, mcp }: Operation): string {
  const label = [mcp?.method, name].filter(Boolean).join(' ');
  if (count === 1) return label;
  return `${label} (${count > MAX_COUNT ? `${MAX_COUNT}+` : count})`;
}

/** Whether the title names the MCP call instead of the endpoint. */
function isMcpCall({ name, mcp }: Operation): boolean {
  return mcp !== undefined && (name ?? mcp.method) !== undefined;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The value of `{method}` in titles. A GraphQL operation at `/` has no place that a title could show, and MCP has only one endpoint. */
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
  // Without a span, the span name is the method.
  span: (request) =>
    request.spanName === request.method ? shownMethodOf(request) : redactRoute(request.spanName),
};

export const DEFAULT_TITLE = '{method} {route}';

/** The fields of a title template. */
export const TEMPLATE_FIELDS: readonly string[] = Object.keys(FIELDS);

/** Compiles a template such as `{method} {route}`. The path must be redacted, and the fields validated. */
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
