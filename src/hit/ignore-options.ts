import type { HttpRequest } from './http-request.js';
import { endsInWildcard, hasWildcard } from './page/catch-all-route.js';
import { plainRoute } from './page/plain-route.js';
import { isPollingSession } from './page/redact-query.js';
import { decodePath } from './page/url-pairs.js';
import { withSlash } from './parameters/route-details.js';
import { MAX_PATTERN_INPUT, matchesAny } from './text.js';
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
  const plain = [...paths].map(plainRoute);
  const routes = new Set(plain.filter((path) => path !== '/' && !hasWildcard(path)));
  const allowed = options.allowedMethods && new Set(options.allowedMethods);
  const ignored = new Set(options.ignoredMethods);
  const { ignorePatterns, ignoreUserAgents } = options;

  /** CORS preflights are ignored here, too, if the options name OPTIONS. */
  function isIgnoredMethod(method: string): boolean {
    if (ignored.size === 0 && allowed === undefined) return false;
    const upper = method.toUpperCase();
    return ignored.has(upper) || (allowed !== undefined && !allowed.has(upper));
  }

  function isIgnoredClient(client: Client): boolean {
    if (client.filter !== ignoreUserAgents) {
      client.filter = ignoreUserAgents;
      client.isIgnored = matchesAny(ignoreUserAgents, client.userAgent);
    }
    return client.isIgnored;
  }

  /** Texts are not remembered: whether their visitors may be tracked is decided later. */
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

export interface NoPageOptions {
  readonly staticFiles: 'ignore' | 'track';
  readonly prefetches: 'ignore' | 'track';
}

/** Why a request that no filter ignores is still no page view: browsers and libraries send it besides those of pages. */
export type NoPageReason = 'polling' | 'prefetch' | 'static';

export function createFindNoPageReason({
  staticFiles,
  prefetches,
}: NoPageOptions): (request: HttpRequest) => NoPageReason | undefined {
  const ignoresPrefetches = prefetches === 'ignore';
  const ignoresStaticFiles = staticFiles === 'ignore';

  return function findNoPageReason(request) {
    const { method, path, query } = request;
    if (isPollingSession(query) && !isEndpoint(request)) return 'polling';
    if (ignoresPrefetches && request.isPrefetch) return 'prefetch';
    if (!ignoresStaticFiles || !isStaticFile(path) || !READS.test(method)) return undefined;
    return isEndpoint(request) ? undefined : 'static';
  };
}

/** The methods that only read. */
export const READS: RegExp = /^(?:GET|HEAD)$/i;

/** Whether the application has a route for just this path. A mount path and a route that ends in a wildcard serve any file below. */
function isEndpoint({ route, path }: HttpRequest): boolean {
  if (route === undefined || endsInWildcard(route)) return false;
  return !path.startsWith(route.endsWith('/') ? route : `${route}/`);
}

/** Scripts, styles, source maps, images, fonts, WebAssembly and web manifests. */
const EXTENSION =
  /\.(?:[cm]?js|jsx|tsx|css|map|apng|avif|bmp|gif|ico|jpe?g|png|svg|webp|eot|otf|ttf|woff2?|wasm|webmanifest)$/i;

/** What crawlers and frameworks request by a fixed name, and folders with nothing but the files of a build. */
const PLACE =
  /^\/(?:(?:robots\.txt|sitemap\.xml|manifest\.json|__manifest|_next\/image|_image|@react-refresh)$|(?:_next\/static|_astro|_nuxt|@vite|@id|node_modules\/\.vite)\/)/i;

/** Whether a path looks like that of a static file. Audio, video and documents are content that people ask for. */
export function isStaticFile(path: string): boolean {
  return (path.includes('.') && EXTENSION.test(path)) || PLACE.test(path);
}

/**
 * User agents of health checks: Kubernetes, load balancers, uptime monitors. Search engines are not included: they are visitors. The
 * default of `ignoreUserAgents`.
 */
export const HEALTH_CHECKERS: readonly RegExp[] = [
  /^kube-probe\//i,
  /^ELB-HealthChecker\//i,
  /^Amazon-Route53-Health-Check-Service/i,
  /^GoogleHC\//i,
  /^GoogleStackdriverMonitoring/i,
  /^Envoy\/HC$/i,
  /^Consul Health Check/i,
  /^HAProxy\b/i,
  /^NS8_HealthCheck/i,
  /\bUptimeRobot\//i,
  /^Better ?(?:Stack|Uptime)\b/i,
  /^Pingdom\.com_bot/i,
  /\bStatusCake\b/i,
  /^check_http\//i,
  /^Blackbox Exporter\//i,
  /^Uptime-Kuma\//i,
];
