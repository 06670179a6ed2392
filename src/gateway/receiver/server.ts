import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedReceiver } from '../receiver-options.js';

// Limits against slow clients and too many clients.
const HEADERS_MILLIS = 10_000;
const REQUEST_MILLIS = 30_000;
const KEEP_ALIVE_MILLIS = 65_000;
const MAX_CONNECTIONS = 1000;
const MAX_HEADER_BYTES = 16_384;

/** Time for open responses when the server stops. */
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
  return server;
}

/** Stops accepting connections, and closes open ones after their responses, at the latest after `CLOSING_MILLIS`. */
export async function stopListening(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([stopped, sleep(CLOSING_MILLIS)]);
  server.closeAllConnections();
}
