import type { MessagePort } from 'node:worker_threads';
import { createTransport, type TransportOptions } from './http.js';

// This thread sends hits while another thread is blocked at the end of the process. The build bundles this file and embeds it as text, because a
// bundled application has no separate file to start. The thread loads only modules of Node.js.

export interface ExitSettings {
  readonly port: MessagePort;
  /** Memory shared by both threads: `state[0]` is 1 if Matomo may have received bytes of the request, `state[1]` is 1 if there is a result. */
  readonly state: Int32Array;
  readonly options: TransportOptions;
  /** TLS versions and ciphers from flags or the application. A thread does not inherit them. */
  readonly tls?: Readonly<Record<string, unknown>> | undefined;
  /** Certificates of authorities if they differ from the default of a thread. */
  readonly certificates?: readonly string[] | undefined;
}

/** Functions that `node:tls` has since Node.js 22.15 and 22.19. */
export interface Certificates {
  getCACertificates?(type: 'default' | 'bundled' | 'extra'): readonly string[];
  setDefaultCACertificates?(certificates: readonly string[]): void;
}

const { workerData } = process.getBuiltinModule('node:worker_threads');
const { port, state, options, tls, certificates } = workerData as ExitSettings;
if (tls) {
  const own = Object.assign(process.getBuiltinModule('node:tls'), tls) as Certificates;
  if (certificates) own.setDefaultCACertificates?.(certificates);
}
const transport = createTransport(options, state);

port.on('message', async ({ body, millis }: { body: Uint8Array; millis: number }) => {
  port.postMessage(await transport.send(Buffer.from(body), millis));
  Atomics.store(state, 1, 1);
  Atomics.notify(state, 1);
});
