import { memoize } from '../../common/generation-cache.js';
import type { Attributes } from '../../common/otel-types.js';
import { isStaticFile } from '../../hit/page/page-path.js';
import { redactRoute } from '../../hit/page/redaction.js';
import { isCatchAllRoute, plainRoute } from '../../hit/page/routes.js';
import { type FinishedSpan, textOf } from '../finished-span.js';
import { frameworkRequestOf } from '../node-request.js';
import type { Request } from '../request.js';
import { readExpressRoute } from './express.js';
import { isRegularExpression, isRouteList, routeOfList } from './route-list.js';

/**
 * The route template: from the server span, a child span, a framework's announcement, or the framework's request object. The
 * first one that is specific wins. The route `/` of any other path says nothing: it has matched none, or its mount path is not known.
 */
export function routeOf(
  { spanAdditions, incoming, announced }: Request,
  attributes: Attributes,
  path: string,
): string | undefined {
  const reported = textOf(attributes['http.route']);
  const isList = reported !== undefined && isRouteList(reported);
  const spanRoute = specific(isList ? routeOfList(reported, path) : reported);
  if (spanRoute !== undefined && !isList && !isCutShort(spanRoute, path)) return spanRoute;
  const own = specific(announced.route) ?? readRoute(frameworkRequestOf(incoming), path);
  if (spanRoute !== undefined && spanRoute !== '/') return own ?? spanRoute; // the framework knows the mount path, too
  const route = spanAdditions?.route ?? own;
  return route === '/' && path !== '/' ? undefined : route;
}

/** Express' instrumentation leaves `/*` and `/{*rest}` out of a route, so that the rest, or `/`, is of every path below. */
function isCutShort(route: string, path: string): boolean {
  return route.length < path.length && path.startsWith(route);
}

/**
 * The route without its syntax and secrets, unless it says less than the path: a catch-all, a regular expression, or the page by which
 * Next.js shows errors.
 */
function specific(route: unknown): string | undefined {
  return typeof route === 'string' ? toSent(route).sent : undefined;
}

/** Remembered, because it takes 1 to 2 µs: that is 5 % of a request. Routes with secrets are not. */
const toSent = /* @__PURE__ */ memoize(
  (route: string) => {
    const plain = plainRoute(route);
    const redacted = redactRoute(plain);
    const isVague = isCatchAllRoute(plain) || isRegularExpression(plain) || plain === '/_error';
    return { sent: isVague ? undefined : redacted, isWhole: redacted === plain };
  },
  ({ isWhole }) => isWhole,
);

/** The route that a framework stores on Node's request. Frameworks that publish routes are in `captured-requests.ts`. */
function readRoute(incoming: object | undefined, path: string): string | undefined {
  if (incoming === undefined) return undefined;
  try {
    return specific(readExpressRoute(incoming, path)) ?? specific(readStoredRoute(incoming));
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

/** The route named by a child span, as Next.js and SvelteKit do. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = specific(textOf(attributes['http.route']));
  if (route === undefined) return undefined;
  if (textOf(name)?.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route))
    return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
