import { createNodeTransport } from './node-transport.js';
import type { Exchange, Transport, TransportOptions } from './transport.js';
import { createUndiciTransport, UndiciNotLoaded } from './undici-transport.js';

interface Options extends TransportOptions {
  /** Called once with the error if `undici` cannot be loaded. */
  readonly onFallback?: ((error: unknown) => void) | undefined;
}

/** The transport for this runtime. On Bun, `undici` is a stub that sends nothing. */
export function createTransport(options: Options): Transport {
  const isBun = process.versions.bun !== undefined;
  return isBun ? createNodeTransport(options) : createFallingBack(options);
}

/** Sends through `node:http` if `undici` cannot be loaded, as in a bundle of ES modules, which has no `require`. */
function createFallingBack(options: Options): Transport {
  let current = createUndiciTransport(options);
  let isClosed = false;
  return {
    prepare: () => current.prepare?.(),
    isSending: () => current.isSending?.() ?? false,
    async send(body, timeoutMillis) {
      const exchange = await current.send(body, timeoutMillis);
      const isMissing =
        exchange.kind === 'not_sent' && exchange.error instanceof UndiciNotLoaded && !isClosed;
      if (!isMissing) return exchange;
      options.onFallback?.(exchange.error.cause);
      current = createNodeTransport(options);
      return current.send(body, timeoutMillis);
    },
    abort: (reason) => current.abort?.(reason),
    close() {
      isClosed = true;
      return current.close();
    },
  };
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
