import type { IncomingHttpHeaders } from 'node:http';
import { isOwnHost } from '../../common/own-host.js';

/** Why a request is refused because of its Host header; `undefined` if it is allowed. */
export function findForeignHost(
  { host = '' }: IncomingHttpHeaders,
  ownHost: string,
): string | undefined {
  if (isOwnHost(host, ownHost)) return undefined;
  return 'use an IP address or localhost to open this page; other names could belong to anyone';
}

/** Why a request for data is refused because a browser sent it for another page; `undefined` if it is allowed. */
export function findForeignOrigin(headers: IncomingHttpHeaders): string | undefined {
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  const isForeignOrigin = origin !== undefined && hostOf(origin) !== host;
  return isForeignSite || isForeignOrigin
    ? 'only the page of this inspector may read or delete hits'
    : undefined;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
