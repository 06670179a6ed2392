import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { MAX_PATTERN_INPUT } from '../text.js';

const SYNTAX = /[(*?+{]/;

/** A pattern of a parameter: parentheses with at most one pair inside. */
const PATTERN = String.raw`\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)`;

/** What has syntax in routes of path-to-regexp, find-my-way, and of frameworks with braces. Other braces are those of optional parts. */
const PARTS = /* @__PURE__ */ new RegExp(
  [
    String.raw`:(?<name>\w+)(?<pattern>${PATTERN})?(?<modifier>[?*+])?(?=(?<next>\w)?)`, // :id  :id(\d+)  :path*  :path(.*)
    String.raw`\{\*{1,2}[\w-]*\}|\{[\w-]+(?:\*\d*|\+|:path|\.{3})\}`, // {*splat}  {path*}  {proxy+}  {path:path}  {path...}
    String.raw`\{(?<braced>[\w-]+)(?:\?|[:=](?:[^{}]|\{[^{}]*\})*)?\}`, // {id}  {id?}  {id:\d{2}}
    String.raw`(?<![^/{])\*{1,2}:?[\w-]*`, // *  **  *splat  **:slug
    '[{}]', // {/:size}
  ].join('|'),
  'g',
);
const ANYTHING = /^\(\.?[*+]\)$/;

/**
 * A route without its syntax: `/:repo(^[a-z-]+$)` is `/:repo`, `/*splat` is `/*`, `{/:size}` is `/:size`. A parameter that text follows is
 * in braces: `/:hour(\d+)h` is `/{hour}h`. An empty route is `/`.
 */
export function plainRoute(route: string): string {
  if (route === '') return '/';
  if (!SYNTAX.test(route) || route.length > MAX_PATTERN_INPUT) return route;
  return route.replace(PARTS, (part, ...rest) => {
    const {
      name,
      pattern = '',
      modifier,
      next,
      braced,
    } = rest.at(-1) as Partial<Record<string, string>>;
    if (braced !== undefined) return `{${braced}}`;
    if (name === undefined) return part === '{' || part === '}' ? '' : '*';
    const isWildcard = modifier === '*' || modifier === '+' || ANYTHING.test(pattern);
    if (isWildcard) return '*';
    return next === undefined ? `:${name}` : `{${name}}`;
  });
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
