import { createHttpTransport } from './http-transport.js';
import { clientOptionsOf, createNodeClient } from './node-client.js';
import type { Exchange, Transport, TransportOptions } from './transport.js';
import { createUndiciClient, loadUndici } from './undici-client.js';

interface Options extends TransportOptions {
  /** Called once with the error if `undici` cannot be loaded. */
  readonly onFallback?: ((error: unknown) => void) | undefined;
}

/**
 * The transport of a live process. Sends through `node:http` on Bun, where `undici` is a stub that sends nothing, and if `undici`
 * cannot be loaded, as in a bundle of ES modules, which has no `require`.
 */
export function createTransport({ onFallback, ...options }: Options): Transport {
  return createHttpTransport(async (onClose) => {
    const isBun = process.versions.bun !== undefined;
    const undici = isBun ? undefined : await loadUndici().catch((error) => onFallback?.(error));
    return undici
      ? createUndiciClient(undici, options, onClose)
      : createNodeClient(clientOptionsOf(options), onClose);
  });
}

/** Prints hits and sends nothing. The hits are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    return { kind: 'answer', status: 204, contentType: '', body: '' };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}
