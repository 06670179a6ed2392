import type { Attributes } from '../../common/otel-types.js';
import { isCatchAllRoute } from '../../hit/page/catch-all-route.js';
import { plainRoute } from '../../hit/page/plain-route.js';
import { type FinishedSpan, textOf } from '../finished-span.js';
import { frameworkRequestOf } from '../http2-exchange.js';
import type { Request } from '../request.js';
import { readExpressRoute } from './express.js';
import { isRegularExpression, isRouteList, routeOfList } from './route-list.js';
import { readStoredRoute } from './stored-routes.js';

/**
 * The route template: from the server span, a child span, a framework's announcement, or the framework's request object. The
 * first one that is specific wins. A 404 with the route `/` matched none.
 */
export function routeOf(
  { nestedRoute, incoming, announced }: Request,
  attributes: Attributes,
  path: string,
  statusCode: number,
): string | undefined {
  const reported = textOf(attributes['http.route']);
  const isList = reported !== undefined && isRouteList(reported);
  const spanRoute = specific(isList ? routeOfList(reported, path) : reported);
  if (spanRoute !== undefined && !isList && !isCutShort(spanRoute, path)) return spanRoute;
  const own = specific(announced.route) ?? readRoute(incoming, path);
  if (isList && own !== undefined) return own; // the framework knows the mount path, too
  if (spanRoute !== undefined && spanRoute !== '/')
    return own?.startsWith(spanRoute) ? own : spanRoute;
  const route = nestedRoute ?? own;
  return statusCode === 404 && route === '/' && path !== '/' ? undefined : route;
}

/** Express' instrumentation leaves `/*` and `/{*rest}` out of a route, so that the rest, or `/`, is of every path below. */
function isCutShort(route: string, path: string): boolean {
  const { length } = route;
  if (length >= path.length) return false;
  // Comparing the beginnings of all paths takes as long as ten lookups.
  return route.charCodeAt(length - 1) === path.charCodeAt(length - 1) && path.startsWith(route);
}

/** The route without its syntax, unless it is a catch-all or a regular expression: both say less than the path. */
function specific(route: string | undefined): string | undefined {
  if (route === undefined) return undefined;
  const plain = plainRoute(route);
  return isCatchAllRoute(plain) || isRegularExpression(plain) ? undefined : plain;
}

/** The route that a framework stores on Node's request. Frameworks that publish routes are in `announcements.ts`. */
function readRoute(incoming: object | undefined, path: string): string | undefined {
  const request = frameworkRequestOf(incoming);
  if (request === undefined) return undefined;
  try {
    return specific(readExpressRoute(request, path)) ?? specific(readStoredRoute(request));
  } catch {
    return undefined; // a getter of the application: the title is made from the path
  }
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
  if (name.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route)) return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
