import { decodeUtf8, encodeBytes } from './read-query.js';
import type { UrlParts } from './split-url.js';
import { trim } from './stored-text.js';
import { readUrlParameters } from './url-parameters.js';

/** Matomo's default search parameters, in their order of precedence. */
const SEARCH_PARAMETERS = ['q', 'query', 's', 'search', 'searchword', 'k', 'keyword', 'keywords'];

/**
 * The keyword in a tracked URL, which turns a page view into a site search. It may be in the query or the fragment, its name
 * is case-insensitive, and the URL needs no scheme.
 */
export function findSearchKeyword(parts: UrlParts): string | undefined {
  const fragment = parts.fragment?.replace(/^[^?]*\?/, '') ?? '';
  const query = [parts.query ?? '', fragment].filter(Boolean).join('&');
  if (query === '') return undefined;
  const byName = new Map<string, string>();
  for (const [name, value] of readUrlParameters(query)) {
    const text = Array.isArray(value) ? value[0] : value;
    byName.set(name.toLowerCase(), toKeyword(text ?? ''));
  }
  for (const name of SEARCH_PARAMETERS) {
    const keyword = byName.get(name);
    if (keyword) return keyword;
  }
  return undefined;
}

/** The keyword in a value: empty if there is none, URL-encoded if it is not UTF-8. */
function toKeyword(value: string): string {
  const keyword = trim((decodeUtf8(value) ?? encodeBytes(value)).replace(/[\r\n\0]/g, ''));
  return keyword === '0' ? '' : keyword;
}
