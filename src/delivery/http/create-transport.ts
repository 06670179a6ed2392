import { createHttpTransport } from './http-transport.js';
import { clientOptionsOf, createNodeClient } from './node-client.js';
import type { Exchange, Transport, TransportOptions } from './transport.js';

/** The transport of a live process. */
export function createTransport(options: TransportOptions): Transport {
  return createHttpTransport((onClose) => createNodeClient(clientOptionsOf(options), onClose));
}

/** Prints hits and sends nothing. The hits are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    return { kind: 'printed' };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}
