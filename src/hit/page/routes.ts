import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { decodePath } from '../text.js';
import { toPagePath } from './page-path.js';

/** Longer ones are not read: the expressions below may look at each character several times. */
const MAX_LENGTH = 500;

/** Any number of segments: `*`, `**`, `*splat`, `{*path}`, `{path...}`, `{proxy+}`, `{p:path}`, `{tail:.*}`, `:path*`, `:path(.*)`, `(.*)`. */
const WILDCARD =
  /\{(?:\*{1,2}[^{}]*|\w+(?:\*\d*|\+|\.{3}|:path|\s*:\s*\.[*+]))\}|:\w+(?:\(\.[*+]\)|[*+])|\(\.[*+]\)\$?|(?<=\/)\.\*\??\$?|\*{1,2}:?\w*/g;
/** One segment, with its pattern, type or default: `:id(\d+)`, `:id?`, `{id:int?}`, `{id=1}`. */
const PARAMETER =
  /(:\w+)(?:\((?:[^()\\]|\\.)*\)\??|\?)|(\{)\s*([\w.-]+)\s*[?:=](?:[^{}]|\{\{?[^{}]*\}\}?)*(\})/g;
/** An optional part: `{/:size}`, `(/:locale)`, `[/{page}]`; and the format of Rails, which is left out. */
const OPTIONAL = /\(\.:format\)|[([{](\/(?:[^()[\]{}]|\{\w+\})*)[)\]}]\??/g;
const SYNTAX = /[(*?+{:[]|\/\./;

/** A route as titles show it: with the names of its parameters, and without anything else of the syntax of its framework. */
export function plainRoute(route: string): string {
  if (route.length > MAX_LENGTH || !SYNTAX.test(route)) return route || '/';
  const plain = route
    .replace(WILDCARD, '*')
    .replace(PARAMETER, '$1$2$3$4')
    .replace(OPTIONAL, (_, optional: string | undefined) => optional ?? '')
    .replace(/::/g, ':');
  return plain || '/';
}

/** What a segment with a parameter has, in any syntax. */
const IN_PARAMETER = /[:*{}<>[\]()$]/;
/** What makes a route match paths of different lengths. */
const IS_LOOSE = /[*?]|\.{2}|\+\}|=[^}]*\/|[(<{[]path[:.]|:path[)>}]|\$$|[([{][/.]|\.\+/;
/** A regular expression, a default route of ASP.NET or Laravel, the page on which Next.js shows errors, or wildcards only. */
const SAYS_NOTHING =
  /\\|\^|\(\?|^\/?(?:[{[]controller\b|\{fallbackPlaceholder|_error$)|^(?:\/?(?:\*|\[\[?\.{3}[\w-]+\]\]?))+\/?$/i;

/** Whether a plain route says less than the path does. */
export function isVague(plain: string): boolean {
  return plain.length > MAX_LENGTH || SAYS_NOTHING.test(plain);
}

/** A route that spans report, as it is compared with paths. */
export interface ComparedRoute {
  readonly segments: readonly string[];
  /** Whether it matches paths of different lengths. */
  readonly isLoose: boolean;
  /** Whether it has more than parameters. */
  readonly hasText: boolean;
  readonly hasParameter: boolean;
}

export function toCompared(route: string, plain: string): ComparedRoute {
  const segments = segmentsOf(plain);
  const parameters = segments.filter((each) => IN_PARAMETER.test(each)).length;
  return {
    segments,
    isLoose: plain.includes('*') || IS_LOOSE.test(route),
    hasText: segments.length === 0 || parameters < segments.length,
    hasParameter: parameters > 0,
  };
}

/**
 * Whether a route can have matched a path: segment by segment or, if it matches paths of different lengths, because the path has its text
 * in the same order.
 */
export function fitsPath({ segments, isLoose, hasText }: ComparedRoute, path: string): boolean {
  const sent = segmentsOf(decodePath(toPagePath(path)));
  if (!isLoose) {
    if (segments.length !== sent.length) return false;
    return segments.every((each, i) => each === sent[i] || IN_PARAMETER.test(each));
  }
  let at = 0;
  return (
    hasText &&
    segments.every((each) => {
      if (IN_PARAMETER.test(each)) return true;
      at = sent.indexOf(each, at) + 1;
      return at > 0;
    })
  );
}

/** In lower case, without empty segments and without the parameters that Java adds to a segment. */
function segmentsOf(path: string): string[] {
  const text = path.slice(0, MAX_LENGTH).toLowerCase();
  return text
    .replace(/;[^/]*/g, '')
    .split('/')
    .filter(Boolean);
}

/** Whether a route has a segment that matches anything, and so many paths. */
export function hasWildcard(route: string): boolean {
  return plainRoute(route).includes('*');
}

/** Whether a route matches whatever begins like it, such as `/files/*`. */
export function endsInWildcard(route: string): boolean {
  return plainRoute(route).endsWith('/*');
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
