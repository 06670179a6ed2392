interface RoutedRequest {
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
}

/** Of Express 4 and 5 and Restify, which leave the route and where it is mounted on the request. */
export function readExpressRoute(request: RoutedRequest, path: string): string | undefined {
  const given = request.route?.path;
  if (given === undefined) return undefined;
  if (given instanceof RegExp) return String(given);
  const segments = segmentsOf(path);
  const template = Array.isArray(given) ? templateOf(given, segments) : given;
  if (typeof template !== 'string') return undefined;
  const { baseUrl } = request;
  const prefix =
    typeof baseUrl === 'string' && baseUrl !== '' ? baseUrl : lostPrefix(segments, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** Of several templates of one route, the one that matches the end of the path. */
function templateOf(templates: readonly unknown[], path: readonly string[]): unknown {
  const looksLike = (template: unknown) => {
    const own = segmentsOf(String(template));
    const end = path.slice(path.length - own.length);
    return own.every((segment, i) => segment.startsWith(':') || segment === end[i]);
  };
  return templates.find(looksLike) ?? templates[0];
}

/**
 * After an error Express has reset `baseUrl`: the prefix is the path without as many segments as the route has. If those
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
