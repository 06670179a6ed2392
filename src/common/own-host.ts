import { isIP } from 'node:net';

/** Ends the host of a URL, or is in none. */
const NO_HOST = /[@/?#\\\s]/;

/**
 * Whether a Host header has an IP address, `localhost`, or one of a server's own names. A web page can come under any other
 * name that its owner points to this machine (DNS rebinding).
 */
export function isOwnHost(host: string, ...ownNames: readonly string[]): boolean {
  const name = hostnameOf(host);
  if (name === undefined) return false;
  const isAddress = isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  return (
    isAddress ||
    /(?:^|\.)localhost$/.test(name) ||
    ownNames.some((ownName) => hostnameOf(ownName) === name)
  );
}

/** In lower case and without port; `undefined` if it is none. */
function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`;
  return NO_HOST.test(host) || !URL.canParse(url) ? undefined : new URL(url).hostname;
}
