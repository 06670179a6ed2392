import { copyText, GenerationCache } from '../../common/generation-cache.js';
import { redactSecrets } from '../../hit/page/redaction.js';
import { decodePath } from '../../hit/page/url-pairs.js';

interface Match {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The text or expression that was declared, if the router keeps it. */
  readonly declared?: unknown;
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

/** Most middleware has no mount path. */
export function hasMountPath({ slash, regexp }: Layer): boolean {
  return !slash && !regexp?.fast_slash;
}

/** What a layer matches at the beginning of a path. */
export function matchLayer(layer: Layer, path: string): Match | undefined {
  const { rawPath, regexp, keys = [], matchers = [] } = layer;
  if (!hasMountPath(layer)) return { path: '', params: {} };
  if (!regexp) {
    for (const [i, matcher] of matchers.entries()) {
      const match = matcher(path);
      if (match) return { ...match, declared: [rawPath].flat()[i] };
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

/** Of the application itself. */
export const NO_MOUNT: Mounted = { template: '', text: '' };

/** A layer in which a router or an application is mounted. */
export class Mount {
  readonly #layer: Layer;
  #words: ReadonlyMap<string, string> | undefined;

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
    const { declared, params } = matched;
    const template =
      typeof declared === 'string' ? declared.replace(/\/+$/, '') : this.#toTemplate(own, params);
    return { template: outer.template + template, text: path.slice(0, length) };
  }

  /**
   * What an expression has matched, or any mount path of a router before 2.3, with the names of parameters. Of an expression, what is neither a
   * parameter nor a word of the application is the client's, and becomes `*`.
   */
  #toTemplate(text: string, params: Match['params']): string {
    const segments = text.split('/');
    const names = new Map<number, string>();
    for (const [name, value] of Object.entries(params).reverse()) {
      if (value === undefined || value === '') continue;
      const at = segments.findLastIndex(
        (segment, i) => !names.has(i) && (segment === value || decodePath(segment) === value),
      );
      if (at < 0) return '/*'; // only a part of a segment, or several
      names.set(at, /^\d/.test(name) ? '*' : `:${name}`);
    }
    this.#words ??= readWords(this.#layer);
    const words = this.#words;
    const isKept = words.size > 0;
    const toWord = (segment: string) =>
      isKept && segment !== '' ? (words.get(segment.toLowerCase()) ?? '*') : segment;
    const template = segments.map((segment, i) => names.get(i) ?? toWord(segment)).join('/');
    return isKept ? template : redactSecrets(mostUsedSpelling(template));
  }
}

/** The words of the expressions of a layer by what they are in lower case, because Express ignores case; none if it keeps none. */
function readWords({ rawPath, regexp }: Layer): ReadonlyMap<string, string> {
  const expressions = [rawPath ?? regexp ?? []].flat().filter((path) => path instanceof RegExp);
  const words = expressions.flatMap(({ source }) =>
    source.replace(/\\(.)/g, '$1').split(/[/(){}]/),
  );
  return new Map(words.map((word) => [word.toLowerCase(), word]));
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
