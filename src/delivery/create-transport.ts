import { createNodeTransport } from './node-transport.js';
import type { Transport } from './transport.js';
import { createUndiciTransport, type UndiciTransportOptions } from './undici-transport.js';

/** The way to Matomo on this runtime. On Bun `undici` is a stub that sends nothing; a `dispatcher` is used wherever it is given. */
export function createTransport(options: UndiciTransportOptions): Transport {
  const isBun = process.versions.bun !== undefined;
  return isBun && !options.dispatcher
    ? createNodeTransport(options)
    : createUndiciTransport(options);
}
