import { memoize } from '../../common/generation-cache.js';
import { matchesPath, toPathPattern } from '../../hit/page/match-route.js';
import { mayBePageData, toPagePath, toTitlePath } from '../../hit/page/page-path.js';
import { redactRoute } from '../../hit/page/redaction.js';
import { parseRoute, type RouteTemplate } from '../../hit/page/route-template.js';
import { isCatchAll } from '../../hit/page/routes.js';
import { decodePath } from '../../hit/page/url-pairs.js';
import { MAX_PATTERN_INPUT } from '../../hit/text.js';
import type { SpanResource } from '../matomo-attributes.js';
import { isRegularExpression } from './route-list.js';

interface Route extends RouteTemplate {
  /** Without syntax and secrets; `undefined` if it says less than the path. */
  readonly sent: string | undefined;
  /** The same of what a span reports, which may contain IDs that the client sent. */
  readonly reported: string | undefined;
  /** Whether it has more than parameters. */
  readonly hasText: boolean;
  /** Most paths that it matches. */
  readonly pattern: RegExp | undefined;
  /** Whether it has neither secrets nor IDs, so that it may be remembered. */
  readonly isWhole: boolean;
}

/** Remembered, because it takes 1 to 10 µs: that is 5 % of a request and more. */
const readRoute = /* @__PURE__ */ memoize(
  (route: string): Route => {
    const template = parseRoute(route);
    const { plain, escaped, parameters, segments } = template;
    const redacted = redactRoute(plain);
    // By the last one, Next.js shows errors.
    const isVague = isCatchAll(template) || isRegularExpression(escaped) || plain === '/_error';
    const titled = toTitlePath(redacted);
    const isPathItself = titled !== redacted && parameters.size === 0;
    // What ASP.NET's conventional route has matched says only the path.
    const isTemplate = !isVague && !isPathItself && !parameters.has('controller');
    return {
      ...template,
      sent: isVague ? undefined : redacted,
      reported: isTemplate ? titled : undefined,
      hasText: segments.length === 0 || segments.some(({ parts }) => parts.length > 0),
      pattern: toPathPattern(template),
      isWhole: titled === plain,
    };
  },
  ({ isWhole }) => isWhole,
);

/** A route as it is sent, unless it says less than the path: a catch-all, a regular expression, or a page that shows errors. */
export function sentRouteOf(route: string): string | undefined {
  return readRoute(route).sent;
}

/** `GET`, `GET|POST`, `HTTP: GET`, before a route. */
const METHOD = /^(?:[A-Z|,:]{1,40}\s{1,9}){1,2}(?=\S)/;
/** The origin of a URL, and the modifier of a location of nginx that is no expression. */
const BEFORE_PATH = /^(?:[a-z][a-z+.-]{0,20}:\/\/[^/]{0,300}|(?:=|\^~)\s{0,9})(?=\/)/i;
/** A host before a route, as in Go. */
const HOST = /^(?:localhost|(?=[\w*-]*[.:])[\w.*:-]{1,300})(?=\/)/;
/** The name of a route, which PHP's frameworks report instead of it. */
const NAME = /^[a-z_][\w.:-]*$/i;
/** The segments of a path in which an application is served. */
const MAX_BASE_SEGMENTS = 10;

/** A route that can have matched a path. */
export interface FittingRoute {
  readonly route: string;
  /** Whether it has more than parameters, which any path of so many segments fits. */
  readonly hasText: boolean;
}

/**
 * What is shown of a route that a span reports; `undefined` if it cannot have matched the path: a rule of a proxy, a route without the
 * path in which its router is mounted, a mount path alone. Instrumentations of other languages than JavaScript know mounted routers, so
 * that what is before their routes is where the whole application is served.
 */
export function fittingRoute(
  reported: string,
  path: string,
  resource: SpanResource | undefined,
): FittingRoute | undefined {
  const isPath = reported.startsWith('/');
  const own = isPath ? reported : reported.replace(METHOD, '').replace(BEFORE_PATH, '');
  if (own.length > MAX_PATTERN_INPUT) return undefined;
  const fitting = fittingTemplate(own, path, resource);
  if (fitting || own.startsWith('/')) return fitting;
  const withoutHost = own.replace(HOST, '');
  if (withoutHost !== own) return fittingTemplate(withoutHost, path, resource);
  const isName = languageOf(resource) === 'php' && NAME.test(own);
  return isName ? { route: redactRoute(own), hasText: true } : undefined;
}

function fittingTemplate(
  own: string,
  path: string,
  resource: SpanResource | undefined,
): FittingRoute | undefined {
  const route = readRoute(own);
  if (route.reported === undefined) return undefined;
  // Of a span without a path it is `/`, which is also what applications rewrite.
  const fits =
    (path === '/' && own.startsWith('/')) ||
    route.pattern?.test(path) ||
    canMatch(route, path, resource) ||
    (mayBePageData(path) && canMatch(route, toPagePath(path), resource));
  return fits ? { route: route.reported, hasText: route.hasText } : undefined;
}

function canMatch(route: Route, path: string, resource: SpanResource | undefined): boolean {
  const segments = segmentsOfPath(path);
  return matchesPath(route, segments) || isServedBelow(route, segments, resource);
}

function isServedBelow(
  route: Route,
  path: readonly string[],
  resource: SpanResource | undefined,
): boolean {
  if (!route.hasText || route.segments.length === 0 || !isOtherLanguage(resource)) return false;
  for (let count = 1; count <= MAX_BASE_SEGMENTS && count < path.length; count++) {
    if (matchesPath(route, path.slice(count))) return true;
  }
  return false;
}

function isOtherLanguage(resource: SpanResource | undefined): boolean {
  const language = languageOf(resource);
  return typeof language === 'string' && language !== 'nodejs' && language !== 'webjs';
}

/** Read on demand: SDK 2 logs an error if that happens while resource detectors are running. */
function languageOf(resource: SpanResource | undefined): unknown {
  return resource?.attributes?.['telemetry.sdk.language'];
}

/** The decoded segments of a path in lower case, without empty ones: many routers ignore case, and slashes at the end. */
export function segmentsOfPath(path: string): string[] {
  const segments: string[] = [];
  const text = path.slice(0, MAX_PATTERN_INPUT).toLowerCase();
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf('/', start);
    if (end < 0) end = text.length;
    if (end === start) continue;
    const segment = text.slice(start, end);
    segments.push(segment.includes('%') ? decodePath(segment).toLowerCase() : segment);
  }
  return segments;
}
