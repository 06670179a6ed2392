import { memoize, memoizeLatest } from '../common/generation-cache.js';
import type { Client } from './client.js';
import type { HttpRequest } from './http-request.js';
import { MAX_PATTERN_INPUT } from './request-patterns.js';

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
  const paths = new Set(options.ignorePaths);
  const allowed = options.allowedMethods && new Set(options.allowedMethods);
  const ignored = new Set(options.ignoredMethods);
  const { ignorePatterns, ignoreUserAgents } = options;

  const isIgnoredMethod = memoizeLatest((method: string) => {
    const upper = method.toUpperCase();
    return ignored.has(upper) || (allowed !== undefined && !allowed.has(upper));
  });
  const isIgnoredAgent = memoize((userAgent: string) => matchesAny(ignoreUserAgents, userAgent));

  function isIgnoredClient(client: Client): boolean {
    if (client.filter !== ignoreUserAgents) {
      client.filter = ignoreUserAgents;
      client.isIgnored = isIgnoredAgent(client.userAgent);
    }
    return client.isIgnored;
  }

  return function findIgnoreReason({ path, method, userAgent, client }) {
    if (paths.size > 0 && paths.has(path)) return 'path'; // an empty set would hash each path too, which costs 30 ns
    if (isIgnoredMethod(method)) return 'method';
    if (client ? isIgnoredClient(client) : userAgent !== undefined && isIgnoredAgent(userAgent))
      return 'user_agent';
    return ignorePatterns.length > 0 && matchesAny(ignorePatterns, path) ? 'pattern' : undefined;
  };
}

function matchesAny(patterns: readonly RegExp[], text: string): boolean {
  const seen = text.length > MAX_PATTERN_INPUT ? text.slice(0, MAX_PATTERN_INPUT) : text;
  return patterns.some((pattern) => pattern.test(seen));
}
