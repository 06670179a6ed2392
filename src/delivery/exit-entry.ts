import { readFileSync } from 'node:fs';
import { codeOf } from '../common/describe-error.js';
import { type ClientOptions, createClient } from './http.js';

// The process that sends a bulk while another one is blocked at its end. The build bundles this file and embeds it as text, because a bundled
// application has no file of ours to start. It reads what to send from stdin, and writes the result to stdout.

/** What it gets, as JSON. */
export interface ExitRequest {
  readonly client: ClientOptions;
  readonly body: string;
  /** When it has to end, in epoch milliseconds. */
  readonly endMillis: number;
}

const { client, body, endMillis } = JSON.parse(readFileSync(0, 'utf8')) as ExitRequest;
const leftMillis = Math.max(1, endMillis - Date.now());
setTimeout(() => undefined, leftMillis + 1_000); // sockets do not keep a process alive
const sending = createClient(client).send(Buffer.from(body, 'latin1'), leftMillis);
void sending.then((exchange) => {
  // Errors are no JSON.
  const error = 'error' in exchange && { error: { message: codeOf(exchange.error) } };
  process.stdout.write(JSON.stringify({ ...exchange, ...error }), () => process.exit());
});
