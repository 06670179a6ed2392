import { toTitlePath } from '../../hit/page/page-path.js';
import { redactSecrets } from '../../hit/page/query-policy.js';
import { splitTarget, textOf } from '../finished-span.js';
import { mountOf } from './express-mounts.js';
import { type Mounted, withNames } from './mount-path.js';
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
  const { app, route, url, params } = request;
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
  const prefix = mounted?.template ?? guessPrefix(base, params, path, template);
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

/** The mount path of a router that is not Express' own: the base URL, or what the path has before the segments of the route. */
function guessPrefix(
  base: string | undefined,
  params: unknown,
  path: string,
  template: string,
): string {
  if (base === undefined) return toTemplate(lostPrefix(segmentsOf(path), template));
  if (path !== base && !path.startsWith(`${base}/`)) return '';
  const others = Object.entries(params ?? {}).filter(([name]) => !template.includes(name));
  return toTemplate(withNames(base, others));
}

function toTemplate(path: string): string {
  return redactSecrets(toTitlePath(path));
}

/** If a segment of the route matches several, they cannot be counted and there is no prefix. */
function lostPrefix(path: readonly string[], template: string): string {
  if (/[*?+({]/.test(template)) return '';
  const prefix = path.slice(0, Math.max(0, path.length - segmentsOf(template).length));
  return prefix.map((segment) => `/${segment}`).join('');
}
