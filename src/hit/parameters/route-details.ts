import type { HttpRequest } from '../http-request.js';
import { plainRoute } from '../page/plain-route.js';
import type { TrackingParameters } from './tracking-parameters.js';

/** Tracking parameters of a route, with valid names. */
export type RouteDetails = Readonly<Record<string, unknown>> & Pick<TrackingParameters, 'cvar'>;

/** Finds the details of a request: by method and route, route, method and path, or path. The first match wins. */
export function createFindRouteDetails(
  details: Readonly<Record<string, RouteDetails>>,
): (request: Pick<HttpRequest, 'method' | 'route' | 'path'>) => RouteDetails | undefined {
  const entries = Object.entries(details);
  const plain = entries.map(([key, ofRoute]) => [plainRoute(key), ofRoute] as const);
  const byKey = new Map([...plain, ...entries]);
  if (byKey.size === 0) return () => undefined;
  return function findRouteDetails({ method, route, path }) {
    for (const place of route === undefined ? [path] : [withSlash(route), path]) {
      const found = byKey.get(`${method} ${place}`) ?? byKey.get(place);
      if (found) return found;
    }
    return undefined;
  };
}

/** A route as options name it. Those of Django and ASP.NET Core have no slash at their beginning. */
export function withSlash(route: string): string {
  return route.startsWith('/') ? route : `/${route}`;
}
