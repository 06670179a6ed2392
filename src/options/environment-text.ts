// Parses what the environment writes for lists and objects.

/** `a, b` as `['a', 'b']`. */
export function listFromText(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * Like a list, but an item that begins with `/` ends at its closing `/` and flags, and may contain commas. An item without a
 * closing `/`, such as the path `/api/users`, is taken as it is.
 */
export function patternsFromText(text: string): (RegExp | string)[] {
  const patterns: (RegExp | string)[] = [];
  const item =
    /\s*(?:\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+)\/([dgimsuvy]*)(?=\s*(?:,|$))|([^,]*))\s*(?:,|$)/y;
  while (item.lastIndex < text.length) {
    const match = item.exec(text);
    if (!match) break;
    const [, source, flags, plain = ''] = match;
    if (source !== undefined) patterns.push(new RegExp(source, flags));
    else if (plain.trim() !== '') patterns.push(plain.trim());
  }
  return patterns;
}

/** `1=http.route, 2=x` as `{ 1: 'http.route', 2: 'x' }`. */
export function pairsFromText(text: string): Record<string, string> {
  return Object.fromEntries(
    listFromText(text).map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}

/** For options that take a word or a list: text with a comma is a list. A list of one item ends with a comma. */
export function wordOrListFromText(text: string): string | string[] {
  return text.includes(',') ? listFromText(text) : text.trim();
}
