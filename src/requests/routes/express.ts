import { toTitlePath } from '../../hit/page/page-path.js';
import { redactSecrets } from '../../hit/page/redact-path.js';
import { splitTarget, textOf } from '../finished-span.js';
import { beginningOf, mountOf } from './express-mounts.js';
import { type Mounted, mostUsedSpelling, withNames } from './mount-path.js';
import { longestMatch, segmentsOf } from './route-list.js';

interface RoutedRequest {
  readonly app?: unknown;
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly params?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * For Express 4 and 5, Restify and Sails, which store the route on the request. It is behind the mount paths of its routers, of which a
 * request has only the values, nothing of which may be in a route:
 *
 *     app.use('/users/:userId', router);     /users/7/posts/8       baseUrl: /users/7
 *     router.get('/posts/:postId', …);                              route.path: /posts/:postId
 */
export function readExpressRoute(request: RoutedRequest, sent: string): string | undefined {
  const { app, route, url } = request;
  if (route === undefined) return undefined;
  const { path: declared } = route;
  if (typeof declared !== 'string' && !Array.isArray(declared)) return undefined;
  const base = textOf(request.baseUrl);
  // Without a base URL, `url` is whole, and shows what a middleware has rewritten it to.
  const path = base === undefined && typeof url === 'string' ? splitTarget(url).path : sent;
  // Express resets the base URL after an error; the mount path is then the beginning of the path.
  const mounted = mountOf(app, route, base ?? path, base !== undefined);
  const template =
    typeof declared === 'string' ? declared : templateOf(declared.flat(), mounted, path);
  if (template === undefined) return undefined;
  const prefix = mounted?.template ?? guessPrefix(request, base, path, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** The longest template of a list that matches what is below the mount path. If none does, an expression has. */
function templateOf(
  templates: readonly unknown[],
  mounted: Mounted | undefined,
  path: string,
): string | undefined {
  const isBelow = mounted !== undefined && path.startsWith(mounted.text);
  const rest = segmentsOf(isBelow ? path.slice(mounted.text.length) : path);
  const texts = templates.filter((template) => typeof template === 'string');
  const isText = texts.length === templates.length;
  return longestMatch(texts, rest, !isBelow) ?? (isText ? texts[0] : undefined);
}

/**
 * The mount path of a router that no layer of the application has: the base URL, or what the path has before the segments of the route.
 * Of what is mounted in such a router, only the text is known.
 */
function guessPrefix(
  { app, params }: RoutedRequest,
  base: string | undefined,
  path: string,
  template: string,
): string {
  if (base !== undefined && path !== base && !path.startsWith(`${base}/`)) return '';
  const text = base ?? lostPrefix(segmentsOf(path), template);
  const known = beginningOf(app, text);
  const rest = text.slice(known.text.length);
  const others = Object.entries(base === undefined ? {} : (params ?? {}));
  const named = withNames(
    rest,
    others.filter(([name]) => !template.includes(name)),
  );
  return known.template + mostUsedSpelling(redactSecrets(toTitlePath(named)));
}

/** If a segment of the route matches several, they cannot be counted and there is no prefix. */
function lostPrefix(path: readonly string[], template: string): string {
  if (/[*?+({]/.test(template)) return '';
  const prefix = path.slice(0, Math.max(0, path.length - segmentsOf(template).length));
  return prefix.map((segment) => `/${segment}`).join('');
}
