import type { Attributes } from '@opentelemetry/api';
import { isCatchAllRoute } from '../../hit/catch-all-route.js';
import { textOf } from '../finished-span.js';
import type { RequestRecord } from '../request-record.js';

/** The request as Express 4 and 5 and Restify leave it when they have routed it. */
interface RoutedRequest {
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * The route template: of the server span, of a span below it, as Fastify announced it, or as the framework left it on
 * Node's request. The first that is no catch-all counts. A 404 with the route `/` had none.
 */
export function routeOf(
  record: RequestRecord,
  attributes: Attributes,
  path: string,
  statusCode: number,
): string | undefined {
  const route =
    specific(textOf(attributes['http.route'])) ??
    record.nestedRoute ??
    specific(record.captured?.route) ??
    specific(routeOfRequest(record.captured?.request as RoutedRequest | undefined, path));
  return statusCode === 404 && route === '/' && path !== '/' ? undefined : route;
}

function specific(route: string | undefined): string | undefined {
  return route === undefined || isCatchAllRoute(route) ? undefined : route;
}

function routeOfRequest(request: RoutedRequest | undefined, path: string): string | undefined {
  const given = request?.route?.path;
  if (given === undefined) return undefined;
  if (given instanceof RegExp) return String(given);
  const segments = segmentsOf(path);
  const template = Array.isArray(given) ? templateOf(given, segments) : given;
  if (typeof template !== 'string') return undefined;
  const { baseUrl } = request ?? {};
  const prefix =
    typeof baseUrl === 'string' && baseUrl !== '' ? baseUrl : lostPrefix(segments, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** Which of several templates of one route it was: the one that the end of the path looks like. */
function templateOf(templates: readonly unknown[], path: readonly string[]): unknown {
  const looksLike = (template: unknown) => {
    const own = segmentsOf(String(template));
    const end = path.slice(path.length - own.length);
    return own.every((segment, i) => segment.startsWith(':') || segment === end[i]);
  };
  return templates.find(looksLike) ?? templates[0];
}

/**
 * After an error Express has reset `baseUrl`: the prefix is the path less as many segments as the route has. Where those
 * cannot be counted, because one matches many, there is none.
 */
function lostPrefix(path: readonly string[], template: string): string {
  if (/[*?+({]/.test(template)) return '';
  const prefix = path.slice(0, Math.max(0, path.length - segmentsOf(template).length));
  return prefix.map((segment) => `/${segment}`).join('');
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}
