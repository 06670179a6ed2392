import { matchesPath } from '../../hit/page/match-route.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { parseRoute } from '../../hit/page/route-template.js';
import { splitTarget, textOf } from '../finished-span.js';
import {
  hasMountPath,
  type Layer,
  Mount,
  type Mounted,
  matchLayer,
  NO_MOUNT,
} from './mount-path.js';
import { segmentsOfPath } from './reported-route.js';
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
export function readExpressRoute(
  incoming: RoutedRequest,
  sent: string,
  redactPath: (path: string) => string,
): string | undefined {
  const { app, route, url } = incoming;
  if (route === undefined) return undefined;
  const { path: declared } = route;
  if (typeof declared !== 'string' && !Array.isArray(declared)) return undefined;
  const base = textOf(incoming.baseUrl);
  // Without a base URL, `url` is whole, and shows what a middleware has rewritten it to.
  const path = base === undefined && typeof url === 'string' ? splitTarget(url).path : sent;
  // Express resets the base URL after an error; the mount path is then the beginning of the path.
  const known = mountOf(app, route, base ?? path, base !== undefined);
  const mounted = known ?? calledMountOf(app, route, base, path);
  const template =
    typeof declared === 'string' ? declared : templateOf(declared.flat(), mounted, path);
  if (template === undefined) return undefined;
  const prefix = mounted?.template ?? '';
  // A mount path that is text of the client is left to the path if that would be redacted.
  if (!known && mounted && !redactPath(sent).startsWith(mounted.text)) return undefined;
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
/** By applications, for functions with a mount path, which may call routers. */
const waysToFunctions = new WeakMap<Application, readonly Mounts[]>();
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
function longestMount(
  route: object,
  path: string,
  isWhole: boolean,
  start = NO_MOUNT,
): Mounted | undefined {
  let longest: Mounted | undefined;
  for (const [app, ways] of waysToRoutes.get(route) ?? []) {
    const starts = mountsOfApplication(app, path, start);
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
function mountsOfApplication(app: Application, path: string, start: Mounted): readonly Mounted[] {
  let found: readonly Mounted[] = [start];
  for (const around of withParents(app).slice(0, -1))
    found = enterAll(found, waysToApplications.get(around) ?? [], path);
  return found;
}

/**
 * The mount path of a route in a router that a function calls, as in `app.use('/v1', (...given) => v1(...given))`: the base URL, or after an
 * error what the route leaves of the path. Layers tell the names of parameters as far as the application is known, and below the function
 * if it calls an application. Of the rest there is only the text.
 */
function calledMountOf(
  app: unknown,
  route: { readonly path?: unknown },
  base: string | undefined,
  path: string,
): Mounted | undefined {
  const text = base ?? (typeof route.path === 'string' ? baseBefore(route.path, path) : undefined);
  if (text === undefined || !path.startsWith(text) || !isApplication(app)) return undefined;
  let outer = NO_MOUNT;
  for (const each of withParents(app)) {
    const ways = waysToFunctions.get(each) ?? [];
    for (const mounted of enterAll(mountsOfApplication(each, text, NO_MOUNT), ways, text))
      if (mounted.text.length > outer.text.length) outer = mounted;
  }
  for (const end of endsOfSegments(text, outer.text.length)) {
    const rest = toTitlePath(text.slice(outer.text.length, end));
    const start = { template: outer.template + rest, text: text.slice(0, end) };
    const mounted = longestMount(route, text, true, start);
    if (mounted) return mounted;
  }
  return { template: outer.template + toTitlePath(text.slice(outer.text.length)), text };
}

/** Where segments of a text end, from a place on. There are few in mount paths. */
function endsOfSegments(text: string, from: number): number[] {
  const ends = [from];
  for (let at = text.indexOf('/', from + 1); at >= 0; at = text.indexOf('/', at + 1)) ends.push(at);
  return ends.slice(0, MAX_DEPTH);
}

/** What is before a route in a path. */
function baseBefore(route: string, path: string): string | undefined {
  const template = parseRoute(route);
  for (const end of endsOfSegments(path, 0)) {
    if (matchesPath(template, segmentsOfPath(path.slice(end)))) return path.slice(0, end);
  }
  return undefined;
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
  const toFunctions: Mounts[] = [];
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
      const stack = (layer.handle as Router | undefined)?.stack;
      if (layer.name === MOUNTED_APPLICATION) toApplications.push(inside);
      else if (stack) readStack(stack, inside);
      else if (hasMountPath(layer)) toFunctions.push(inside);
    }
  }

  // The getter `router` of Express 4 throws.
  readStack((app._router ?? app.router)?.stack, []);
  waysToApplications.set(app, toApplications);
  waysToFunctions.set(app, toFunctions);
  for (const [route, ways] of toRoutes) {
    const ofAll = waysToRoutes.get(route) ?? new Map<Application, readonly WayToRoute[]>();
    waysToRoutes.set(route, ofAll.set(app, ways));
  }
}
