import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';
import { RECEIVER_FLAGS, readFlags } from '../gateway/receiver-options.js';
import { problemOf } from '../options/option-error.js';
import { UsageError } from './usage-error.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a gateway until SIGINT or SIGTERM, then sends what it has accepted. */
export async function gateway(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const options = Object.fromEntries(RECEIVER_FLAGS.map((flag) => [flag, text]));
  const { values } = parseArgs({ args, options });
  const running = await createGateway(readFlags(values)).catch((error: Error) => {
    // Messages about a variable begin with its name, so an option that is also a flag came from the flag.
    const problem = problemOf(error);
    const [option = ''] = problem.split(' ', 1);
    if (Object.hasOwn(values, option)) throw new UsageError(`--${problem}`);
    throw error;
  });
  console.log(`The gateway listens for spans at ${running.url}/v1/traces.`);
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.close().then(() => console.log(JSON.stringify(running.stats())));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
