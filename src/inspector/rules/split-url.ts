/** The parts of a URL. Empty parts are missing. */
export interface UrlParts {
  readonly scheme?: string;
  readonly user?: string;
  readonly password?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: string;
  readonly fragment?: string;
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
  return { ...front, ...(query ? { query } : {}), ...(fragment ? { fragment } : {}) };
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
  return {
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    host,
    ...(port === 0 ? {} : { port }),
    path,
  };
}

/** Parses a port: 0 if it is missing, `undefined` if it is invalid. */
function readPort(text: string): number | undefined {
  if (text === '') return 0;
  const port = Number(/^\d+/.exec(text)?.[0]);
  return text.length <= 5 && port <= 65_535 ? port : undefined;
}
