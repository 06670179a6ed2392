import { copyText } from '../../common/generation-cache.js';
import { escapeHtml } from './php-values.js';

/** The parts of a URL. Empty parts are `undefined`. */
export interface UrlParts {
  readonly scheme?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path: string;
  readonly query?: string | undefined;
  readonly fragment?: string | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const CONTROL = /[\0-\x1f\x7f]/g;

/**
 * Splits a URL as PHP's `parse_url` does, which ignores percent-encoding and accepts nearly everything. `undefined` if it
 * fails: no host after `//`, or an invalid port.
 */
export function splitUrl(url: string): UrlParts | undefined {
  const [, head = '', query, fragment] =
    /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(url.replace(CONTROL, '_')) ?? [];
  const front = splitFront(head);
  if (front === undefined) return undefined;
  return { ...front, query: query || undefined, fragment: fragment || undefined };
}

function splitFront(head: string): UrlParts | undefined {
  const [, scheme, rest = ''] = /^([a-z\d+.-]+):(.*)$/is.exec(head) ?? [];
  if (scheme === undefined) return splitAuthority(head);
  if (/^file$/i.test(scheme) && rest.startsWith('///')) return { scheme, path: rest.slice(2) };
  if (rest.startsWith('//')) {
    const authority = splitAuthority(rest);
    return authority && { scheme, ...authority };
  }
  // `localhost:3000/x` is a host with its port, `tel:+123` is a scheme.
  if (/^\d{1,5}(?:\/|$)/.test(rest)) return splitAuthority(`//${head}`);
  return { scheme, path: rest };
}

function splitAuthority(text: string): UrlParts | undefined {
  if (!text.startsWith('//')) return { path: text };
  const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/s.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const [, user = '', password = ''] =
    /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0))) ?? [];
  const address = authority.slice(at + 1);
  const [, host = '', portText = ''] = /^\[.*\]$/s.test(address)
    ? ['', address]
    : (/^(.*?)(?::([^:]*))?$/s.exec(address) ?? []);
  const port = readPort(portText);
  if (host === '' || port === undefined) return undefined;
  const credentials = { user: user || undefined, password: password || undefined };
  return { ...credentials, host, port: port || undefined, path };
}

/** Parses a port: 0 if it is missing, `undefined` if it is invalid. */
function readPort(text: string): number | undefined {
  if (text === '') return 0;
  const port = Number(/^\d+/.exec(text)?.[0]);
  return text.length <= 5 && port <= 65_535 ? port : undefined;
}

/** The value of a name; `undefined` for a name without `=`. */
type UrlValue = string | undefined;

/** Values by name, in order; a list for `name[]`. */
type UrlParameters = Map<string, UrlValue | UrlValue[]>;

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

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a query string as PHP does: the last value of a repeated name wins, `.` and space in names become `_`. Arrays
 * (`name[]=`) are null. Values are copied: the log keeps them, but not the whole query.
 */
export function readQuery(query: string): Record<string, string | null> {
  const parameters: Record<string, string | null> = {};
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decodeText(equals < 0 ? pair : pair.slice(0, equals)).trimStart();
    const bracket = name.indexOf('[');
    const isArray = bracket > 0 && name.includes(']', bracket);
    const key = (isArray ? name.slice(0, bracket) : name).replace(/[. [\0]/g, '_');
    if (key === '') continue;
    const value = equals < 0 ? '' : decodeText(pair.slice(equals + 1));
    parameters[key] = isArray ? null : copyText(value);
  }
  return parameters;
}

/** Decodes `+` and percent escapes; bytes that are not UTF-8 are read as Latin-1. */
function decodeText(encoded: string): string {
  return decodeUtf8(encoded) ?? decodeBytes(encoded).toString('latin1');
}

/** Decodes `+` and percent escapes; undefined if the bytes are not UTF-8. */
export function decodeUtf8(encoded: string): string | undefined {
  const spaced = encoded.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    // An invalid `%`, or bytes that are not UTF-8.
  }
  try {
    return UTF8.decode(decodeBytes(encoded));
  } catch {
    return undefined;
  }
}

/** Decodes text as Matomo stores it. If its bytes are not UTF-8, all but letters, digits, `-`, `.` and `_` are encoded again. */
export function decodeStored(encoded: string): string {
  const decoded = decodeUtf8(encoded);
  if (decoded !== undefined) return decoded;
  const text = decodeBytes(encoded).toString('latin1');
  return text.replace(/[^\w.-]/g, (character) =>
    character === ' '
      ? '+'
      : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function decodeBytes(encoded: string): Buffer {
  const latin1 = Buffer.from(encoded.replaceAll('+', ' ')).toString('latin1');
  return Buffer.from(
    latin1.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
}
