import { remember } from '../../common/recent-texts.js';
import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { decodePath } from '../text.js';
import { toPagePath, toTitlePath } from './page-path.js';
import { cutAtSegment, redactRoute } from './redact.js';

/** Longer routes are ignored, because the regular expressions may read each character several times. */
const MAX_LENGTH = 500;

/** Matches a method and an origin before a route, as in `GET|HEAD https://shop.example/users/:id`, and a query after it. */
const AROUND =
  /^(?:[A-Z|,:]{1,40}\s{1,9}){0,2}(?:(?:[a-z][a-z+.-]{0,20}:\/\/[^/]{0,300}|[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}(?::\d{1,5})?)(?=\/))?|\?[\w-]+=.*/g;

/** Matches wildcards: `*`, `**`, `*splat`, `{*path}`, `{path...}`, `{proxy+}`, `{p:path}`, `{tail:.*}`, `:path*`, `[...slug]`, `{any}`. */
const WILDCARD =
  /\{(?:\*{1,2}[^{}]*|\w+(?:\*\d*|\+|\.{3}|:path|\s*:\s*\.[*+]))\}|:\w+(?:\(\.[*+]\)|\{\.[*+]\}|[*+])|\(\.[*+]\)\$?|(?<=\/)\.\*\??\$?|\[\[?\.{3}[\w-]+\]\]?|<path[:.][^<>]*>|(?::|[{[<](?:\w+:)?)(?:controller|action|area|any|all|fallback\w*)\b(?:[^/<>{}[\]]*[}\]>])?|\*{1,2}:?\w*/gi;
/** Matches parameters with a pattern, type or default: `:id(\d+)`, `:id{[0-9]+}`, `{id:int?}`, `{id=1}`. */
const PARAMETER =
  /(:\w+)(?:\((?:[^()\\]|\\.)*\)|\{[^{}/]*\})|\{\s*([\w.-]+)\s*([?:=])((?:[^{}]|\{\{?[^{}]*\}\}?)*)\}/g;
/** Matches optional segments, `{/:size}`, `(/:locale)`, `[/{page}]`, `[[lang]]`, and the format of Rails, which is removed. */
const OPTIONAL = /\(\.:format\)|[([{](\/(?:[^()[\]{}]|\{\w+\}\??)*)[)\]}]|\[(\[[\w-]+\])\]/g;
const SYNTAX = /[(*?+{:[<]|\/\./;

/** Normalizes a route: removes patterns, writes `*` for any number of segments, and `?` behind segments that a path may lack. */
function normalize(route: string): string {
  if (route.length > MAX_LENGTH || !SYNTAX.test(route)) return route;
  return route
    .replace(WILDCARD, '*')
    .replace(PARAMETER, (_, colon: string | undefined, name, mark, rest: string) => {
      const isOptional = mark === '?' || mark === '=' || rest?.endsWith('?');
      return colon ?? `{${name}}${isOptional ? '?' : ''}`;
    })
    .replace(OPTIONAL, (_, segments = '', segment: string | undefined) =>
      segment ? `${segment}?` : segments.replace(/[^/]+/g, '$&?'),
    );
}

const IN_PARAMETER = /:\w|[{}<>[\]]|\$\w/;
/** Matches regular expressions and rules of a proxy, which are not routes. */
const NO_ROUTE = /[\\^`]|\(\?/;

/** A route that fits a request. */
export interface FoundRoute {
  /** The route as it was reported, without secrets and IDs. */
  readonly route: string | undefined;
  /** The route as the title shows it; `undefined` if the title shows the path, or why the request was refused. */
  readonly titleRoute: string | undefined;
}

/** A reported route in the form in which it is compared with paths. */
export interface Route {
  /** The complete route, for a path that has all optional segments, or that is unknown. */
  readonly whole: FoundRoute;
  /** The route as it was reported, without secrets and IDs. */
  readonly reported: string;
  /** Matches paths as they were sent. Any other path may fit once it is decoded. */
  readonly pattern: RegExp;
  /** The segments up to the first wildcard, decoded and in lower case; `undefined` stands for a parameter. */
  readonly segments: readonly (string | undefined)[];
  readonly shown: readonly string[];
  readonly optional: readonly number[];
  readonly hasWildcard: boolean;
  /** How specific the route is, compared with others. */
  readonly rank: number;
}

const WITH_WILDCARD = 0;
const PARAMETERS_ONLY = 1;
export const WITH_TEXT = 2;

/** Parses a route; `null` if the text is not a route. Routes with secrets or IDs are not cached. */
export const toRoute = /* @__PURE__ */ remember(
  1024,
  (text: string): Route | null => {
    const route = text.length > MAX_LENGTH ? '' : text.replace(AROUND, '');
    const all = segmentsOf(normalize(route)).filter((each) => each !== '?'); // of `/users/?`
    const wildcard = all.findIndex((each) => each.includes('*'));
    const marked = wildcard < 0 ? all : all.slice(0, wildcard);
    const plain = marked.map((each) => each.replaceAll('?', ''));
    if (route === '' || plain.some((each) => NO_ROUTE.test(each))) return null;
    const segments = plain.map((each) =>
      IN_PARAMETER.test(each) ? undefined : decodePath(each).toLowerCase(),
    );
    const reported = toTitlePath(redactRoute(route));
    const hasParameter = wildcard >= 0 || segments.includes(undefined);
    if (reported !== route && !hasParameter) return null; // a route without parameters is the path itself
    const hasText = segments.length === 0 || segments.some((each) => each !== undefined);
    const title = toTitlePath(redactRoute(toPath(plain)));
    const rank = hasText ? WITH_TEXT : PARAMETERS_ONLY;
    return {
      whole: { route: reported, titleRoute: title },
      reported,
      pattern: new RegExp(`^${segments.map(toPattern).join('')}$`),
      segments,
      shown: segmentsOf(title),
      optional: [...marked.keys()].filter((i) => marked[i]?.includes('?')),
      hasWildcard: wildcard >= 0,
      rank: wildcard >= 0 ? WITH_WILDCARD : rank,
    };
  },
  (route, text) => route !== null && text.includes(route.reported),
);

/** The segments of a path that are not empty. */
export function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (let from = 0; from < path.length; ) {
    const slash = path.indexOf('/', from);
    const to = slash < 0 ? path.length : slash;
    if (to > from) segments.push(path.slice(from, to));
    from = to + 1;
  }
  return segments;
}

function toPattern(segment: string | undefined): string {
  return segment === undefined ? '/[^/]+' : `/${segment.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}`;
}

export function toPath(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}

/** The segments of a path in the form in which routes are compared with them: without matrix parameters, which Java frameworks add. */
export function toCompared(path: string): string[] {
  const page = toPagePath(cutAtSegment(path));
  if (!/[;%]/.test(page)) return segmentsOf(page.toLowerCase());
  return segmentsOf(page).map((each) => decodePath(each.replace(/;.*/s, '')).toLowerCase());
}

/**
 * Matches a route against a path segment by segment. Returns its segments
 * for titles, without the wildcard; `undefined` if it does not match.
 */
export function fitRoute(route: Route, sent: readonly string[]): readonly string[] | undefined {
  const { segments, optional, hasWildcard } = route;
  if (!hasWildcard) return fitSegments(route, sent);
  return (
    fitSegments(route, sent.slice(0, segments.length)) ??
    fitSegments(route, sent.slice(0, segments.length - optional.length))
  );
}

/** Leaves out as many optional segments as the path lacks: first tries the last ones, then the first ones. */
function fitSegments(
  { segments, shown, optional }: Route,
  sent: readonly string[],
): readonly string[] | undefined {
  const surplus = segments.length - sent.length;
  if (surplus === 0) return isMatch(segments, sent) ? shown : undefined;
  if (surplus < 0 || surplus > optional.length) return undefined;
  for (const left of [optional.slice(-surplus), optional.slice(0, surplus)]) {
    const isKept = (_: unknown, i: number) => !left.includes(i);
    if (isMatch(segments.filter(isKept), sent)) return shown.filter(isKept);
  }
  return undefined;
}

function isMatch(segments: readonly (string | undefined)[], sent: readonly string[]): boolean {
  return segments.every((each, i) => each === undefined || each === sent[i]);
}

/** Whether a route has a parameter and no wildcard. Such a route does not serve the files of a folder. */
export function isEndpoint(route: string | undefined): boolean {
  const { hasWildcard = true, segments = [] } = (route && toRoute(route)) || {};
  return !hasWildcard && segments.includes(undefined);
}

/** Removes the syntax of a framework from a route, so that options can name it without that syntax. */
export function plainRoute(route: string): string {
  return normalize(route).replaceAll('?', '');
}

/** Tracking parameters of a route, with valid names. */
export type RouteDetails = Readonly<Record<string, unknown>> & Pick<TrackingParameters, 'cvar'>;

/**
 * Finds the details of a request by method and route, route, method and path,
 * or path. The first match wins. `undefined` if `details` is empty.
 */
export function createFindRouteDetails(
  details: Readonly<Record<string, RouteDetails>>,
):
  | ((request: Pick<HttpRequest, 'method' | 'route' | 'path'>) => RouteDetails | undefined)
  | undefined {
  const entries = Object.entries(details);
  const plain = entries.map(([key, ofRoute]) => [plainRoute(key), ofRoute] as const);
  const byKey = new Map([...plain, ...entries]);
  if (byKey.size === 0) return undefined;
  return function findRouteDetails({ method, route, path }) {
    const places =
      route === undefined ? [path] : [withSlash(route), plainRoute(withSlash(route)), path];
    for (const place of places) {
      const found = byKey.get(`${method} ${place}`) ?? byKey.get(place);
      if (found) return found;
    }
    return undefined;
  };
}

/** Adds a slash at the beginning of a route, because routes of Django and ASP.NET Core have none. */
export function withSlash(route: string): string {
  return route.startsWith('/') ? route : `/${route}`;
}
