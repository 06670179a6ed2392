import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Why the page and what it reads is not given to a request, where it is not. A browser can be led here under a name
 * that its owner points to this machine (DNS rebinding); an address and `localhost` are nobody's to point.
 */
export function findForeignHost(
  { host }: IncomingHttpHeaders,
  ownHost: string,
): string | undefined {
  const name = hostnameOf(`http://${host}`);
  if (name === undefined) return 'the request has no usable Host';
  if (isIP(name.replace(/^\[|\]$/g, '')) || /(?:^|\.)localhost$/.test(name)) return undefined;
  if (name === hostnameOf(`http://${ownHost}`)) return undefined;
  return 'open this page by its IP address or as localhost; other names could be anybody’s';
}

/** Why a request that reads or deletes hits is not the page's own, where it is a browser's for another page. */
export function findForeignOrigin(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== undefined && hostOf(origin) !== host;
  return isForeignSite || isForeignOrigin ? 'only the page itself may ask for this' : undefined;
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
