import { splitUrl, type UrlParts } from './split-url.js';
import { escapeHtml } from './stored-text.js';

/** Values by name in order; undefined for a name without `=`, a list for `name[]`. */
export type UrlParameters = Map<string, string | undefined | string[]>;

/**
 * Reads the parameters of a tracked URL as Matomo does for storing: nothing is decoded, values are
 * escaped for HTML, the last of a repeated name wins, names that are empty or `0` vanish.
 */
export function readUrlParameters(query: string): UrlParameters {
  const parameters: UrlParameters = new Map();
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = escapeHtml(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? undefined : escapeHtml(pair.slice(equals + 1));
    const listName = /^(.+)(?:\[|%5b)(?:\]|%5d)$/i.exec(name)?.[1];
    if (listName !== undefined && listName !== '0') {
      const list = parameters.get(listName);
      parameters.set(listName, [...(Array.isArray(list) ? list : []), value ?? '']);
    } else if (name !== '' && name !== '0') {
      parameters.set(name, value);
    }
  }
  return parameters;
}

/** Takes a URL apart; `;a=1;b=2` in its path is moved into its query. */
export function splitTrackedUrl(url: string): UrlParts | undefined {
  const parts = splitUrl(url);
  const semicolon = parts?.path.indexOf(';') ?? -1;
  if (parts === undefined || semicolon < 0) return parts;
  const matrix = parts.path.slice(semicolon + 1).replaceAll(';', '&');
  return {
    ...parts,
    path: parts.path.slice(0, semicolon),
    query: parts.query === undefined ? matrix : `${matrix}&${parts.query}`,
  };
}
