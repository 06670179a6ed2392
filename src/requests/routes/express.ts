import { splitTarget, textOf } from '../finished-span.js';
import { type Layer, Mount, type Mounted, matchLayer, NO_MOUNT } from './mount-path.js';
import { longestMatch, segmentsOf } from './route-list.js';

interface RoutedRequest {
  readonly app?: unknown;
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * For Express 4 and 5, Restify and Sails, which store the route on the request. Before it come the mount paths of its routers. Of these, a
 * request has only the text that they matched, which may have values of the client:
 *
 *     app.use('/users/:userId', router);     /users/7/posts/8       baseUrl: /users/7
 *     router.get('/posts/:postId', …);                              route.path: /posts/:postId
 */
export function readExpressRoute(incoming: RoutedRequest, sent: string): string | undefined {
  const { app, route, url } = incoming;
  if (route === undefined) return undefined;
  const { path: declared } = route;
  if (typeof declared !== 'string' && !Array.isArray(declared)) return undefined;
  const base = textOf(incoming.baseUrl);
  // Without a base URL, `url` is whole, and shows what a middleware has rewritten it to.
  const path = base === undefined && typeof url === 'string' ? splitTarget(url).path : sent;
  // Express resets the base URL after an error; the mount path is then the beginning of the path.
  const mounted = mountOf(app, route, base ?? path, base !== undefined);
  const template =
    typeof declared === 'string' ? declared : templateOf(declared.flat(), mounted, path);
  if (template === undefined) return undefined;
  // A router that only a function of the application calls is in no layer, so that its mount path is not known.
  const prefix = mounted?.template ?? '';
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
  return longestMatch(templates, rest, !isBelow);
}

interface Router {
  readonly stack?: readonly RouterLayer[];
}

interface RouterLayer extends Layer {
  readonly name?: unknown;
  readonly handle?: unknown;
  readonly route?: object;
}

/** An application, which is mounted in its `parent` by a function with a name of its own. */
interface Application {
  readonly parent?: Application;
  readonly _router?: Router;
  readonly router?: Router;
}
const MOUNTED_APPLICATION = 'mounted_app';

/** Routers on the way through an application, outermost first. */
type Mounts = readonly Mount[];

/** How an application leads to a route. */
interface WayToRoute {
  readonly mounts: Mounts;
  /** Of the route. */
  readonly layer: Layer;
}

/** Limits for reading applications: routers and applications may be mounted in each other. */
const MAX_DEPTH = 10;
const MAX_LAYERS = 20_000;

/** By routes, for each application that leads there: a router may be mounted several times, in several applications. */
const waysToRoutes = new WeakMap<object, Map<Application, readonly WayToRoute[]>>();
/** By applications, for all that are mounted in them: a layer does not say which one that is. */
const waysToApplications = new WeakMap<Application, readonly Mounts[]>();
/** How often a route was not found, by application. */
const misses = new WeakMap<Application, number>();

/**
 * The mount path of a route of Express, from the layers of the application: a request has only the text that they matched, and
 * nothing at all after an error. `undefined` if the application does not have the route there.
 *
 * @param isWhole whether `path` is the mount path. Otherwise, what is left of it must match the route.
 */
function mountOf(app: unknown, route: object, path: string, isWhole: boolean): Mounted | undefined {
  const known = longestMount(route, path, isWhole);
  if (known || !isApplication(app) || !shouldRead(app)) return known;
  // Not found, or mounted since the application was read.
  for (const each of withParents(app)) readApplication(each);
  return longestMount(route, path, isWhole);
}

function isApplication(app: unknown): app is Application {
  return typeof app === 'function';
}

/** Reading visits all layers, so it becomes rare if routes are not found again and again. */
function shouldRead(app: Application): boolean {
  const count = (misses.get(app) ?? 0) + 1;
  misses.set(app, count);
  return (count & (count - 1)) === 0;
}

/** An application and those around it, outermost first. */
function withParents(app: Application): readonly Application[] {
  const all = [app];
  for (let next = app.parent; isApplication(next) && all.length < MAX_DEPTH; next = next.parent)
    all.unshift(next);
  return all;
}

/** A router may be mounted in several places: the one counts that takes most of the path and leaves what the route matches. */
function longestMount(route: object, path: string, isWhole: boolean): Mounted | undefined {
  let longest: Mounted | undefined;
  for (const [app, ways] of waysToRoutes.get(route) ?? []) {
    const starts = mountsOfApplication(app, path);
    for (const { mounts, layer } of ways) {
      for (const mounted of enterAll(starts, [mounts], path)) {
        if (longest && longest.text.length >= mounted.text.length) continue;
        const rest = path.slice(mounted.text.length);
        if (isWhole ? rest === '' : matchLayer(layer, rest || '/')) longest = mounted;
      }
    }
  }
  return longest;
}

/** Where an application can be mounted that a path leads to, through those around it. */
function mountsOfApplication(app: Application, path: string): readonly Mounted[] {
  let found: readonly Mounted[] = [NO_MOUNT];
  for (const around of withParents(app).slice(0, -1))
    found = enterAll(found, waysToApplications.get(around) ?? [], path);
  return found;
}

/** The mount paths of all ways that a path can take from these. */
function enterAll(starts: readonly Mounted[], ways: readonly Mounts[], path: string): Mounted[] {
  const found: Mounted[] = [];
  for (const start of starts) {
    for (const mounts of ways) {
      let mounted: Mounted | undefined = start;
      for (const mount of mounts) mounted = mounted && mount.enter(mounted, path);
      if (mounted) found.push(mounted);
    }
  }
  return found;
}

/** Finds the ways through an application to all of its routes, and to the applications that are mounted in it. */
function readApplication(app: Application): void {
  const toRoutes = new Map<object, WayToRoute[]>();
  const toApplications: Mounts[] = [];
  let layersLeft = MAX_LAYERS;

  function readStack(stack: unknown, mounts: Mounts): void {
    if (!Array.isArray(stack) || mounts.length > MAX_DEPTH) return;
    for (const layer of stack as readonly RouterLayer[]) {
      layersLeft -= 1;
      if (layersLeft < 0) return;
      if (layer.route) {
        const ways = toRoutes.get(layer.route) ?? [];
        ways.push({ mounts, layer });
        toRoutes.set(layer.route, ways);
        continue;
      }
      const inside = [...mounts, new Mount(layer)];
      if (layer.name === MOUNTED_APPLICATION) toApplications.push(inside);
      else readStack((layer.handle as Router | undefined)?.stack, inside);
    }
  }

  // The getter `router` of Express 4 throws.
  readStack((app._router ?? app.router)?.stack, []);
  waysToApplications.set(app, toApplications);
  for (const [route, ways] of toRoutes) {
    const ofAll = waysToRoutes.get(route) ?? new Map<Application, readonly WayToRoute[]>();
    waysToRoutes.set(route, ofAll.set(app, ways));
  }
}
