import type { HttpRequest } from '../hit/http-request.js';
import { endsInWildcard, hasWildcard, plainRoute, withSlash } from '../hit/page/routes.js';
import { decodePath } from '../hit/page/url-pairs.js';
import { MAX_PATTERN_INPUT, matchesAny } from '../hit/text.js';
import type { Client } from '../hit/visitor/client.js';

// What the options that name paths, routes and clients mean.

/** Matching the route too leaves no other spelling of the path that the application serves. */
export function createIsIgnoredPath(
  ignorePaths: readonly string[],
): (http: Pick<HttpRequest, 'path' | 'route'>) => boolean {
  const paths = new Set(ignorePaths.map(withoutEndSlash));
  const plain = [...paths].map(plainRoute);
  const routes = new Set(plain.filter((path) => path !== '/' && !hasWildcard(path)));
  return function isIgnoredPath({ path, route }) {
    if (paths.has(withoutEndSlash(path))) return true;
    return route !== undefined && routes.has(withoutEndSlash(withSlash(route)));
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Whether one of the patterns matches a path as it came, or decoded. */
export function matchesPath(patterns: readonly RegExp[], path: string): boolean {
  if (matchesAny(patterns, path)) return true;
  return path.includes('%') && matchesAny(patterns, decodePath(path.slice(0, MAX_PATTERN_INPUT)));
}

/** Whether a filter ignores a client, which remembers that. */
export function isIgnoredClient(filter: readonly RegExp[], client: Client | undefined): boolean {
  if (!client) return false;
  if (client.filter !== filter) {
    client.filter = filter;
    client.isIgnored = matchesAny(filter, client.userAgent);
  }
  return client.isIgnored;
}

/** Whether the application has a route for just this path. A mount path and a route that ends in a wildcard serve any file below. */
export function isEndpoint({ route, path }: HttpRequest): boolean {
  if (route === undefined || endsInWildcard(route)) return false;
  return !path.startsWith(route.endsWith('/') ? route : `${route}/`);
}
