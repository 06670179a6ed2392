interface RoutedRequest {
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
}

/** For Express 4 and 5 and Restify, which store the route and its mount path on the request. */
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

/** If a route has several templates, the one that matches the end of the path. */
function templateOf(templates: readonly unknown[], path: readonly string[]): unknown {
  const looksLike = (template: unknown) => {
    const own = segmentsOf(String(template));
    const end = path.slice(path.length - own.length);
    return own.every((segment, i) => segment.startsWith(':') || segment === end[i]);
  };
  return templates.find(looksLike) ?? templates[0];
}

/**
 * Express resets `baseUrl` after an error. The prefix is then the path minus as many segments as the route has. If a segment of the
 * route matches several, they cannot be counted and there is no prefix.
 */
function lostPrefix(path: readonly string[], template: string): string {
  if (/[*?+({]/.test(template)) return '';
  const prefix = path.slice(0, Math.max(0, path.length - segmentsOf(template).length));
  return prefix.map((segment) => `/${segment}`).join('');
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}
