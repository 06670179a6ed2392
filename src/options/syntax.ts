/** How the environment writes a value that is not one text. */
export interface Syntax {
  /** Its name in docs/configuration.md. */
  readonly name: string;
  /** Returns the value that code would pass, or throws. */
  readonly read: (text: string) => unknown;
}

export const LIST: Syntax = { name: 'a list', read: listFromText };
export const PATTERNS: Syntax = { name: 'a list of patterns', read: patternsFromText };
export const PAIRS: Syntax = { name: 'pairs', read: pairsFromText };
export const WORD_OR_LIST: Syntax = { name: 'one word or a list', read: wordOrListFromText };
export const JSON_OBJECT: Syntax = { name: 'JSON', read: JSON.parse };

/** `a, b` or `["a","b"]` as `['a', 'b']`. */
export function listFromText(text: string): string[] {
  const items = listFromJson(text) ?? text.split(',');
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

/** A list as JSON; `undefined` if the text is not one. */
function listFromJson(text: string): string[] | undefined {
  if (!/^\s*\[\s*(?:"|\]\s*$)/.test(text)) return undefined;
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw new TypeError('a list has items that are no text');
}

/** Also flags in the wrong case or of other languages, which throw: as a part of the pattern they would keep it from matching. */
const PATTERN_WITH_FLAGS = /^\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+)\/([a-z]|[dgimsuvyx]*)$/i;

function patternOf(item: string): RegExp | string {
  const [, source, flags] = PATTERN_WITH_FLAGS.exec(item) ?? [];
  return source === undefined ? item : new RegExp(source, flags);
}

/**
 * Like a list, but an item that begins with `/` ends at its closing `/` and flags, and may contain commas. An item without a
 * closing `/`, such as the path `/api/users`, is taken as it is. Throws if a flag does not exist, if a comma may be a part of a
 * pattern, or if something else separates patterns, because they would match something else without notice.
 */
export function patternsFromText(text: string): (RegExp | string)[] {
  const list = listFromJson(text);
  if (list) return list.map(patternOf);
  const patterns: (RegExp | string)[] = [];
  const items =
    /\s*(?:(\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+\/[dgimsuvy]*)(?=\s*(?:,|$))|([^,]*))\s*(?:,|$)/gy;
  for (const [, withFlags, plain = ''] of text.matchAll(items)) {
    if (withFlags !== undefined) patterns.push(patternOf(withFlags));
    else if (text.includes(',') && !isBalanced(plain))
      throw new TypeError('a comma splits a pattern');
    else if (OTHER_SEPARATOR.test(plain))
      throw new TypeError('patterns must be separated by commas');
    else if (plain.trim() !== '') patterns.push(patternOf(plain.trim()));
  }
  return patterns;
}

/** `/a/i; /b/i` would be one pattern, which matches nothing. */
const OTHER_SEPARATOR = /^\s*\/.*[;\s]\//s;

/** Whether each brace, bracket and parenthesis that is not escaped has its other half, as far as a regular expression needs that. */
function isBalanced(source: string): boolean {
  const text = source.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '');
  const open: string[] = [];
  for (const [character] of text.matchAll(/[(){}[\]]/g)) {
    if ('({['.includes(character)) open.push(character);
    else if (open.pop() !== OPENING[character]) return false;
  }
  return open.length === 0;
}

const OPENING: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[' };

/** `1=http.route, 2=x` as `{ 1: 'http.route', 2: 'x' }`. Throws if a name occurs twice: one of its values would have no effect. */
function pairsFromText(text: string): Record<string, string> {
  const items = listFromText(text);
  const pairs = Object.fromEntries(
    items.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
  if (Object.keys(pairs).length < items.length) throw new TypeError('a name occurs twice');
  return pairs;
}

/** For options that take a word or a list: text with a comma is a list. A list of one item ends with a comma. */
export function wordOrListFromText(text: string): string | string[] {
  return text.includes(',') || listFromJson(text) ? listFromText(text) : text.trim();
}
