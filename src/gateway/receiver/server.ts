import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import { isOwnHost } from '../../common/own-server.js';
import { withTimeout } from '../../common/timers.js';

// These limits protect against slow clients and too many clients.
const HEADERS_MILLIS = 10_000;
const REQUEST_MILLIS = 30_000;
const KEEP_ALIVE_MILLIS = 65_000;
export const MAX_CONNECTIONS = 1000;
const MAX_HEADER_BYTES = 16_384;

/** The time for open responses when the server stops. */
const CLOSING_MILLIS = 500;

export function createServer(answer: RequestListener): Server {
  const limits = {
    headersTimeout: HEADERS_MILLIS,
    requestTimeout: REQUEST_MILLIS,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: 1000,
  };
  const server = createHttpServer(limits, answer);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Stops accepting connections, and closes open ones after their responses, after `CLOSING_MILLIS` at the latest. */
export async function stopListening(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  await withTimeout(CLOSING_MILLIS, stopped);
  server.closeAllConnections();
}

const LOOPBACK = /^(?:(?:::ffff:)?127\.|::1$)/;

/**
 * Returns the reason for which a request is refused if a web page may have sent it: web pages must not send spans. Browsers send `Origin`
 * with each POST. On loopback, a page that uses DNS rebinding has its own name in `Host`.
 *
 * @param address the address that the server is bound to
 * @param ownHost the host in the option `listen`
 */
export function findForeignSender(
  { host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders,
  address: string,
  ownHost: string,
): string | undefined {
  if (origin !== undefined || site === 'cross-site') return 'web pages must not send spans';
  // Requests without Host cannot come from a browser.
  if (host === undefined || !LOOPBACK.test(address)) return undefined;
  if (isOwnHost(host, ownHost, 'host.docker.internal')) return undefined;
  return 'use an IP address or localhost in the URL of the gateway, or set listen to the host name';
}
