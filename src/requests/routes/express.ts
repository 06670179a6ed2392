import { toTitlePath } from '../../hit/page/title-path.js';
import { splitTarget } from '../finished-span.js';
import { type Mounted, mountOf, withNames } from './express-mounts.js';
import { longestMatch, segmentsOf } from './route-list.js';

interface RoutedRequest {
  readonly app?: unknown;
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly params?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * For Express 4 and 5, Restify and Sails, which store the route on the request. Its mount path has values of the caller, which are
 * replaced.
 */
export function readExpressRoute(request: RoutedRequest, sent: string): string | undefined {
  const { route, baseUrl, url } = request;
  // Without a base URL, `url` is whole, and shows what a middleware has rewritten it to.
  const isWhole = typeof url === 'string' && (baseUrl === undefined || baseUrl === '');
  const path = isWhole ? splitTarget(url).path : sent;
  const given = route?.path;
  if (route === undefined || given === undefined || given instanceof RegExp) return undefined;
  const mounted = readMount(request, route, path);
  const template = Array.isArray(given) ? templateOf(given.flat(), mounted, path) : given;
  if (typeof template !== 'string') return undefined;
  const prefix = mounted?.template ?? guessPrefix(request, path, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** Express resets `baseUrl` after an error; the mount path is then the beginning of the path. */
function readMount(
  { app, baseUrl }: RoutedRequest,
  route: object,
  path: string,
): Mounted | undefined {
  if (typeof baseUrl !== 'string' || baseUrl === '') return mountOf(app, route, path, false);
  return mountOf(app, route, baseUrl, true);
}

/** The longest template of a list that matches what is below the mount path. If none does, an expression has. */
function templateOf(
  templates: readonly unknown[],
  mounted: Mounted | undefined,
  path: string,
): unknown {
  const isBelow = mounted !== undefined && path.startsWith(mounted.text);
  const rest = segmentsOf(isBelow ? path.slice(mounted.text.length) : path);
  const isText = templates.every((template) => typeof template === 'string');
  return longestMatch(templates, rest, !isBelow) ?? (isText ? templates[0] : undefined);
}

/** The mount path of a router that is not Express' own: the base URL, or what the path has before the segments of the route. */
function guessPrefix({ baseUrl, params }: RoutedRequest, path: string, template: string): string {
  if (typeof baseUrl !== 'string' || baseUrl === '')
    return toTitlePath(lostPrefix(segmentsOf(path), template));
  if (!isBelow(path, baseUrl)) return '';
  const others = Object.entries(params ?? {}).filter(([name]) => !template.includes(name));
  return toTitlePath(withNames(baseUrl, others));
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

/** If a segment of the route matches several, they cannot be counted and there is no prefix. */
function lostPrefix(path: readonly string[], template: string): string {
  if (/[*?+({]/.test(template)) return '';
  const prefix = path.slice(0, Math.max(0, path.length - segmentsOf(template).length));
  return prefix.map((segment) => `/${segment}`).join('');
}
