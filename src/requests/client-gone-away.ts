import type { Socket } from 'node:net';

/** Error codes of Node.js that the peer of a connection causes, besides those of the HTTP parser (`HPE_…`). */
const CLIENT_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP_REQUEST_TIMEOUT',
]);

/**
 * Whether the client, not the server, ended a connection before the response was complete. If the server calls `destroy()`, the
 * socket has seen neither an end nor an error.
 */
export function hasClientGoneAway({ readableEnded, errored }: Socket): boolean {
  if (readableEnded) return true;
  const code = (errored as NodeJS.ErrnoException | null)?.code;
  return CLIENT_ERRORS.has(code) || (code?.startsWith('HPE_') ?? false);
}
