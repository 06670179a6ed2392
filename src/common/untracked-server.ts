import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Marks a server of this package, whose requests are not tracked. */
export const UNTRACKED_SERVER: symbol = Symbol.for('opentelemetry-matomo.untracked');

/** Starts a server whose requests are neither tracked nor counted. Rejects if it cannot listen. */
export async function listenUntracked(server: Server, host: string, port: number): Promise<void> {
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** The URL of a listening server. */
export function urlOf(server: Server, scheme: 'http' | 'https' = 'http'): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
