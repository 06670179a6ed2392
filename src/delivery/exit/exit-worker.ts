import type { MessagePort } from 'node:worker_threads';
import { codeOf } from '../../common/describe-error.js';
import { createHttpTransport } from '../http/http-transport.js';
import { createNodeClient, type NodeClientOptions } from '../http/node-client.js';

// The worker thread that sends at the end of a process. The build bundles this file and embeds it as text, because a bundled application
// has no file of ours to start a worker from. Only Node's own modules are loaded, which takes milliseconds.

/** What the thread gets when it starts. */
export interface ExitSettings {
  readonly port: MessagePort;
  /** Memory of both threads: 1 if there is a result, and 1 if Matomo may have received bytes of the request. */
  readonly state: Int32Array;
  readonly client: NodeClientOptions;
}

/** Asks the thread to send a body. The answer is an `Exchange`. */
export interface ExitRequest {
  readonly body: Uint8Array;
  readonly timeoutMillis: number;
}

const { workerData } = process.getBuiltinModule('node:worker_threads');
const { port, state, client } = workerData as ExitSettings;
const transport = createHttpTransport(
  (onClose) => createNodeClient(client, onClose),
  () => Atomics.store(state, 1, 1),
);

port.on('message', async ({ body, timeoutMillis }: ExitRequest) => {
  const exchange = await transport.send(Buffer.from(body), timeoutMillis);
  // Copies of errors have no code.
  const isError = 'error' in exchange;
  port.postMessage(isError ? { ...exchange, error: new Error(codeOf(exchange.error)) } : exchange);
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
});
