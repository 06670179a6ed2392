import { MAX_PATTERN_INPUT } from '../../hit/text.js';

/** Between two routes of a list that an instrumentation has joined. */
const SEPARATOR = ',/';

export function isRouteList(route: string): boolean {
  return route.includes(SEPARATOR) && route.length <= MAX_PATTERN_INPUT;
}

/**
 * The route that a path matches, of a list such as `/shop/a,/a/:id`: only the first one has the mount path. If none does, the
 * first one.
 */
export function routeOfList(list: string, path: string): string | undefined {
  const routes = list
    .split(/,(?=\/)/)
    .filter((route) => !isRegularExpression(route))
    .map((route) => route.replace(/(?<=.)\/$/, '')); // the mount path, followed by `/`
  const [first] = routes;
  if (first === undefined) return undefined;
  const segments = segmentsOf(path);
  const mount = segmentsOf(first);
  const mounted = routes.slice(1).map((route) => {
    const own = segmentsOf(route);
    const count = Math.max(0, segments.length - own.length);
    return [...mount.slice(0, count), ...own].map((segment) => `/${segment}`).join('');
  });
  return longestMatch([...routes, ...mounted], segments) ?? first;
}

/** The longest of several routes that match a path, or the end of one of which more is not known. */
export function longestMatch(
  routes: readonly unknown[],
  path: readonly string[],
  isEnd = false,
): string | undefined {
  let longest: string | undefined;
  let most = -1;
  for (const route of routes) {
    if (typeof route !== 'string') continue;
    const own = segmentsOf(route);
    const compared =
      isEnd && own.length <= path.length ? path.slice(path.length - own.length) : path;
    if (own.length <= most || !matches(own, compared)) continue;
    longest = route;
    most = own.length;
  }
  return longest;
}

function matches(route: readonly string[], path: readonly string[]): boolean {
  for (const [i, segment] of route.entries()) {
    if (/[*?+({]/.test(segment)) return true; // may match any number of segments
    const sent = path[i];
    if (sent === undefined) return false;
    if (!segment.includes(':') && segment.toLowerCase() !== sent.toLowerCase()) return false;
  }
  return route.length === path.length;
}

export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

const MAY_BE_EXPRESSION = /[\\^$]|\(\?/;
const EXPRESSION = /\\\/|(?:^|\/|\[)\^|\$\/[a-z]*$|\(\?[:=!<P]/;

/** Whether a route is, or contains, the text of a regular expression. */
export function isRegularExpression(route: string): boolean {
  return MAY_BE_EXPRESSION.test(route) && EXPRESSION.test(route);
}
