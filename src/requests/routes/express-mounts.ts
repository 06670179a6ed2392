import { type Layer, Mount, type Mounted, matchLayer } from './mount-path.js';

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

/** How an application leads to a route, or to the applications that are mounted in it. */
interface Way {
  /** Routers on the way, outermost first. */
  readonly mounts: readonly Mount[];
  /** Of the route. */
  readonly layer: Layer;
}

/** Limits for reading applications: routers and applications may be mounted in each other. */
const MAX_DEPTH = 10;
const MAX_LAYERS = 20_000;

/** By routes, and by applications for those that are mounted in them. A router may be mounted several times, in several applications. */
const ways = new WeakMap<object, Map<Application, readonly Way[]>>();
/** How often a route was not found, by application. */
const misses = new WeakMap<Application, number>();

const NO_MOUNT: Mounted = { template: '', text: '' };

/**
 * The mount path of a route of Express, from the layers of the application: a request has only the text that they matched, and
 * nothing at all after an error. `undefined` if the application does not have the route there.
 *
 * @param isWhole whether `path` is the mount path. Otherwise, what is left of it must match the route.
 */
export function mountOf(
  app: unknown,
  route: object,
  path: string,
  isWhole: boolean,
): Mounted | undefined {
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
  for (const [app, inner] of ways.get(route) ?? []) {
    let outer = [NO_MOUNT];
    for (const around of withParents(app).slice(0, -1))
      outer = enter(outer, ways.get(around)?.get(around), path);
    for (const way of inner) {
      for (const mounted of enter(outer, [way], path)) {
        if (longest && longest.text.length >= mounted.text.length) continue;
        const rest = path.slice(mounted.text.length);
        if (isWhole ? rest === '' : matchLayer(way.layer, rest || '/')) longest = mounted;
      }
    }
  }
  return longest;
}

/** The mount paths, below others, of ways that a path can take. */
function enter(
  outer: readonly Mounted[],
  inner: readonly Way[] | undefined,
  path: string,
): Mounted[] {
  const found: Mounted[] = [];
  for (const start of outer) {
    for (const { mounts } of inner ?? []) {
      let mounted: Mounted | undefined = start;
      for (const mount of mounts) mounted = mounted && mount.enter(mounted, path);
      if (mounted) found.push(mounted);
    }
  }
  return found;
}

/** Finds the ways from an application to all of its routes. */
function readApplication(app: Application): void {
  const found = new Map<object, Way[]>();
  let layersLeft = MAX_LAYERS;

  function add(target: object, way: Way): void {
    const known = found.get(target);
    if (known) known.push(way);
    else found.set(target, [way]);
  }

  function readStack(stack: unknown, mounts: readonly Mount[]): void {
    if (!Array.isArray(stack) || mounts.length > MAX_DEPTH) return;
    for (const layer of stack as readonly RouterLayer[]) {
      layersLeft -= 1;
      if (layersLeft < 0) return;
      const inside = () => [...mounts, new Mount(layer)];
      if (layer.route) add(layer.route, { mounts, layer });
      else if (layer.name === MOUNTED_APPLICATION) add(app, { mounts: inside(), layer });
      else readStack((layer.handle as Router | undefined)?.stack, inside());
    }
  }

  // The getter `router` of Express 4 throws.
  readStack((app._router ?? app.router)?.stack, []);
  for (const [target, own] of found) {
    const all = ways.get(target) ?? new Map<Application, readonly Way[]>();
    ways.set(target, all.set(app, own));
  }
}
