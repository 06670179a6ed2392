import { createServer, type RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { createHttpTransport } from '../../../src/delivery/http/http-transport.js';
import { clientOptionsOf, createNodeClient } from '../../../src/delivery/http/node-client.js';
import type { Transport } from '../../../src/delivery/http/transport.js';
import { createUndiciClient, loadUndici } from '../../../src/delivery/http/undici-client.js';
import { listen } from '../../support/listen.js';

export const BULK: Buffer = Buffer.from('{"requests":[]}');

/** A transport to a URL, until the end of the test. */
type TransportTo = (url: string) => Transport;

export const undiciTo: TransportTo = (url) => {
  const options = optionsOf(url);
  return untilTestEnds(
    createHttpTransport(async (onClose) =>
      createUndiciClient(await loadUndici(), options, onClose),
    ),
  );
};

export const nodeTo: TransportTo = (url) => {
  const options = clientOptionsOf(optionsOf(url));
  return untilTestEnds(createHttpTransport(async (onClose) => createNodeClient(options, onClose)));
};

function optionsOf(url: string) {
  return { url: new URL(url), userAgent: 'test/1', headers: { 'x-key': 'k' } };
}

function untilTestEnds(transport: Transport): Transport {
  onTestFinished(() => transport.close());
  return transport;
}

/** The URL of Matomo on a server, which listens from now on. */
export async function urlOf(server: Server): Promise<string> {
  return `${await listen(server)}/matomo.php?a=1`;
}

/** A transport to a server with such a listener. */
export async function serve(to: TransportTo, listener: RequestListener): Promise<Transport> {
  return to(await urlOf(createServer(listener)));
}
