import type { Attributes } from '../../common/otel-types.js';
import { isStaticFile } from '../../hit/page/page-path.js';
import { redactSecrets } from '../../hit/page/redaction.js';
import { type FinishedSpan, micrometerIn, splitTarget, textOf } from '../finished-span.js';
import { frameworkRequestOf } from '../node-request.js';
import type { Request } from '../request.js';
import { readExpressRoute } from './express.js';
import { fittingRoute, sentRouteOf } from './reported-route.js';
import { isRouteList, routeOfList } from './route-list.js';

/**
 * The route of a request, by the first that there is: what its SERVER span or one below reports, if that can have matched the path; what a
 * framework announced or stores on Node's request, which counts for a rewritten URL, too. It comes before a template of nothing but
 * parameters, and before a list, of which it knows the route. Its `/` of any other path has matched none, or its mount path is not known.
 */
export function routeOf(
  { spanFacts, incoming, additions, rpc, span }: Request,
  attributes: Attributes,
  path: string,
  redactPath: (path: string) => string = redactSecrets,
): string | undefined {
  const reported =
    textOf(attributes['http.route']) ?? micrometerIn(attributes)?.route ?? textOf(rpc?.route);
  const isList = reported !== undefined && isRouteList(reported);
  const ofServer = isList ? routeOfList(reported, path) : reported;
  const resource = span?.resource;
  const fitting = ofServer === undefined ? undefined : fittingRoute(ofServer, path, resource);
  if (fitting?.hasText && !isList) return fitting.route;
  // Nearly no request has spans below: nothing is created for the others.
  const below = spanFacts?.routes.map((route) => fittingRoute(route, path, resource));
  const named = below?.find((each) => each?.hasText);
  if (named) return named.route;
  const own =
    specific(additions?.route) ?? readRoute(frameworkRequestOf(incoming), path, redactPath);
  if (own !== undefined && (own !== '/' || path === '/')) return own;
  const route = (fitting ?? below?.find((each) => each !== undefined))?.route;
  const rewritten = ofServer === undefined ? undefined : rewrittenPathOf(incoming ?? {}, path);
  if (route !== undefined || ofServer === undefined || rewritten === undefined) return route;
  return fittingRoute(ofServer, rewritten, resource)?.route;
}

/** The path to which an application has rewritten the URL. Routers in which others are mounted remove its beginning only. */
function rewrittenPathOf(incoming: object, path: string): string | undefined {
  const { url } = incoming as { readonly url?: unknown };
  if (typeof url !== 'string') return undefined;
  const rewritten = splitTarget(url).path;
  return path.endsWith(rewritten) ? undefined : rewritten;
}

function specific(route: unknown): string | undefined {
  return typeof route === 'string' ? sentRouteOf(route) : undefined;
}

/** The route that a framework stores on Node's request. Frameworks that publish routes are in `announcements.ts`. */
function readRoute(
  incoming: object | undefined,
  path: string,
  redactPath: (path: string) => string,
): string | undefined {
  if (incoming === undefined) return undefined;
  try {
    return (
      specific(readExpressRoute(incoming, path, redactPath)) ?? specific(readStoredRoute(incoming))
    );
  } catch {
    return undefined; // a getter of the application: the title is made from the path
  }
}

const NEXT = Symbol.for('NextInternalRequestMeta');
const LOOPBACK = Symbol.for('loopback.middleware.context');
/** Of the package `gals`, in which Egg has the context of the current request. */
const EGG = Symbol.for('gals#asyncLocalStorage');

/** What frameworks other than Express store on Node's request. */
interface StoredRoutes {
  /** Next.js: the file that answers, if there is one. */
  readonly [NEXT]?: { readonly invokeOutput?: unknown };
  readonly [LOOPBACK]?: LoopBackContext;
  /** moleculer-web. */
  readonly $alias?: { readonly fullPath?: unknown };
  /** Feathers on Express, which stores what it has found here and its result on the response. */
  readonly lookup?: { readonly params?: { readonly __id?: unknown } };
  readonly res?: { readonly hook?: { readonly path?: unknown } };
}

interface Global {
  readonly [EGG]?: {
    getStore(): { readonly req?: unknown; readonly _matchedRoute?: unknown } | undefined;
  };
}

interface LoopBackContext {
  isBound(key: string): boolean;
  getSync(key: string, options: { optional: true }): { readonly path?: unknown } | undefined;
}

/** The route that Next.js, moleculer-web, LoopBack, Feathers or Egg stores. */
function readStoredRoute(incoming: StoredRoutes): unknown {
  const output = incoming[NEXT]?.invokeOutput;
  // Next.js has a route for each file with metadata, such as `/favicon.ico`.
  if (typeof output === 'string' && !isStaticFile(output)) return output;
  const { $alias, lookup, res, [LOOPBACK]: loopBack } = incoming;
  if ($alias?.fullPath !== undefined) return $alias.fullPath;
  // Without an operation, what LoopBack calls route has the URL that the client sent as its path.
  if (loopBack?.isBound('rest.operationSpec.current'))
    return loopBack.getSync('rest.operation.route', { optional: true })?.path;
  const path = lookup && res?.hook?.path;
  if (typeof path === 'string')
    return lookup?.params?.__id === undefined ? `/${path}` : `/${path}/:id`;
  // Egg's is found only in the async context of the request, in which it usually ends.
  const egg = (globalThis as Global)[EGG]?.getStore();
  return egg?.req === incoming ? egg._matchedRoute : undefined;
}

/** Set by the instrumentations of Express, its router and Connect, whose spans have only parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'router.type', 'connect.type'] as const;
const SUB_REQUEST = 'sveltekit.is_sub_request';
/** Every attribute that is read here, so that the gateway keeps them. */
export const ROUTE_BELOW_ATTRIBUTES: readonly string[] = [
  'http.route',
  ...LAYER_ATTRIBUTES,
  SUB_REQUEST,
];

/** The route that a child span reports, as Next.js and SvelteKit do. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = textOf(attributes['http.route']);
  if (route === undefined || specific(route) === undefined) return undefined;
  if (textOf(name)?.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route))
    return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
