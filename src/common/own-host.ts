import { isIP } from './addresses.js';

/** Characters that end the host of a URL or are not allowed in it. */
const NO_HOST = /[@/?#\\\s]/;

/**
 * Whether a Host header has an IP address, `localhost`, or one of a server's own names. Any other name may belong to a web
 * page whose owner points it to this machine (DNS rebinding).
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

/** The host in lower case and without a port; `undefined` if it is invalid. */
function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`;
  return NO_HOST.test(host) || !URL.canParse(url) ? undefined : new URL(url).hostname;
}
