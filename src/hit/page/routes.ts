import { remember } from '../../common/recent-texts.js';
import type { HttpRequest } from '../http-request.js';
import type { TrackingParameters } from '../parameters/parameter-values.js';
import { decodePath } from '../text.js';
import { toPagePath, toTitlePath } from './page-path.js';
import { cutAtSegment, redactRoute } from './redact.js';

/** Longer routes are not read, because expressions may look at each character several times. */
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
/** Matches optional segments, `{/:size}`, `(/:locale)`, `[/{page}]`, `[[lang]]`, and the format of Rails, which is left out. */
const OPTIONAL = /\(\.:format\)|[([{](\/(?:[^()[\]{}]|\{\w+\}\??)*)[)\]}]|\[(\[[\w-]+\])\]/g;
const SYNTAX = /[(*?+{:[<]|\/\./;

/** A route in one form: without patterns, with `*` for any number of segments, and `?` behind segments that a path may lack. */
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
/** Matches a regular expression, and a rule of a proxy. */
const NO_ROUTE = /[\\^`]|\(\?/;

/** A route that fits a request. */
export interface FoundRoute {
  /** The route as it was reported, without secrets and IDs. */
  readonly route: string | undefined;
  /** The route as the title shows it; `undefined` if that shows the path, or why the request was refused. */
  readonly titleRoute: string | undefined;
}

/** A reported route, as it is compared with paths. */
export interface Route {
  /** The route without what it leaves out of a path. */
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
  /** How much the route says of a path, compared with others. */
  readonly rank: number;
}

const WITH_WILDCARD = 0;
const PARAMETERS_ONLY = 1;
export const WITH_TEXT = 2;

/** Reads a route; `null` if it is none. Routes with secrets or IDs are not remembered. */
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

/** The segments of a path as routes are compared with them: without the parameters that Java adds to a segment. */
export function toCompared(path: string): string[] {
  const page = toPagePath(cutAtSegment(path));
  if (!/[;%]/.test(page)) return segmentsOf(page.toLowerCase());
  return segmentsOf(page).map((each) => decodePath(each.replace(/;.*/s, '')).toLowerCase());
}

/** The text in titles of a route that fits a path segment by segment, without its wildcard; `undefined` if it does not fit. */
export function fitRoute(route: Route, sent: readonly string[]): readonly string[] | undefined {
  const { segments, optional, hasWildcard } = route;
  if (!hasWildcard) return fitSegments(route, sent);
  return (
    fitSegments(route, sent.slice(0, segments.length)) ??
    fitSegments(route, sent.slice(0, segments.length - optional.length))
  );
}

/** Leaves out as many of the optional segments as a path lacks, the last or the first ones. */
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

/** Whether a route has a parameter and no wildcard: what it serves are not the files of a folder. */
export function isEndpoint(route: string | undefined): boolean {
  const { hasWildcard = true, segments = [] } = (route && toRoute(route)) || {};
  return !hasWildcard && segments.includes(undefined);
}

/** A route without the syntax of its framework, as options may name it. */
export function plainRoute(route: string): string {
  return normalize(route).replaceAll('?', '');
}

/** Tracking parameters of a route, with valid names. */
export type RouteDetails = Readonly<Record<string, unknown>> & Pick<TrackingParameters, 'cvar'>;

/** Finds the details of a request: by method and route, route, method and path, or path. The first match wins. `undefined` if there are none. */
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

/** A route with a slash at its beginning, which those of Django and ASP.NET Core lack. */
export function withSlash(route: string): string {
  return route.startsWith('/') ? route : `/${route}`;
}
