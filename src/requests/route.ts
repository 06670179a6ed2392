import type { Attributes } from '@opentelemetry/api';
import { textAttribute } from './finished-span.js';
import type { RequestRecord } from './request-record.js';

/** The request as Express 4 and 5 and Restify leave it when they have routed it. */
interface RoutedRequest {
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * The route template: of the server span, of a SERVER span nested in it, as Fastify announced
 * it, or as the framework left it on Node's request.
 * A 404 whose route is only a wildcard or `/` had none.
 */
export function routeOf(
  record: RequestRecord,
  attributes: Attributes,
  path: string,
  statusCode: number,
): string | undefined {
  const route =
    textAttribute(attributes, 'http.route') ??
    record.nestedRoute ??
    record.captured?.route ??
    routeOfRequest(record.captured?.request as RoutedRequest | undefined, path);
  const isCatchAll = route === '/*' || route === '*' || (route === '/' && path !== '/');
  return statusCode === 404 && isCatchAll ? undefined : route;
}

function routeOfRequest(request: RoutedRequest | undefined, path: string): string | undefined {
  const given = request?.route?.path;
  const first: unknown = Array.isArray(given) ? given[0] : given;
  if (first instanceof RegExp) return String(first);
  if (typeof first !== 'string') return undefined;
  const template = first;
  const { baseUrl } = request ?? {};
  const prefix = typeof baseUrl === 'string' && baseUrl !== '' ? baseUrl : prefixOf(path, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** After an error Express has reset `baseUrl`: the prefix is the path less as many segments as the route has. */
function prefixOf(path: string, template: string): string {
  const own = template === '/' ? 0 : template.split('/').length - 1;
  const segments = path.replace(/\/$/, '').split('/').slice(1);
  return segments
    .slice(0, Math.max(0, segments.length - own))
    .map((segment) => `/${segment}`)
    .join('');
}
