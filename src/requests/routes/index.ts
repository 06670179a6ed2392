import type { Attributes } from '@opentelemetry/api';
import { textOf } from '../finished-span.js';
import { readExpressRoute } from './express.js';
import { fastifyAnnouncement } from './fastify.js';
import type { RouteAdapter } from './route-adapter.js';

/**
 * Frameworks whose routes are found without an attribute `http.route`; each has a file. `captured-requests` subscribes to
 * announcements, because all copies of this package share the listeners.
 */
const ROUTE_ADAPTERS: readonly RouteAdapter[] = [
  { announcement: fastifyAnnouncement },
  { readRoute: readExpressRoute },
];

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
 * The route template of a request. A 404 whose route is only a wildcard or `/` had none.
 */
export function routeOf(
  { nestedRoute, captured }: RouteSources,
  attributes: Attributes,
  path: string,
  statusCode: number,
): string | undefined {
  const route =
    textOf(attributes['http.route']) ??
    nestedRoute ??
    captured?.route ??
    (captured?.request && readRoute(captured.request, path));
  const isCatchAll = route === '/*' || route === '*' || (route === '/' && path !== '/');
  return statusCode === 404 && isCatchAll ? undefined : route;
}

function readRoute(request: object, path: string): string | undefined {
  for (const adapter of ROUTE_ADAPTERS) {
    const route = adapter.readRoute?.(request, path);
    if (route !== undefined) return route;
  }
  return undefined;
}
