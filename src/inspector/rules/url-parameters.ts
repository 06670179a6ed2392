import { escapeHtml } from './stored-text.js';

/** The value of a name; `undefined` for a name without `=`. */
type UrlValue = string | undefined;

/** Values by name, in order; a list for `name[]`. */
export type UrlParameters = Map<string, UrlValue | UrlValue[]>;

/**
 * Reads the parameters of a tracked URL as Matomo does before it stores them: nothing is decoded, values are escaped for
 * HTML, the last value of a repeated name wins, and names that are empty or `0` are removed.
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
      if (Array.isArray(list)) list.push(value);
      else parameters.set(listName, [value]);
    } else if (name !== '' && name !== '0') {
      parameters.set(name, value);
    }
  }
  return parameters;
}

/**
 * Treats the first `;` before the query as the start of the query, and every later one as `&`: `/a;m=1?b=2` becomes
 * `/a?m=1&b=2`. A URL whose query begins before any `;` is not changed.
 */
export function convertMatrixUrl(url: string): string {
  const semicolon = url.indexOf(';');
  const question = url.indexOf('?');
  if (semicolon < 0 || (question >= 0 && question < semicolon)) return url;
  const parameters = question < 0 ? url : `${url.slice(0, question)};${url.slice(question + 1)}`;
  return `${url.slice(0, semicolon)}?${parameters.slice(semicolon + 1).replaceAll(';', '&')}`;
}
