import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';
import { RECEIVER_OPTIONS } from '../gateway/receiver-options.js';
import { readFlags } from './flags.js';
import { untilEndSignal } from './terminal.js';

/** Runs a gateway until a signal, then sends all accepted spans as hits. */
export async function gateway(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { listen: { type: 'string' } } });
  const running = await createGateway(readFlags(RECEIVER_OPTIONS, values));
  const ended = untilEndSignal();
  console.log(`The gateway listens for spans at ${running.url}/v1/traces.`);
  await ended;
  await running.close();
  console.log(JSON.stringify(running.stats()));
}
