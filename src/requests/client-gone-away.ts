import type { Socket } from 'node:net';

/** What Node calls errors that a connection's other end causes, besides those of its HTTP parser (`HPE_…`). */
const CLIENT_ERRORS: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP_REQUEST_TIMEOUT',
]);

/**
 * Whether the client, rather than the server, ended a connection whose response is incomplete. `destroy()` by the server closes
 * the socket before it has read an end or an error.
 */
export function hasClientGoneAway({ readableEnded, errored }: Socket): boolean {
  if (readableEnded) return true;
  const code = (errored as NodeJS.ErrnoException | null)?.code;
  return CLIENT_ERRORS.has(code) || (code?.startsWith('HPE_') ?? false);
}
