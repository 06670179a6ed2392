import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a gateway until it is told to end; then it finishes what it has accepted. */
export async function gateway(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { listen: { type: 'string' } } });
  const running = await createGateway(values.listen === undefined ? {} : { listen: values.listen });
  console.log(`Spans are taken at ${running.url}/v1/traces.`);
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.close().then(() => console.log(JSON.stringify(running.stats())));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
