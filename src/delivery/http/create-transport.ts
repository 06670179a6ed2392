import { createNodeTransport } from './node-transport.js';
import type { Transport } from './transport.js';
import { createUndiciTransport, type UndiciTransportOptions } from './undici-transport.js';

/** The transport for this runtime. On Bun, `undici` is a stub that sends nothing; a given `dispatcher` is used on every runtime. */
export function createTransport(options: UndiciTransportOptions): Transport {
  const isBun = process.versions.bun !== undefined;
  return isBun && !options.dispatcher
    ? createNodeTransport(options)
    : createUndiciTransport(options);
}
