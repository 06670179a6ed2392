import { copyText, GenerationCache } from '../../common/generation-cache.js';
import { redactSecrets } from '../../hit/page/redaction.js';
import { decodePath } from '../../hit/page/url-pairs.js';

interface Match {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A layer of a router: of Express 4 with a regular expression, of Express 5 with matchers. */
export interface Layer {
  /** What was declared, of Express 5 with router 2.3 and later. */
  readonly rawPath?: unknown;
  readonly regexp?: RegExp & { readonly fast_slash?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
  readonly slash?: boolean;
  readonly matchers?: readonly ((path: string) => Match | false)[];
}

/** Whether a layer has no mount path, as most middleware. */
export function matchesAnything({ regexp, slash }: Layer): boolean {
  return slash === true || regexp?.fast_slash === true;
}

/** What a layer matches at the beginning of a path. */
export function matchLayer(layer: Layer, path: string): Match | undefined {
  const { regexp, keys = [], matchers = [] } = layer;
  if (matchesAnything(layer)) return { path: '', params: {} };
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

/** The mount path of a router as its template, and the text of the path that it matched. */
export interface Mounted {
  readonly template: string;
  readonly text: string;
}

/** A layer in which a router or an application is mounted. */
export class Mount {
  readonly #layer: Layer;
  #declared: ReadonlyMap<string, string> | undefined;

  constructor(layer: Layer) {
    this.#layer = layer;
  }

  /** The mount path of what is mounted here, below another mount path; `undefined` if a path does not lead there. */
  enter(outer: Mounted, path: string): Mounted | undefined {
    const matched = matchLayer(this.#layer, path.slice(outer.text.length) || '/');
    if (!matched) return undefined;
    const own = matched.path.endsWith('/') ? matched.path.slice(0, -1) : matched.path;
    const { length } = outer.text + own;
    if (length < path.length && path[length] !== '/') return undefined;
    const template = outer.template + this.#toTemplate(own, Object.entries(matched.params));
    return { template, text: path.slice(0, length) };
  }

  /**
   * The text with the names of parameters. Express ignores case: a word has the spelling of the application. What only a regular
   * expression matches is the client's, and becomes `*`.
   */
  #toTemplate(text: string, params: Params): string {
    const named = withNames(text, params);
    this.#declared ??= readDeclared(this.#layer);
    const declared = this.#declared;
    if (declared.size === 0) return redactSecrets(mostUsedSpelling(named));
    const known = isExpression(this.#layer)
      ? new Set(['', ...params.map(([name]) => `:${name}`)])
      : undefined;
    return named
      .split('/')
      .map((word) => declared.get(word.toLowerCase()) ?? (known?.has(word) === false ? '*' : word))
      .join('/');
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
  const words = [rawPath ?? regexp ?? []].flat().flatMap((path) => {
    const text = path instanceof RegExp ? path.source.replace(/\\(.)/g, '$1') : String(path);
    return text.split(/[/(){}]/);
  });
  return new Map(words.map((word) => [word.toLowerCase(), word]));
}

/** Spellings of mount paths by what they are in lower case, and by how much each leads. */
const spellings = /* @__PURE__ */ new GenerationCache<string, { text: string; lead: number }>();

/** The spelling in which most requests had a mount path. */
export function mostUsedSpelling(template: string): string {
  const key = template.toLowerCase();
  const known = spellings.get(key);
  if (known?.text === template) known.lead += 1;
  else if (known && known.lead > 1) known.lead -= 1;
  else spellings.set(key, { text: copyText(template), lead: 1 });
  return spellings.get(key)?.text ?? template;
}

/** Names and values of parameters. */
type Params = readonly (readonly [string, unknown])[];

/** Of a mount path that matches any number of segments. */
const MAX_SEGMENTS = 100;

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
