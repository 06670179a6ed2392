// How the environment writes what code gives as lists and objects.

/** `a, b` as `['a', 'b']`. */
export function listFromText(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Like a list, but an item that begins with `/` runs to its closing `/` and flags, commas inside of it included. */
export function patternsFromText(text: string): (RegExp | string)[] {
  const patterns: (RegExp | string)[] = [];
  const item = /\s*(?:\/((?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\/[])+)\/([a-z]*)|([^,]*))\s*(?:,|$)/gy;
  while (item.lastIndex < text.length) {
    const match = item.exec(text);
    if (!match) throw new TypeError(`must be a list of patterns, got ${JSON.stringify(text)}`);
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
      const equals = pair.indexOf('=');
      return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
    }),
  );
}

/** One word as it is, several as a list: for options that take either. */
export function wordOrListFromText(text: string): string | string[] {
  return text.includes(',') ? listFromText(text) : text.trim();
}
