import { isStaticFile } from '../../hit/page-view-filter.js';

const NEXT = Symbol.for('NextInternalRequestMeta');
const LOOPBACK = Symbol.for('loopback.middleware.context');
/** Of the package `gals`, in which Egg has the context of the current request. */
const EGG = Symbol.for('gals#asyncLocalStorage');

/** What frameworks other than Express store on Node's request. */
interface StoredRoutes {
  /** Next.js: the file that answers, if there is one. */
  readonly [NEXT]?: { readonly invokeOutput?: unknown };
  readonly [LOOPBACK]?: LoopBackContext;
  /** moleculer-web. */
  readonly $alias?: { readonly fullPath?: unknown };
  /** Feathers on Express, which stores what it has found here and its result on the response. */
  readonly lookup?: { readonly params?: { readonly __id?: unknown } };
  readonly res?: { readonly hook?: { readonly path?: unknown } };
}

interface Global {
  readonly [EGG]?: {
    getStore(): { readonly req?: unknown; readonly _matchedRoute?: unknown } | undefined;
  };
}

interface LoopBackContext {
  isBound(key: string): boolean;
  getSync(key: string, options: { optional: true }): { readonly path?: unknown } | undefined;
}

/** The route that Next.js, moleculer-web, LoopBack, Feathers or Egg stores. */
export function readStoredRoute(request: StoredRoutes): string | undefined {
  const route =
    readNextRoute(request[NEXT]?.invokeOutput) ??
    request.$alias?.fullPath ??
    readLoopBackRoute(request[LOOPBACK]) ??
    readFeathersRoute(request) ??
    readEggRoute(request);
  return typeof route === 'string' ? route : undefined;
}

/** Next.js has a route for each file with metadata, such as `/favicon.ico`. */
function readNextRoute(output: unknown): string | undefined {
  return typeof output === 'string' && !isStaticFile(output) ? output : undefined;
}

/** Without an operation, what it calls route has the URL that the client sent as its path. */
function readLoopBackRoute(context: LoopBackContext | undefined): unknown {
  if (!context?.isBound('rest.operationSpec.current')) return undefined;
  return context.getSync('rest.operation.route', { optional: true })?.path;
}

function readFeathersRoute({ lookup, res }: StoredRoutes): string | undefined {
  const path = lookup && res?.hook?.path;
  if (typeof path !== 'string') return undefined;
  return lookup?.params?.__id === undefined ? `/${path}` : `/${path}/:id`;
}

/** Found only in the async context of the request, in which it usually ends. */
function readEggRoute(request: object): unknown {
  const context = (globalThis as Global)[EGG]?.getStore();
  return context?.req === request ? context._matchedRoute : undefined;
}
