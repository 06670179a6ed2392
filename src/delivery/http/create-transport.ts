import { createNodeTransport } from './node-transport.js';
import type { Exchange, Transport } from './transport.js';
import { createUndiciTransport, type UndiciTransportOptions } from './undici-transport.js';

/** The transport for this runtime. On Bun, `undici` is a stub that sends nothing; a given `dispatcher` is used on every runtime. */
export function createTransport(options: UndiciTransportOptions): Transport {
  const isBun = process.versions.bun !== undefined;
  return isBun && !options.dispatcher
    ? createNodeTransport(options)
    : createUndiciTransport(options);
}

/** Prints hits and sends nothing. They are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    const nothing = { contentType: '', body: '', location: undefined, retryAfter: undefined };
    return { kind: 'answer', status: 204, ...nothing };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}
