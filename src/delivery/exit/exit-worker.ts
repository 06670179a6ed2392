import type { MessagePort } from 'node:worker_threads';
import { reasonOf } from '../http/explain-error.js';
import { NodeClient, type NodeClientOptions, type NodeRequest } from '../http/node-transport.js';
import type { Exchange } from '../http/transport.js';

// The worker thread of the last flush. The build bundles this file and embeds it as text, because a bundled application has no file of
// ours to start a worker from. Only Node's own modules are loaded, which takes milliseconds.

/** What the exit worker gets when it starts. */
export interface WorkerSettings {
  readonly port: MessagePort;
  /** Memory of both threads: the number of results so far, and 1 if Matomo may have received bytes of the current request. */
  readonly state: Int32Array;
}

/** Asks the worker to send a body. The first request has the settings. */
export interface ExitRequest {
  readonly number: number;
  readonly body: Uint8Array;
  readonly settings:
    | { readonly client: NodeClientOptions; readonly defaults: ThreadDefaults }
    | undefined;
}

/** Defaults of connections, which each thread has for itself. */
export interface ThreadDefaults {
  readonly resultOrder: 'ipv4first' | 'ipv6first' | 'verbatim';
  readonly autoSelect: boolean;
  readonly attemptMillis: number;
}

/** The result of the request with that number. */
export interface ExitResult {
  readonly number: number;
  readonly exchange: Exchange;
}

const { workerData } = process.getBuiltinModule('node:worker_threads');
const { port, state } = workerData as WorkerSettings;
let client: NodeClient | undefined;
let current: NodeRequest | undefined;

port.on('message', ({ number, body, settings }: ExitRequest) => {
  current?.abort(new Error('replaced by another request'));
  try {
    if (settings) {
      applyDefaults(settings.defaults);
      client = new NodeClient(settings.client);
    }
    current = client?.send(body, false, {
      onSent: () => Atomics.store(state, 1, 1),
      onEnd: (exchange) => post(number, exchange),
    });
  } catch (error) {
    post(number, { kind: 'not_sent', error: error as Error });
  }
});

function post(number: number, exchange: Exchange): void {
  current = undefined;
  // Copies of errors have no code.
  const result: ExitResult =
    exchange.kind === 'answer'
      ? { number, exchange }
      : { number, exchange: { ...exchange, error: new Error(reasonOf(exchange.error)) } };
  port.postMessage(result);
  Atomics.add(state, 0, 1);
  Atomics.notify(state, 0);
}

function applyDefaults({ resultOrder, autoSelect, attemptMillis }: ThreadDefaults): void {
  const net = process.getBuiltinModule('node:net');
  process.getBuiltinModule('node:dns').setDefaultResultOrder(resultOrder);
  net.setDefaultAutoSelectFamily(autoSelect);
  net.setDefaultAutoSelectFamilyAttemptTimeout(attemptMillis);
}
