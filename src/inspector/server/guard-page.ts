import type { IncomingHttpHeaders } from 'node:http';
import { isOwnHost } from '../../common/own-host.js';

/** Why a request does not get the page and its data, by its Host; `undefined`: it does. */
export function findForeignHost(
  { host = '' }: IncomingHttpHeaders,
  ownHost: string,
): string | undefined {
  if (isOwnHost(host, ownHost)) return undefined;
  return 'open this page by its IP address or as localhost; other names could be anybody’s';
}

/** Why a request that reads or deletes hits is refused as one that a browser sends for another page. */
export function findForeignOrigin(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== undefined && hostOf(origin) !== host;
  return isForeignSite || isForeignOrigin ? 'only the page itself may ask for this' : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
