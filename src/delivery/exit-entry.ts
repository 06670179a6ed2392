import type { MessagePort } from 'node:worker_threads';
import { type ClientOptions, createClient } from './http.js';

// The thread that sends while another one is blocked at its end. The build bundles this file and embeds it as text, because a bundled
// application has no file of ours to start. Only Node's own modules are loaded, which takes milliseconds.

/** What the thread gets when it starts. */
export interface ExitSettings {
  readonly port: MessagePort;
  /** Memory of both threads: 1 if Matomo may have received bytes of the request, and 1 if there is a result. */
  readonly state: Int32Array;
  readonly client: ClientOptions;
  readonly tls: TlsSettings | undefined;
}

/** What flags or the application have set, and a thread does not inherit. */
export interface TlsSettings {
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Certificates of authorities, if they are not those of each thread. */
  readonly certificates: readonly string[] | undefined;
}

/** Asks the thread to send a body. The answer is an `Exchange`. */
export interface ExitRequest {
  readonly body: Uint8Array;
  readonly timeoutMillis: number;
}

/** Functions of `node:tls` since Node.js 22.15 and 22.19. */
export interface Certificates {
  getCACertificates?(type: 'default' | 'bundled' | 'extra'): readonly string[];
  setDefaultCACertificates?(certificates: readonly string[]): void;
}

const { workerData } = process.getBuiltinModule('node:worker_threads');
const { port, state, client, tls } = workerData as ExitSettings;
if (tls) {
  const own = process.getBuiltinModule('node:tls') as Certificates;
  Object.assign(own, tls.defaults);
  if (tls.certificates) own.setDefaultCACertificates?.(tls.certificates);
}
const transport = createClient(client, state);

port.on('message', async ({ body, timeoutMillis }: ExitRequest) => {
  port.postMessage(await transport.send(Buffer.from(body), timeoutMillis));
  Atomics.store(state, 1, 1);
  Atomics.notify(state, 1);
});
