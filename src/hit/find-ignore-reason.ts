import { memoizeLatest } from '../common/generation-cache.js';
import type { HttpRequest } from './http-request.js';
import { hasWildcard } from './page/catch-all-route.js';
import { decodePath } from './page/url-pairs.js';
import { withSlash } from './parameters/route-details.js';
import { MAX_PATTERN_INPUT } from './request-patterns.js';
import type { Client } from './visitor/client.js';

export interface FilterOptions {
  readonly ignorePaths: readonly string[];
  readonly ignorePatterns: readonly RegExp[];
  readonly ignoreUserAgents: readonly RegExp[];
  /** Upper case. `undefined`: all. */
  readonly allowedMethods: readonly string[] | undefined;
  readonly ignoredMethods: readonly string[];
}

/** Why the options ignore a request; `undefined` if they do not. */
export function createFindIgnoreReason(
  options: FilterOptions,
): (request: HttpRequest) => 'path' | 'method' | 'user_agent' | 'pattern' | undefined {
  const paths = new Set(options.ignorePaths.map(withoutEndSlash));
  const routes = new Set([...paths].filter((path) => path !== '/' && !hasWildcard(path)));
  const allowed = options.allowedMethods && new Set(options.allowedMethods);
  const ignored = new Set(options.ignoredMethods);
  const { ignorePatterns, ignoreUserAgents } = options;

  const isIgnoredMethod = memoizeLatest((method: string) => {
    const upper = method.toUpperCase();
    return ignored.has(upper) || (allowed !== undefined && !allowed.has(upper));
  });

  function isIgnoredClient(client: Client): boolean {
    if (client.filter !== ignoreUserAgents) {
      client.filter = ignoreUserAgents;
      client.isIgnored = matchesAny(ignoreUserAgents, client.userAgent);
    }
    return client.isIgnored;
  }

  /** Texts are not remembered: whether their callers may be tracked is decided later. */
  function isIgnoredAgent(userAgent: string | undefined, client: Client | undefined): boolean {
    if (client) return isIgnoredClient(client);
    return userAgent !== undefined && matchesAny(ignoreUserAgents, userAgent);
  }

  /** Matching the route too leaves no other spelling of the path that the application serves. */
  function isIgnoredPath(path: string, route: string | undefined): boolean {
    if (paths.size === 0) return false; // an empty set would hash each path too, which costs 30 ns
    if (paths.has(withoutEndSlash(path))) return true;
    return route !== undefined && routes.has(withoutEndSlash(withSlash(route)));
  }

  return function findIgnoreReason({ path, route, method, userAgent, client }) {
    if (isIgnoredPath(path, route)) return 'path';
    if (isIgnoredMethod(method)) return 'method';
    if (isIgnoredAgent(userAgent, client)) return 'user_agent';
    return ignorePatterns.length > 0 && matchesPath(ignorePatterns, path) ? 'pattern' : undefined;
  };
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function matchesPath(patterns: readonly RegExp[], path: string): boolean {
  if (matchesAny(patterns, path)) return true;
  return path.includes('%') && matchesAny(patterns, decodePath(path.slice(0, MAX_PATTERN_INPUT)));
}

function matchesAny(patterns: readonly RegExp[], text: string): boolean {
  const seen = text.length > MAX_PATTERN_INPUT ? text.slice(0, MAX_PATTERN_INPUT) : text;
  return patterns.some((pattern) => pattern.test(seen));
}
