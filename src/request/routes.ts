import { memoize } from '../common/generation-cache.js';
import type { Attributes } from '../common/otel-types.js';
import { isStaticFile, toTitlePath } from '../hit/page/page-path.js';
import { redactRoute, redactSecrets } from '../hit/page/redact.js';
import {
  type ComparedRoute,
  fitsPath,
  isVague,
  plainRoute,
  toCompared,
} from '../hit/page/routes.js';
import { decodePath } from '../hit/text.js';
import { type FinishedSpan, micrometerIn, textOf } from './finished-span.js';
import { frameworkRequestOf } from './node-request.js';
import type { Request } from './request.js';

/** A method and an origin before a route, as in `GET|HEAD https://shop.example/users/:id`, and a query after it. */
const AROUND =
  /^(?:[A-Z|,:]{1,40}\s{1,9}){0,2}(?:[a-z][a-z+.-]{0,20}:\/\/[^/]{0,300}(?=\/))?|\?.*=.*/g;

type RedactPath = (path: string) => string;

interface ReadRoute extends ComparedRoute {
  /** What is sent of it if the application has written it: without syntax and secrets; `undefined` if it says less than the path. */
  readonly own: string | undefined;
  /** What is sent of it if a span reports it, which may have IDs that the client sent. */
  readonly shown: string | undefined;
  readonly isWhole: boolean;
}

/** A route with secrets or IDs is not remembered. */
const readRoute = /* @__PURE__ */ memoize(
  (reported: string): ReadRoute => {
    const route = reported.replace(AROUND, '');
    const plain = plainRoute(route);
    const own = isVague(plain) ? undefined : redactRoute(plain);
    const titled = own === undefined ? undefined : toTitlePath(own);
    const compared = toCompared(route, plain);
    // An ID in a route without parameters: it is the path itself, or the application has written it.
    const shown = titled === own || compared.hasParameter ? titled : undefined;
    return { ...compared, own, shown, isWhole: titled === plain };
  },
  ({ isWhole }) => isWhole,
);

/**
 * The route of a request, by the first that there is: what its SERVER span or one below reports, if that fits the path; what a framework
 * announced or stores on Node's request; a reported template of nothing but parameters.
 */
export function routeOf(
  { spanFacts, incoming, additions, rpc }: Request,
  attributes: Attributes,
  path: string,
  redactPath: RedactPath = redactSecrets,
): string | undefined {
  const ofServer =
    textOf(attributes['http.route']) ?? micrometerIn(attributes)?.route ?? textOf(rpc?.route);
  const server = ofServer === undefined ? undefined : readRoute(ofServer);
  const fits = (each: ReadRoute) => each.shown !== undefined && fitsPath(each, path);
  if (server?.hasText && fits(server)) return server.shown;
  const below = spanFacts?.routes.map(readRoute).filter(fits);
  const named = below?.find(({ hasText }) => hasText);
  if (named) return named.shown;
  const own = additions?.route ?? routeOnRequest(frameworkRequestOf(incoming), path, redactPath);
  const shown = own === undefined ? undefined : readRoute(own).own;
  if (shown !== undefined && (shown !== '/' || path === '/')) return shown;
  return server && fits(server) ? server.shown : below?.[0]?.shown;
}

const NEXT = Symbol.for('NextInternalRequestMeta');

/** What frameworks store on Node's request. */
interface FrameworkRequest {
  /** Next.js: the file that answers, if there is one. */
  readonly [NEXT]?: { readonly invokeOutput?: unknown };
  /** Express, Nest, Restify, Sails. */
  readonly route?: { readonly path?: unknown };
  /** The text of the path that the mount paths of its routers have matched; empty after an error. */
  readonly baseUrl?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
}

function routeOnRequest(
  incoming: FrameworkRequest | undefined,
  path: string,
  redactPath: RedactPath,
): string | undefined {
  if (incoming === undefined) return undefined;
  try {
    const file = incoming[NEXT]?.invokeOutput;
    // Next.js has a route for each file with metadata, such as `/favicon.ico`.
    if (typeof file === 'string' && !isStaticFile(file)) return file;
    return expressRoute(incoming, path, redactPath);
  } catch {
    return undefined; // a getter of the application
  }
}

/**
 * The template that Express stores, below the mount paths of its routers. Of these, there is only what the client has sent: nothing if that
 * would be redacted, and the names of parameters only if the router has the option `mergeParams`.
 */
function expressRoute(
  incoming: FrameworkRequest,
  path: string,
  redactPath: RedactPath,
): string | undefined {
  for (const own of [incoming.route?.path].flat()) {
    if (typeof own !== 'string') continue; // a regular expression
    const base = textOf(incoming.baseUrl) ?? beforeRoute(own, path);
    const route = toMountPath(base, own, incoming.params) + own;
    if (fitsPath(readRoute(route), path) && redactPath(path).startsWith(base))
      return route.replace(/(?<=.)\/$/, '');
  }
  return undefined;
}

/** The segments of a path before those of a route: after an error, Express has reset the base URL. */
function beforeRoute(own: string, path: string): string {
  const { segments, isLoose } = readRoute(own);
  if (isLoose) return '';
  const sent = path.split('/').filter(Boolean);
  return sent
    .slice(0, Math.max(0, sent.length - segments.length))
    .map((text) => `/${text}`)
    .join('');
}

function toMountPath(base: string, own: string, params: FrameworkRequest['params'] = {}): string {
  if (base === '') return '';
  const names = new Map<unknown, string>();
  for (const [name, value] of Object.entries(params))
    if (!own.includes(`:${name}`)) names.set(value, `:${name}`);
  const segments = base.split('/').map((text) => (text && names.get(decodePath(text))) ?? text);
  return toTitlePath(segments.join('/'));
}

/** Set by the instrumentations of Express, its router and Connect, whose spans have only parts of a route. */
const LAYER_ATTRIBUTES = ['express.type', 'router.type', 'connect.type'] as const;
const SUB_REQUEST = 'sveltekit.is_sub_request';
/** Every attribute that is read here, so that the gateway keeps them. */
export const ROUTE_BELOW_ATTRIBUTES: readonly string[] = [
  'http.route',
  ...LAYER_ATTRIBUTES,
  SUB_REQUEST,
];

/** The route that a child span reports, as Next.js and SvelteKit do. */
export function routeBelow(span: FinishedSpan): string | undefined {
  const { name, attributes } = span;
  const route = textOf(attributes['http.route']);
  if (route === undefined || readRoute(route).shown === undefined) return undefined;
  if (textOf(name)?.startsWith('sveltekit.') && !isWholeSvelteKitRequest(span, route))
    return undefined;
  return LAYER_ATTRIBUTES.some((type) => attributes[type] !== undefined) ? undefined : route;
}

/** SvelteKit serves what a page requests of its own server in the same process: only the outermost span tells these apart. */
function isWholeSvelteKitRequest({ name, attributes }: FinishedSpan, route: string): boolean {
  if (name !== 'sveltekit.handle.root' || route === 'unknown') return false;
  return attributes[SUB_REQUEST] !== true;
}
