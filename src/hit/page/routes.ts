import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { FOLDER, parseRoute, type RouteSegment, type RouteTemplate } from './route-template.js';

const SYNTAX = /[(*?+{:\\[]/;

/**
 * A route without its syntax: `/:repo(^[a-z-]+$)` is `/:repo`, `/*splat` is `/*`, `{/:size}` is `/:size`, `\:` is `:`. A parameter that
 * text follows is in braces: `/:hour(\d+)h` is `/{hour}h`. An empty route is `/`.
 */
export function plainRoute(route: string): string {
  return SYNTAX.test(route) ? parseRoute(route).plain : route || '/';
}

/** Whether a route consists of wildcards only, as that of an application that answers everything in one place. */
export function isCatchAll({ plain, segments }: RouteTemplate): boolean {
  // Only frameworks that name routes after folders leave folders out of paths; elsewhere parentheses are parts of an expression.
  const hasFolders = plain.includes('[...');
  const own = segments.filter(({ parts: [text = ''] }) => !(hasFolders && FOLDER.test(text)));
  return own.length > 0 && own.every((segment) => matchesAnything(segment));
}

/** Whether a route has a segment that matches anything, and so many paths. */
export function hasWildcard(route: string): boolean {
  return parseRoute(route).segments.some(({ isWildcard }) => isWildcard);
}

/** Whether a route matches whatever begins like it, such as `/files/*`. */
export function endsInWildcard(route: string): boolean {
  const last = parseRoute(route).segments.at(-1);
  return last !== undefined && matchesAnything(last);
}

function matchesAnything({ isWildcard, parts }: RouteSegment): boolean {
  return isWildcard && parts.length === 0;
}

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
