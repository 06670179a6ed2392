import type { Attributes } from '@opentelemetry/api';
import { isCatchAllRoute } from '../../hit/catch-all-route.js';
import { textOf } from '../finished-span.js';
import { readExpressRoute } from './express.js';
import type { RouteAdapter } from './route-adapter.js';

/** Frameworks that leave the route on Node's request; each has a file. `announced-routes` has those that announce it. */
const ROUTE_ADAPTERS: readonly RouteAdapter[] = [{ readRoute: readExpressRoute }];

/** What is known of a request's route besides attributes of its span. */
interface RouteSources {
  /** Of a SERVER span nested in the request's own. */
  readonly nestedRoute: string | undefined;
  readonly captured:
    | {
        /** As a framework announced it. */
        readonly route: string | undefined;
        readonly request: object | undefined;
      }
    | undefined;
}

/**
 * The route template: of the server span, of a span below it, as a framework announced it, or as the framework left it on
 * Node's request. The first that is no catch-all counts. A 404 with the route `/` had none.
 */
export function routeOf(
  { nestedRoute, captured }: RouteSources,
  attributes: Attributes,
  path: string,
  statusCode: number,
): string | undefined {
  const spanRoute = specific(textOf(attributes['http.route']));
  if (spanRoute !== undefined && !isCutShort(spanRoute, path)) return spanRoute;
  const own =
    specific(captured?.route) ?? specific(captured?.request && readRoute(captured.request, path));
  if (spanRoute !== undefined && spanRoute !== '/')
    return own?.startsWith(spanRoute) ? own : spanRoute;
  const route = nestedRoute ?? own;
  return statusCode === 404 && route === '/' && path !== '/' ? undefined : route;
}

/** Express' instrumentation leaves `/*` and `/{*rest}` out of a route, so that the rest, or `/`, is of every path below. */
function isCutShort(route: string, path: string): boolean {
  return route !== path && path.startsWith(route);
}

function specific(route: string | undefined): string | undefined {
  return route === undefined || isCatchAllRoute(route) ? undefined : route;
}

function readRoute(request: object, path: string): string | undefined {
  for (const adapter of ROUTE_ADAPTERS) {
    const route = adapter.readRoute(request, path);
    if (route !== undefined) return route;
  }
  return undefined;
}
