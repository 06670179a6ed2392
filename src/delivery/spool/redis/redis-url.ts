/** The path of a Redis URL: the number of a database. */
const DATABASE = /^\/?\d{0,9}$/;

/** Whether the option `spool` names a Redis and not a folder. */
export function isRedisUrl(place: string): boolean {
  return /^\s*rediss?:\/\//i.test(place);
}

/** The normalized URL, or the rule that it breaks. */
export function parseRedisUrl(
  place: string,
): { readonly place: string } | { readonly rule: string | undefined } {
  const text = place.trim();
  if (!/^rediss?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return { rule: undefined };
  const { pathname, search } = new URL(text);
  if (!DATABASE.test(pathname)) {
    return { rule: 'name a database of Redis by its number, such as redis://127.0.0.1:6379/1' };
  }
  if (search === '') return { place: text };
  return { rule: 'have no parameters, such as redis://127.0.0.1:6379/1' };
}

/** The URL without user name and password. */
export function shownPlace(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
