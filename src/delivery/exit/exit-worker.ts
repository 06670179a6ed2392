import type { MessagePort } from 'node:worker_threads';
import { codeOf } from '../../common/describe-error.js';
import { createHttpTransport } from '../http/http-transport.js';
import { createNodeClient, type NodeClientOptions } from '../http/node-client.js';
import type { Exchange } from '../http/transport.js';

// The worker thread that sends at the end of a process. The build bundles this file and embeds it as text, because a bundled application
// has no file of ours to start a worker from. Only Node's own modules are loaded, which takes milliseconds.

/** What the exit worker gets when it starts. */
export interface ExitSettings {
  readonly port: MessagePort;
  /** Memory of both threads: the number of results so far, and 1 if Matomo may have received bytes of the current request. */
  readonly state: Int32Array;
  readonly client: NodeClientOptions;
}

/** Asks the worker to send a body. */
export interface ExitRequest {
  readonly number: number;
  readonly body: Uint8Array;
  readonly timeoutMillis: number;
}

/** The result of the request with that number. */
export interface ExitResult {
  readonly number: number;
  readonly exchange: Exchange;
}

const { workerData } = process.getBuiltinModule('node:worker_threads');
const { port, state, client } = workerData as ExitSettings;
const transport = createHttpTransport(
  (onClose) => createNodeClient(client, onClose),
  () => Atomics.store(state, 1, 1),
);

port.on('message', async ({ number, body, timeoutMillis }: ExitRequest) => {
  const exchange = await transport.send(Buffer.from(body), timeoutMillis);
  // Copies of errors have no code.
  const result: ExitResult =
    'error' in exchange
      ? { number, exchange: { ...exchange, error: new Error(codeOf(exchange.error)) } }
      : { number, exchange };
  port.postMessage(result);
  Atomics.add(state, 0, 1);
  Atomics.notify(state, 0);
});
