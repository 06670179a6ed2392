import { isStaticFile, toPagePath, toTitlePath } from '../hit/page/page-path.js';
import {
  type FoundRoute,
  fitRoute,
  type Route,
  segmentsOf,
  toCompared,
  toPath,
  toRoute,
  WITH_TEXT,
} from '../hit/page/routes.js';
import { isRefusal } from '../hit/page/title.js';
import { decodePath } from '../hit/text.js';
import { type FinishedSpan, micrometerIn, textOf } from './finished-span.js';
import { frameworkRequestOf } from './node-request.js';
import { NO_ATTRIBUTES, type Request } from './request.js';

const NO_ROUTE: FoundRoute = { route: undefined, titleRoute: undefined };

/** The path of a request, with which routes are compared. */
class RouteTarget {
  /** The path; `undefined` if it is unknown. */
  readonly path: string | undefined;
  readonly #statusCode: number;
  readonly #redactPath: (path: string) => string;
  #segments: readonly string[] | undefined;
  #shown: readonly string[] | undefined;

  constructor(path: string | undefined, statusCode: number, redactPath: (path: string) => string) {
    this.path = path;
    this.#statusCode = statusCode;
    this.#redactPath = redactPath;
  }

  get segments(): readonly string[] {
    this.#segments ??= toCompared(this.path ?? '/');
    return this.#segments;
  }

  /** The segments as titles show them without a route. */
  get shown(): readonly string[] {
    this.#shown ??= segmentsOf(toTitlePath(toPagePath(this.#redactPath(this.path ?? '/'))));
    return this.#shown;
  }

  /** Matches a route against the path below the mount path of its router. */
  find(route: Route, mount: readonly string[] = []): FoundRoute | undefined {
    const { reported, segments, hasWildcard } = route;
    if (this.path === undefined) return route.whole;
    const front = mount.length;
    const fitted = fitRoute(route, front === 0 ? this.segments : this.segments.slice(front));
    if (!fitted) return undefined;
    if (!hasWildcard && front === 0 && fitted === route.shown) return route.whole;
    if (!hasWildcard) return { route: reported, titleRoute: toPath([...mount, ...fitted]) };
    // A wildcard without parameters in front of it is less specific than the path.
    const saysMore = segments.includes(undefined) || mount.some((each) => each.startsWith(':'));
    if (!saysMore || isRefusal(this.#statusCode)) return { route: reported, titleRoute: undefined };
    const rest = this.shown.slice(front + fitted.length);
    return { route: reported, titleRoute: toPath([...mount, ...fitted, ...rest]) };
  }
}

/**
 * The most specific route of a request, and of several such routes the first: from its SERVER span, from child spans, from the announcement of a
 * framework, or from Node's request, on which a framework stores it.
 */
export function routeOf(
  { span, spanFacts, incoming, additions, rpc }: Request,
  path: string | undefined,
  statusCode: number,
  redactPath: (path: string) => string,
): FoundRoute {
  if (!span && !spanFacts && additions?.route === undefined && rpc?.route === undefined) {
    const stored = incoming && storedOn(incoming);
    if (!stored) return NO_ROUTE;
  }
  const { attributes = NO_ATTRIBUTES } = span ?? {};
  const ofServer =
    textOf(attributes['http.route']) ?? micrometerIn(attributes)?.route ?? textOf(rpc?.route);
  const first = ofServer === undefined ? null : toRoute(ofServer);
  if (path !== undefined && first?.rank === WITH_TEXT && first.pattern.test(path))
    return first.whole;
  const target = new RouteTarget(path, statusCode, redactPath);
  let best: FoundRoute | undefined;
  let bestRank = -1;
  for (const text of [ofServer, ...(spanFacts?.routes ?? []), additions?.route]) {
    const route = text === undefined ? null : toRoute(text);
    if (route === null || route.rank <= bestRank) continue;
    const found = target.find(route) ?? findInContext(route, target);
    if (!found) continue;
    if (route.rank === WITH_TEXT) return found;
    best = found;
    bestRank = route.rank;
  }
  return (incoming && routeOnRequest(incoming, target, bestRank)) ?? best ?? NO_ROUTE;
}

/** Matches a route without the beginning of the path: the context path of a server such as Spring's, or a mount that an instrumentation omits. */
function findInContext(route: Route, target: RouteTarget): FoundRoute | undefined {
  const front = target.segments.length - route.segments.length;
  if (front <= 0 || route.rank < WITH_TEXT || route.segments.length === 0) return undefined;
  return target.find(route, target.shown.slice(0, front));
}

const NEXT = Symbol.for('NextInternalRequestMeta');

/** Properties that frameworks store on Node's request. */
interface FrameworkRequest {
  /** Next.js: the file that serves the request, if there is one. */
  readonly [NEXT]?: { readonly invokeOutput?: unknown };
  /** The property of Express, Nest, Restify and Sails. */
  readonly route?: { readonly path?: unknown };
  /** The beginning of the path that the mount paths of the routers matched, as text; empty after an error. */
  readonly baseUrl?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The properties that a framework has stored on Node's request, if they include a route. */
function storedOn(incoming: NonNullable<Request['incoming']>): FrameworkRequest | undefined {
  try {
    const stored: FrameworkRequest | undefined = frameworkRequestOf(incoming);
    return (stored?.route ?? stored?.[NEXT]) == null ? undefined : stored;
  } catch {
    return undefined; // a getter of the application
  }
}

function routeOnRequest(
  incoming: NonNullable<Request['incoming']>,
  target: RouteTarget,
  leastRank: number,
): FoundRoute | undefined {
  const stored = storedOn(incoming);
  if (!stored) return undefined;
  try {
    const file = stored[NEXT]?.invokeOutput;
    // Next.js has a route for each file with metadata, such as `/favicon.ico`.
    const isOfNext = typeof file === 'string' && !isStaticFile(file);
    for (const text of isOfNext ? [file] : [stored.route?.path].flat()) {
      const route = typeof text === 'string' ? toRoute(text || '/') : null; // otherwise a regular expression
      if (route === null || route.rank <= leastRank) continue;
      const found = isOfNext ? target.find(route) : findMounted(route, stored, target);
      if (found) return found;
    }
  } catch {
    // a getter of the application
  }
  return undefined;
}

/**
 * Finds a route of Express below the mount paths of its routers. Of mount paths, only the matched text is known, and parameter names if a router has
 * `mergeParams`. After an error, the base URL is empty or that of the router that handles the error.
 */
function findMounted(
  route: Route,
  { baseUrl, params = {} }: FrameworkRequest,
  target: RouteTarget,
): FoundRoute | undefined {
  const sent = segmentsOf(target.path ?? '/');
  const names = new Map<unknown, string>();
  for (const [name, value] of Object.entries(params))
    if (!/^\d/.test(name) && !route.reported.includes(`:${name}`)) names.set(value, `:${name}`);
  const ofBase = segmentsOf(textOf(baseUrl) ?? '').length;
  const ofRest = route.hasWildcard ? ofBase : Math.max(0, sent.length - route.segments.length);
  for (const front of [ofBase, ofRest]) {
    const mount = target.shown
      .slice(0, front)
      .map((shown, i) => names.get(decodePath(sent[i] ?? '')) ?? shown);
    const found = target.find(route, mount);
    if (!found) continue;
    const reported = front === 0 ? found.route : toPath([...mount, ...segmentsOf(route.reported)]);
    return { ...found, route: reported };
  }
  return undefined;
}

/** Attributes of instrumentations of Express, its router and Connect. The spans with these attributes have only parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'router.type', 'connect.type'] as const;
const SUB_REQUEST = 'sveltekit.is_sub_request';
/** Attributes from which routes are read. The gateway keeps them. */
export const ROUTE_BELOW_ATTRIBUTES: readonly string[] = [
  'http.route',
  ...LAYER_ATTRIBUTES,
  SUB_REQUEST,
];

/** The route in a child span. Next.js and SvelteKit have such spans. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = textOf(attributes['http.route']);
  if (route === undefined || toRoute(route) === null) return undefined;
  if (textOf(name)?.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route))
    return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** Requests of a page to its own server run in the same process. Only the outermost span of SvelteKit tells them apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
