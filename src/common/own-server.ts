import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from './addresses.js';
import { UNTRACKED_SERVER } from './channel-listener.js';

// Functions for the servers of this package: the gateway and the inspector.

/** Starts a server whose requests are neither tracked nor counted. Rejects if it cannot listen. */
export async function listenUntracked(server: Server, host: string, port: number): Promise<void> {
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** The URL of a listening server. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Matches characters that end the host of a URL or are not allowed in a host. */
const NO_HOST = /[@/?#\\\s]/;

/**
 * Whether a Host header has an IP address, `localhost`, or one of a server's own names. Any other name may belong to a web
 * page whose owner resolves it to this machine (DNS rebinding).
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

/** The reasons for which a body is not read. */
export type CollectProblem = 'too large' | 'cut off' | 'stalled' | 'no memory';

interface CollectLimits {
  readonly maxBytes: number;
  /** Maximum wait for the next byte. @default no limit */
  readonly idleMillis?: number;
  /** Reserves memory for more bytes; false if there is none left. @default always true */
  readonly reserve?: (bytes: number) => boolean;
}

const FIRST_BYTES = 65_536;

/** Reads the body of a request. Chunks are copied into one buffer, because each chunk uses far more memory than its bytes. */
export function collectBody(
  request: IncomingMessage,
  { maxBytes, idleMillis, reserve = () => true }: CollectLimits,
): Promise<Buffer | CollectProblem> {
  const length = Number(request.headers['content-length'] ?? maxBytes);
  return new Promise((resolve) => {
    let body = Buffer.alloc(0);
    let size = 0;
    let isOpen = true;
    const timer =
      idleMillis === undefined ? undefined : setTimeout(() => finish('stalled'), idleMillis);

    function finish(result: Buffer | CollectProblem): void {
      if (!isOpen) return;
      isOpen = false;
      body = Buffer.alloc(0); // the request stays until the rest of a refused body has arrived
      clearTimeout(timer);
      resolve(result);
    }

    /** Adds a chunk; false if there is no memory for it. The buffer doubles its size, so that all copies take linear time. */
    function keep(chunk: Buffer): boolean {
      const needed = size + chunk.length;
      if (needed > body.length) {
        const most = Math.min(length, Math.max(FIRST_BYTES, 2 * body.length));
        const bytes = Math.max(needed, most);
        if (!reserve(bytes - body.length)) return false;
        const larger = Buffer.allocUnsafeSlow(bytes);
        body.copy(larger, 0, 0, size);
        body = larger;
      }
      chunk.copy(body, size);
      size = needed;
      return true;
    }

    request.on('data', (chunk: Buffer) => {
      if (!isOpen) return;
      timer?.refresh();
      if (size + chunk.length > maxBytes) finish('too large');
      else if (!keep(chunk)) finish('no memory');
    });
    request.once('end', () => finish(body.subarray(0, size)));
    request.once('error', () => finish('cut off'));
    request.once('close', () => finish('cut off'));
  });
}
