import { createHttpTransport, type HttpClient } from './http-transport.js';
import { clientOptionsOf, createNodeClient } from './node-client.js';
import type { Exchange, Transport, TransportOptions } from './transport.js';
import { createUndiciClient, UndiciNotLoaded } from './undici-client.js';

interface Options extends TransportOptions {
  /** Called once with the error if `undici` cannot be loaded. */
  readonly onFallback?: ((error: unknown) => void) | undefined;
}

/**
 * The transport of a live process. Sends through `node:http` on Bun, where `undici` is a stub that sends nothing, and if `undici`
 * cannot be loaded, as in a bundle of ES modules, which has no `require`.
 */
export function createTransport(options: Options): Transport {
  return createHttpTransport(async (onClose): Promise<HttpClient> => {
    try {
      if (process.versions.bun === undefined) return await createUndiciClient(options, onClose);
    } catch (error) {
      if (!(error instanceof UndiciNotLoaded)) throw error;
      options.onFallback?.(error.cause);
    }
    return createNodeClient(clientOptionsOf(options), onClose);
  });
}

/** Prints hits and sends nothing. The hits are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    const nothing = { contentType: '', body: '', location: undefined, retryAfter: undefined };
    return { kind: 'answer', status: 204, ...nothing };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}
