import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { parseRoute } from './route-template.js';

const SYNTAX = /[(*?+{:\\[]/;

/**
 * A route without its syntax: `/:repo(^[a-z-]+$)` is `/:repo`, `/*splat` is `/*`, `{/:size}` is `/:size`, `\:` is `:`. A parameter that
 * text follows is in braces: `/:hour(\d+)h` is `/{hour}h`. An empty route is `/`.
 */
export function plainRoute(route: string): string {
  return SYNTAX.test(route) ? parseRoute(route).plain : route || '/';
}

/** Longer routes name something. It also bounds the work for routes that other services send. */
const MAX_CATCH_ALL_LENGTH = 100;

/** One segment of a plain route that matches anything, as frameworks of several languages write it. */
const WILDCARD_SEGMENT = /* @__PURE__ */ new RegExp(
  `^(?:${[
    '\\*',
    '\\(\\.[*+]\\)[*+?]?', // (.*)
    '\\.[*+]', // .*
    '\\[{1,2}\\.{3}[\\w-]+(?:=[\\w-]+)?\\]{1,2}', // [...path]  [[...path]]  [...path=matcher]
    '<path:[\\w-]+>',
  ].join('|')})$`,
);

/** `(shop)`: a folder of routes that is no part of their paths. */
const GROUP = /\/\([\w-]+\)(?=\/)/g;

/** Whether a plain route consists of wildcards only, as that of an application that answers everything in one place. */
export function isCatchAllRoute(route: string): boolean {
  if (route.length > MAX_CATCH_ALL_LENGTH) return false;
  // Only frameworks that name routes after folders have groups; elsewhere parentheses are parts of an expression.
  const own = route.includes('[...') ? route.replace(GROUP, '') : route;
  const segments = withoutAnchors(own)
    .split('/')
    .filter((segment) => segment !== '');
  return segments.length > 0 && segments.every((segment) => isWildcard(segment));
}

/** Whether a plain route has a segment that matches anything, and so many paths. */
export function hasWildcard(route: string): boolean {
  return route.split('/').some((segment) => segment.includes('*') || isWildcard(segment));
}

/** Whether a plain route matches whatever begins like it, such as `/files/*`. */
export function endsInWildcard(route: string): boolean {
  return isWildcard(withoutAnchors(route.slice(route.lastIndexOf('/') + 1)));
}

function isWildcard(segment: string): boolean {
  return segment === '$' || WILDCARD_SEGMENT.test(segment);
}

/** The source of a regular expression without what says where it begins and ends. */
function withoutAnchors(route: string): string {
  return route.replace(/[\^\\]/g, '').replace(/(?<=[*+)])\$/g, '');
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
