import type { MessagePort } from 'node:worker_threads';
import { createTransport, type TransportOptions } from './http.js';

// The thread that sends while another one is blocked at its end. The build bundles this file and embeds it as text, because a bundled
// application has no file of ours to start. Only Node's own modules are loaded.

export interface ExitSettings {
  readonly port: MessagePort;
  /** Memory of both threads: 1 if Matomo may have received bytes of the request, and 1 if there is a result. */
  readonly state: Int32Array;
  readonly options: TransportOptions;
  /** Versions and ciphers of TLS that flags or the application have set, which a thread does not inherit. */
  readonly tls?: Readonly<Record<string, unknown>> | undefined;
  /** Certificates of authorities, if they are not those of each thread. */
  readonly certificates?: readonly string[] | undefined;
}

/** Functions of `node:tls` since Node.js 22.15 and 22.19. */
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
