import { MAX_PATTERN_INPUT } from '../text.js';

/** One segment of a route, and what it matches of a path. */
export interface RouteSegment {
  /** Its literal parts in lower case; parameters are between them. */
  readonly parts: string[];
  /** Whether it begins with the first part. */
  begins: boolean;
  /** Whether it ends with the last one. */
  ends: boolean;
  hasParameter: boolean;
  /** A part is optional, so that only the beginning is compared. */
  isLoose: boolean;
  /** Matches any number of segments, after the text that it begins with. */
  isWildcard: boolean;
  isOptional: boolean;
}

/** A route as titles show it, and what it matches. */
export interface RouteTemplate {
  /** Without syntax. */
  readonly plain: string;
  /** The same with escapes, which show whether it is the text of an expression. */
  readonly escaped: string;
  readonly segments: readonly RouteSegment[];
  /** How many of them match another number of segments than one. */
  readonly uncertain: number;
  /** The names of its parameters, in lower case and without syntax. */
  readonly parameters: ReadonlySet<string>;
}

/** Longer ones are text. Each is looked at as often as groups are inside each other. */
const MAX_GROUP_LENGTH = 200;
const MAX_DEPTH = 5;

// At a place of the route.
/** `:id`, `:"id"` */
const COLON = /:(?:(\w+)|"([^"/]{1,100})")/y;
/** `*`, `**`, `*splat`, `**:slug` */
const STAR = /\*{1,2}:?[\w-]*/y;
/** `<id>`, `<int:id>`, `<path:rest>`, `<path..>` */
const ANGLED = /<[^<>/]{1,100}>/y;
/** `[id]`, `[id=int]`, `[[lang]]`, `[...path]`, `[[...path]]` */
const BRACKETED = /\[(\[?)(\.{3})?([\w-]+)(?:=[\w-]+)?\]{1,2}(?![^/])/y;
/** `$id`, `$` */
const DOLLAR = /\$(\w*)(?![^/])/y;
/** `.*`, `.*?`, `(.+)`, `(.*)?`, `.*$`: what expressions have for a whole segment. */
const ANY_TEXT = /(?:\.[*+]\??|\(\.[*+]\??\)[*+?]?)\$?(?![^/])/y;
/** A query: `?<name>`, `?name=` */
const QUERY = /\?(?:[<{]|[\w-]{1,100}=)/y;

// Of what is in braces.
/** `{*splat}`, `{**slug}`, `{*path:nonfile}`, `{path*}`, `{path*2}`, `{proxy+}`, `{path:path}`, `{path...}`. The last one is of Laravel. */
const BRACED_WILDCARD =
  /^(?:\*{1,2}[\w-]*(?::.*)?|[\w-]+(?:\*\d*|\+|:path)|[\w-]*\.{3}|fallbackPlaceholder)$/s;
/** `{id}`, `{id?}`, `{id:int?}`, `{id : \d+}`, `{id=1}`, `{name=shelves/*}` */
const BRACED = /^\s*(\w[\w.-]*)\s*(?:([:=])(.*))?$/s;
/** `.*`, `(.+)`, `(*)` */
const ANYTHING = /^\s*\(?\.?[*+]\)?\s*$/;

// Of what is in parentheses.
/** Selectors of Ktor: `(method:GET)`, `(authenticate default)`. */
const SELECTOR = /^\([a-z]+(?::| )[^()|\\]*\)$/i;
/** A folder of routes that is no part of their paths. */
export const FOLDER = /^\([\w-]+\)$/;
/** What begins an optional part in Rails and Express: `(/:locale)`. */
const OPTIONAL_PART = /^[([][/.]?[^\\|^?]*[:{*]/;

/** Reads a route in the syntax of any framework. One that is longer than what patterns are tested on stays as it is. */
export function parseRoute(route: string): RouteTemplate {
  const reader = new RouteReader(route);
  if (route.length > MAX_PATTERN_INPUT) reader.addText(route);
  else reader.read(0, route.length);
  return reader.finish();
}

type Kind = 'one' | 'optional' | 'wildcard';

class RouteReader {
  readonly #route: string;
  readonly #ends: ReadonlyMap<number, number>;
  readonly #segments: RouteSegment[] = [];
  readonly #parameters = new Set<string>();
  #plain = '';
  #escaped = '';
  /** How many optional parts are around what is read. */
  #depth = 0;
  /** The last part of the segment may go on. */
  #isInText = false;
  #segment = this.#newSegment();

  constructor(route: string) {
    this.#route = route;
    this.#ends = route.length > MAX_PATTERN_INPUT ? new Map() : endsOfGroups(route);
  }

  finish(): RouteTemplate {
    this.#endSegment();
    return {
      plain: this.#plain || '/',
      escaped: this.#escaped,
      segments: this.#segments,
      uncertain: this.#segments.filter((each) => each.isOptional || each.isWildcard).length,
      parameters: this.#parameters,
    };
  }

  read(from: number, to: number): void {
    for (let i = from; i < to; ) {
      const length = this.#readSyntax(i, to);
      if (length === 0) this.addText(this.#route[i] as string);
      i += length || 1;
    }
  }

  addText(text: string, escaped = text): void {
    this.#plain += text;
    this.#escaped += escaped;
    for (const [i, part] of text.split('/').entries()) {
      if (i > 0) this.#endSegment();
      if (part === '') continue;
      const { parts, hasParameter } = this.#segment;
      if (parts.length === 0) this.#segment.begins = !hasParameter;
      const start = this.#isInText ? parts.pop() : '';
      parts.push(`${start}${part.toLowerCase()}`);
      this.#segment.ends = true;
      this.#isInText = true;
    }
  }

  /** The length of the syntax at a place; 0 if there is none. */
  #readSyntax(at: number, to: number): number {
    switch (this.#route[at]) {
      case '\\':
        return this.#readEscape(at);
      case ':':
        return this.#readColon(at);
      case '*':
        return this.#addParameter(
          '*',
          '*',
          'wildcard',
          this.#isEmpty ? this.#match(STAR, at) : '*',
        );
      case '.':
        return this.#readAnyText(at);
      case '<':
        return this.#readAngled(this.#match(ANGLED, at));
      case '$':
        return this.#readDollar(this.#isEmpty ? this.#match(DOLLAR, at) : '');
      case '?':
        return this.#readQuestion(at, to);
      case '[':
        return this.#readBracketed(at) || this.#readOptional(at);
      case '(':
        return this.#readAnyText(at) || this.#readParentheses(at) || this.#readOptional(at);
      case '{':
        return this.#readBraced(at) || this.#readOptional(at) || 1;
      case '}':
        return 1; // of the optional part that it ends
      default:
        return 0;
    }
  }

  get #isEmpty(): boolean {
    return this.#segment.parts.length === 0 && !this.#segment.hasParameter;
  }

  #match(pattern: RegExp, at: number): string {
    pattern.lastIndex = at;
    return pattern.exec(this.#route)?.[0] ?? '';
  }

  /** A group with what is around it; empty if it has no end, or is long. */
  #groupAt(at: number): string {
    const end = this.#ends.get(at) ?? at;
    return end - at > MAX_GROUP_LENGTH ? '' : this.#route.slice(at, end);
  }

  #newSegment(): RouteSegment {
    return {
      parts: [],
      begins: false,
      ends: false,
      hasParameter: false,
      isLoose: false,
      isWildcard: false,
      isOptional: this.#depth > 0,
    };
  }

  #endSegment(): void {
    if (!this.#isEmpty) this.#segments.push(this.#segment);
    this.#segment = this.#newSegment();
    this.#isInText = false;
  }

  #addParameter(name: string, shown: string, kind: Kind, { length }: string): number {
    const isFirst = this.#isEmpty;
    const segment = this.#segment;
    this.#plain += shown;
    this.#escaped += shown;
    this.#parameters.add(name.replace(/\W/g, '').toLowerCase());
    segment.hasParameter = true;
    segment.ends = false;
    segment.isWildcard ||= kind === 'wildcard';
    if (kind === 'optional') {
      segment.isOptional ||= isFirst;
      segment.isLoose = true;
    }
    this.#isInText = false;
    return length;
  }

  /** Letters and slashes are escaped in expressions only. */
  #readEscape(at: number): number {
    const next = this.#route[at + 1] ?? '/';
    if (/[\w\s/]/.test(next)) return 0;
    this.addText(next, `\\${next}`);
    return 2;
  }

  #readColon(at: number): number {
    const isEscaped = this.#route[at + 1] === ':'; // in find-my-way
    if (isEscaped) this.addText(':');
    if (isEscaped) return 2;
    const shown = this.#match(COLON, at);
    if (shown === '') return 0;
    const name = shown.replace(/[:"]/g, '');
    let end = at + shown.length;
    const group = this.#route[end] === '(' ? this.#groupAt(end) : '';
    const pattern =
      OPTIONAL_PART.test(group) && /^\([/.]/.test(group) && !ANYTHING.test(group) ? '' : group;
    end += pattern.length;
    const modifier = /[?*+]/.exec(this.#route[end] ?? '')?.[0] ?? '';
    end += modifier.length;
    const read = this.#route.slice(at, end);
    if (modifier === '*' || modifier === '+' || ANYTHING.test(pattern))
      return this.#addParameter(name, '*', 'wildcard', read);
    // Before more text, it is in braces.
    const isDone = !/\w/.test(this.#route[end] ?? '');
    const kind = modifier === '?' ? 'optional' : 'one';
    return this.#addParameter(name, isDone ? `:${name}` : `{${name}}`, kind, read);
  }

  #readAnyText(at: number): number {
    const shown = this.#isEmpty ? this.#match(ANY_TEXT, at) : '';
    return shown === '' ? 0 : this.#addParameter('*', '*', 'wildcard', shown);
  }

  #readAngled(shown: string): number {
    if (shown === '') return 0;
    const isWildcard = /^<path(?:\(.*\))?:|\.\.>$/.test(shown);
    return this.#addParameter(shown, shown, isWildcard ? 'wildcard' : 'one', shown);
  }

  #readDollar(shown: string): number {
    if (shown === '') return 0;
    return this.#addParameter(shown, shown, shown === '$' ? 'wildcard' : 'one', shown);
  }

  /** A query is left out, and so is what makes the slash at the end optional. */
  #readQuestion(at: number, to: number): number {
    if (this.#match(QUERY, at) !== '') return to - at;
    if (at < 2 || at + 1 < this.#route.length || this.#route[at - 1] !== '/') return 0;
    this.#removeSlash();
    return 1;
  }

  #removeSlash(): void {
    if (this.#plain.endsWith('/')) this.#plain = this.#plain.slice(0, -1);
    if (this.#escaped.endsWith('/')) this.#escaped = this.#escaped.slice(0, -1);
  }

  #readBracketed(at: number): number {
    const shown = this.#isEmpty ? this.#match(BRACKETED, at) : '';
    if (shown === '') return 0;
    const one = shown.startsWith('[[') ? 'optional' : 'one';
    return this.#addParameter(shown, shown, shown.includes('...') ? 'wildcard' : one, shown);
  }

  #readBraced(at: number): number {
    const group = this.#groupAt(at);
    const content = group.slice(1, -1);
    if (content === '$') return group.length; // the end of a path in Go
    if (BRACED_WILDCARD.test(content)) return this.#addParameter(content, '*', 'wildcard', group);
    const isOptional = content.endsWith('?');
    const match = BRACED.exec(isOptional ? content.slice(0, -1) : content);
    if (!match) return 0;
    const [, name = '', sign, value = ''] = match;
    if (sign === ':' && ANYTHING.test(value))
      return this.#addParameter(name, '*', 'wildcard', group);
    const one = isOptional || sign === '=' ? 'optional' : 'one';
    const kind = sign === '=' && value.includes('/') ? 'wildcard' : one;
    return this.#addParameter(name, `{${name}}`, kind, group);
  }

  /** The format of Rails and selectors of Ktor are left out. */
  #readParentheses(at: number): number {
    const group = this.#groupAt(at);
    if (group === '(.:format)') {
      this.#segment.isLoose = true;
      return group.length;
    }
    const isSegment = this.#isEmpty && (this.#route[at + group.length] ?? '/') === '/';
    if (isSegment && SELECTOR.test(group)) {
      this.#removeSlash();
      return group.length;
    }
    if (!isSegment || !FOLDER.test(group)) return 0;
    this.addText(group);
    this.#segment.isOptional = true;
    return group.length;
  }

  /** `{/:size}`, `(/:locale)`, `[/{page}]`: shown without what is around it. */
  #readOptional(at: number): number {
    const group = this.#groupAt(at);
    const isOptional = group.startsWith('{') || OPTIONAL_PART.test(group);
    if (group === '' || !isOptional || this.#depth >= MAX_DEPTH) return 0;
    const before = this.#segment;
    this.#isInText = false;
    this.#depth += 1;
    this.read(at + 1, at + group.length - 1);
    this.#depth -= 1;
    if (this.#segment === before) before.isLoose = true;
    this.#isInText = false;
    const isMarked = group.startsWith('(') && this.#route[at + group.length] === '?';
    return group.length + (isMarked ? 1 : 0);
  }
}

const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Where each group ends, by where it begins. */
function endsOfGroups(route: string): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  const counts: Record<string, number> = { '(': 0, '[': 0, '{': 0 };
  for (let i = 0; i < route.length; i++) {
    const character = route[i] as string;
    if (character === '\\') i += 1;
    // In an expression, brackets contain characters.
    const isInSet =
      open.length > 1 &&
      route[open.at(-1) as number] === '[' &&
      route[open.at(-2) as number] !== '[';
    if (isInSet && character !== ']') continue;
    if (character in counts) {
      open.push(i);
      counts[character] = (counts[character] as number) + 1;
    }
    const opening = OPENING[character];
    if (opening === undefined || counts[opening] === 0) continue;
    for (;;) {
      const start = open.pop() as number;
      const kind = route[start] as string;
      counts[kind] = (counts[kind] as number) - 1;
      if (kind !== opening) continue;
      ends.set(start, i + 1);
      break;
    }
  }
  return ends;
}
