import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';
import { RECEIVER_FLAGS, readFlags } from '../gateway/receiver-options.js';
import { toFlagError } from './usage-error.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a gateway until SIGINT or SIGTERM, then sends what it has accepted. */
export async function gateway(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const options = Object.fromEntries(RECEIVER_FLAGS.map((flag) => [flag, text]));
  const { values } = parseArgs({ args, options });
  const running = await createGateway(readFlags(values)).catch((error: Error) => {
    throw toFlagError(error, values);
  });
  console.log(`The gateway listens for spans at ${running.url}/v1/traces.`);
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.close().then(() => console.log(JSON.stringify(running.stats())));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
