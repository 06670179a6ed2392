import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UNTRACKED_SERVER } from '../../requests/captured-requests.js';
import type { ResolvedReceiver } from '../gateway-options.js';

// Against clients that are slow, or many.
const HEADERS_MILLIS = 10_000;
const REQUEST_MILLIS = 30_000;
const KEEP_ALIVE_MILLIS = 65_000;
const MAX_CONNECTIONS = 1000;
const MAX_HEADER_BYTES = 16_384;

/** What answers that are under way have when the server stops. */
const CLOSING_MILLIS = 500;

export type Server = ReturnType<typeof createPlainServer>;

export function createServer(
  { tls }: ResolvedReceiver,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const limits = {
    headersTimeout: HEADERS_MILLIS,
    requestTimeout: REQUEST_MILLIS,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: 1000,
  };
  const server = tls
    ? createTlsServer({ ...limits, ...tls, handshakeTimeout: HEADERS_MILLIS }, answer)
    : createPlainServer(limits, answer);
  server.maxConnections = MAX_CONNECTIONS;
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  return server;
}

export function listen(server: Server, { host, port }: ResolvedReceiver): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** What is being answered is answered. */
export async function stopListening(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([stopped, sleep(CLOSING_MILLIS)]);
  server.closeAllConnections();
}

export function urlOf(server: Server, { tls }: ResolvedReceiver): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http${tls ? 's' : ''}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
