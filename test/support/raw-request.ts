import { connect, type NetConnectOpts } from 'node:net';
import { requires } from './skips.js';

interface Destination {
  readonly port?: number;
  readonly path?: string;
  /** The client's own address, such as 127.0.0.2. */
  readonly localAddress?: string;
}

/**
 * Sends bytes as they are and gives all that is answered until the connection ends. Text is sent as Latin-1, so that
 * every byte can be written. Rejects where nothing comes.
 */
export function sendRaw(destination: Destination, bytes: string): Promise<string> {
  // Every system has 127.0.0.1; macOS has no other of the network.
  if (destination.localAddress !== undefined) requires('many loopback addresses');
  const where = destination.path === undefined ? { host: '127.0.0.1' } : {};
  return new Promise((resolve, reject) => {
    const socket = connect({ ...where, ...destination } as NetConnectOpts);
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (answer === '') reject(new Error('closed without an answer'));
      else resolve(answer);
    });
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}

/** The bytes of a request that ends its connection, with header lines as given: names may come twice, and in any case. */
export function rawRequest(target: string, headerLines: readonly string[] = [], method = 'GET') {
  const hasHost = headerLines.some((line) => /^host:/i.test(line));
  const lines = [...(hasHost ? [] : ['Host: shop.example']), ...headerLines, 'Connection: close'];
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}
