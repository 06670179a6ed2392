import { copyText, GenerationCache } from '../../common/generation-cache.js';
import { toTitlePath } from '../../hit/page/page-path.js';
import { redactSecrets } from '../../hit/page/query-policy.js';
import { decodePath } from '../../hit/page/url-pairs.js';
import { splitTarget, textOf } from '../finished-span.js';
import { longestMatch, segmentsOf } from './route-list.js';

interface RoutedRequest {
  readonly app?: unknown;
  readonly baseUrl?: unknown;
  readonly url?: unknown;
  readonly params?: unknown;
  readonly route?: { readonly path?: unknown };
}

/**
 * For Express 4 and 5, Restify and Sails, which store the route on the request. Its mount path has values of the request, which are
 * replaced.
 */
export function readExpressRoute(request: RoutedRequest, sent: string): string | undefined {
  const { app, route, url, params } = request;
  const routePath = route?.path;
  if (route === undefined || routePath === undefined || routePath instanceof RegExp)
    return undefined;
  const base = textOf(request.baseUrl);
  // Without a base URL, `url` is whole, and shows what a middleware has rewritten it to.
  const path = base === undefined && typeof url === 'string' ? splitTarget(url).path : sent;
  // Express resets the base URL after an error; the mount path is then the beginning of the path.
  const mounted = mountOf(app, route, base ?? path, base !== undefined);
  const template = Array.isArray(routePath)
    ? templateOf(routePath.flat(), mounted, path)
    : routePath;
  if (typeof template !== 'string') return undefined;
  const prefix = mounted?.template ?? guessPrefix(base, params, path, template);
  return template === '/' && prefix !== '' ? prefix : prefix + template;
}

/** The longest template of a list that matches what is below the mount path. If none does, an expression has. */
function templateOf(
  templates: readonly unknown[],
  mounted: Mounted | undefined,
  path: string,
): unknown {
  const isBelow = mounted !== undefined && path.startsWith(mounted.text);
  const rest = segmentsOf(isBelow ? path.slice(mounted.text.length) : path);
  const isText = templates.every((template) => typeof template === 'string');
  return longestMatch(templates, rest, !isBelow) ?? (isText ? templates[0] : undefined);
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

/** Limits for reading an application: routers may be mounted in each other. */
const MAX_DEPTH = 10;
const MAX_LAYERS = 20_000;
/** Of a mount path that matches any number of segments. */
const MAX_SEGMENTS = 100;

/** Names and values. */
type Params = readonly (readonly [string, unknown])[];

interface Match {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A layer of a router: of Express 4 with a regular expression, of Express 5 with matchers. */
interface Layer {
  readonly name?: unknown;
  readonly handle?: unknown;
  readonly route?: object;
  /** What was declared, of Express 5 with router 2.3 and later. */
  readonly rawPath?: unknown;
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
  readonly slash?: boolean;
  readonly matchers?: readonly ((path: string) => Match | false)[];
}

interface Router {
  readonly stack?: readonly Layer[];
}

/** An application, which is mounted in its `parent` by a function with a name of its own. */
interface Application {
  readonly parent?: Application;
  readonly _router?: Router;
  readonly router?: Router;
}
const MOUNTED_APPLICATION = 'mounted_app';

/** What a request was passed through on the way to its route, outermost first. */
type Chain = readonly Mount[];

/** The layers of routes. */
const layers = new WeakMap<object, Layer>();

/** The mount path of a router as its template, and the text of the path that it matched. */
interface Mounted {
  readonly template: string;
  readonly text: string;
}

/** How to get to a route in each application that has it; of an application, to those that are mounted in it. */
const places = new WeakMap<object, Map<Application, readonly Chain[]>>();
/** How often a route was not found, by application. */
const misses = new WeakMap<Application, number>();

/**
 * The mount path of a route of Express, from the layers of the application: a request has only the text that they matched, and
 * nothing at all after an error. `undefined` if the application does not have the route there.
 *
 * @param isWhole whether `path` is the mount path. Otherwise, what is left of it must match the route.
 */
function mountOf(app: unknown, route: object, path: string, isWhole: boolean): Mounted | undefined {
  const known = matchChains(route, path, isWhole);
  if (known || !isApplication(app) || !shouldRead(app)) return known;
  for (let read: Application | undefined = app; isApplication(read); read = read.parent)
    readApplication(read);
  return matchChains(route, path, isWhole);
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

function chainsTo(target: object): readonly Chain[] {
  const all = places.get(target);
  return all ? [...all].flatMap(([app, chains]) => withParents(app, chains)) : [];
}

function withParents({ parent }: Application, chains: readonly Chain[]): readonly Chain[] {
  if (!isApplication(parent)) return chains;
  return chainsTo(parent).flatMap((outer) => chains.map((inner) => [...outer, ...inner]));
}

/** The longest match: a router may be mounted in several places. */
function matchChains(route: object, path: string, isWhole: boolean): Mounted | undefined {
  let longest: Mounted | undefined;
  for (const chain of chainsTo(route)) {
    const mounted = matchChain(chain, path);
    if (!mounted || (longest && longest.text.length >= mounted.text.length)) continue;
    const rest = path.slice(mounted.text.length);
    if (isWhole ? rest === '' : matchesRoute(route, rest)) longest = mounted;
  }
  return longest;
}

function matchesRoute(route: object, rest: string): boolean {
  const layer = layers.get(route);
  return layer !== undefined && matchLayer(layer, rest === '' ? '/' : rest) !== undefined;
}

function matchChain(chain: Chain, path: string): Mounted | undefined {
  let template = '';
  let rest = path;
  for (const mount of chain) {
    const matched = mount.match(rest === '' ? '/' : rest);
    if (!matched) return undefined;
    template += matched.template;
    rest = rest.slice(matched.text.length);
    if (rest !== '' && rest[0] !== '/') return undefined;
  }
  return { template, text: path.slice(0, path.length - rest.length) };
}

function readApplication(app: Application): void {
  const found = new Map<object, Chain[]>();
  let layersLeft = MAX_LAYERS;

  function add(target: object, chain: Chain): void {
    const chains = found.get(target);
    if (chains) chains.push(chain);
    else found.set(target, [chain]);
  }

  function readStack(stack: unknown, chain: Chain): void {
    if (!Array.isArray(stack) || chain.length > MAX_DEPTH) return;
    for (const layer of stack as readonly Layer[]) {
      layersLeft -= 1;
      if (layersLeft < 0) return;
      if (layer.route) {
        layers.set(layer.route, layer);
        add(layer.route, chain);
      } else if (layer.name === MOUNTED_APPLICATION) add(app, [...chain, new Mount(layer)]);
      else readStack((layer.handle as Router | undefined)?.stack, [...chain, new Mount(layer)]);
    }
  }

  // The getter `router` of Express 4 throws.
  readStack((app._router ?? app.router)?.stack, []);
  for (const [target, chains] of found) {
    const all = places.get(target) ?? new Map();
    places.set(target, all.set(app, chains));
  }
}

class Mount {
  readonly #layer: Layer;
  #declared: ReadonlyMap<string, string> | undefined;

  constructor(layer: Layer) {
    this.#layer = layer;
  }

  match(path: string): Mounted | undefined {
    const matched = matchLayer(this.#layer, path);
    if (!matched) return undefined;
    const text = matched.path.endsWith('/') ? matched.path.slice(0, -1) : matched.path;
    const params = Object.entries(matched.params);
    return { template: this.#spell(withNames(text, params), params), text };
  }

  /** Express ignores case: the spelling of the application counts. What only a regular expression matches is the client's. */
  #spell(template: string, params: Params): string {
    this.#declared ??= readDeclared(this.#layer);
    const declared = this.#declared;
    if (declared.size === 0) return redactSecrets(mostUsedSpelling(template));
    const known = isExpression(this.#layer)
      ? new Set(['', ...params.map(([name]) => `:${name}`)])
      : undefined;
    const spellOne = (segment: string) =>
      declared.get(segment.toLowerCase()) ??
      (known === undefined || known.has(segment) ? segment : '*');
    return template.split('/').map(spellOne).join('/');
  }
}

/** Whether a mount path is a regular expression of the application. Those that Express 4 makes of texts have this end. */
function isExpression({ rawPath, regexp }: Layer): boolean {
  if (rawPath !== undefined) return [rawPath].flat().some((path) => path instanceof RegExp);
  return regexp !== undefined && !regexp.source.includes(END_OF_TEXT);
}

const END_OF_TEXT = String.raw`(?=\/|$)`;

/** The words of a mount path by what they are in lower case; none if the router does not keep what was declared. */
function readDeclared({ rawPath, regexp }: Layer): ReadonlyMap<string, string> {
  const segments = [rawPath ?? regexp ?? []].flat().flatMap((path) => {
    const text = path instanceof RegExp ? path.source.replace(/\\(.)/g, '$1') : String(path);
    return text.split(/[/(){}]/);
  });
  return new Map(segments.map((segment) => [segment.toLowerCase(), segment]));
}

/** Spellings of mount paths by what they are in lower case, and by how much each leads. */
const spellings = /* @__PURE__ */ new GenerationCache<string, { text: string; lead: number }>();

/** The spelling in which most requests had a mount path. */
function mostUsedSpelling(template: string): string {
  const key = template.toLowerCase();
  const known = spellings.get(key);
  if (known?.text === template) known.lead += 1;
  else if (known && known.lead > 1) known.lead -= 1;
  else spellings.set(key, { text: copyText(template), lead: 1 });
  return spellings.get(key)?.text ?? template;
}

function matchLayer(layer: Layer, path: string): Match | undefined {
  const { regexp, keys = [], matchers = [] } = layer;
  if (layer.slash || regexp?.fast_slash) return { path: '', params: {} };
  if (!regexp) {
    for (const matcher of matchers) {
      const match = matcher(path);
      if (match) return match;
    }
    return undefined;
  }
  const match = regexp.exec(path);
  const params = keys.map(({ name }, i) => [name, match?.[i + 1]]);
  return match ? { path: match[0], params: Object.fromEntries(params) } : undefined;
}

/** Replaces segments by the names of the parameters that have them as value, `:name`, or by `*` if there are several. */
export function withNames(text: string, params: Params): string {
  if (params.length === 0) return text;
  const segments = text.split('/');
  if (segments.length > MAX_SEGMENTS) return '/*';
  // Of those that are replaced there is none.
  const values: (string | undefined)[] = segments.map(decodePath);
  for (const [name, value] of params.toReversed()) {
    const sought = Array.isArray(value) ? value.join('/') : value;
    if (typeof sought !== 'string' || sought === '') continue;
    // Express 5 has decoded it, and what looks encoded now was encoded twice.
    const found = findValue(values, sought) ?? findValue(values, decodePath(sought));
    if (!found) continue;
    const { begin, count, rest } = found;
    const placeholder = count > 1 || /^\d/.test(name) ? '*' : `:${name}`;
    segments.splice(begin, count, placeholder);
    values.splice(begin, count, rest);
  }
  return segments.join('/');
}

/** The last place of a value in segments: several if it is of a wildcard, or a part of one, of which the rest is left. */
function findValue(
  values: readonly (string | undefined)[],
  value: string,
): { begin: number; count: number; rest: string | undefined } | undefined {
  for (let begin = values.length - 1; begin >= 0; begin--) {
    const count = countSegments(values, begin, value);
    if (count > 0) return { begin, count, rest: undefined };
  }
  const begin = values.findLastIndex((text) => text?.includes(value));
  return begin < 0 ? undefined : { begin, count: 1, rest: values[begin]?.replace(value, '') };
}

/** How many segments from one on are a value, which may have slashes itself; 0 if they are not. */
function countSegments(
  values: readonly (string | undefined)[],
  begin: number,
  value: string,
): number {
  let at = 0;
  for (let i = begin; i < values.length; i++) {
    const text = values[i];
    if (text === undefined || !value.startsWith(text, at)) return 0;
    at += text.length;
    if (at === value.length) return i - begin + 1;
    if (value[at] !== '/') return 0;
    at += 1;
  }
  return 0;
}
