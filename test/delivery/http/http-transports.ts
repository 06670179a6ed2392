import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttpTransport } from '../../../src/delivery/http/http-transport.js';
import {
  clientOptionsOf,
  createNodeClient,
  type NodeClientOptions,
} from '../../../src/delivery/http/node-client.js';
import type { Transport } from '../../../src/delivery/http/transport.js';
import { listen } from '../../support/listen.js';

export const BULK: Buffer = Buffer.from('{"requests":[]}');

/** A transport to a URL, until the end of the test. */
export function transportTo(url: string, more: Partial<NodeClientOptions> = {}): Transport {
  const options = { ...clientOptionsOf(optionsOf(url)), ...more };
  const transport = createHttpTransport((onClose) => createNodeClient(options, onClose));
  onTestFinished(() => transport.close());
  return transport;
}

function optionsOf(url: string) {
  return { url: new URL(url), userAgent: 'test/1', headers: { 'x-key': 'k' } };
}

/** The URL of Matomo on a server, which listens from now on. */
export async function urlOf(server: Server): Promise<string> {
  return `${await listen(server)}/matomo.php?a=1`;
}
