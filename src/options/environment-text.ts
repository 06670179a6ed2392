// How the environment writes what code gives as lists and objects.

/** `a, b` as `['a', 'b']`. */
export function listFromText(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/**
 * Like a list, but an item that begins with `/` runs to its closing `/` and flags, commas inside of it included. What has
 * no closing `/` with flags, such as the path `/api/users`, is an item as it stands.
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

/** One word as it is; with a comma a list, of one where the comma is the end: for options that take either. */
export function wordOrListFromText(text: string): string | string[] {
  return text.includes(',') ? listFromText(text) : text.trim();
}
