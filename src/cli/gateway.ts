import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';
import { patternsFromText } from '../options/environment-text.js';
import { UsageError } from './usage-error.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a gateway until SIGINT or SIGTERM, then sends what it has accepted. */
export async function gateway(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { listen: text, services: text, scopes: text } });
  const { listen, services, scopes } = values;
  const list = (names: string | undefined) => (names ? patternsFromText(names) : undefined);
  const running = await createGateway({
    listen,
    services: list(services),
    scopes: list(scopes),
  }).catch((error: Error) => {
    // Messages about a variable begin with its name, so an option that is also a flag came from the flag.
    const [option = ''] = error.message.split(' ', 1);
    if (Object.hasOwn(values, option)) throw new UsageError(`--${error.message}`);
    throw error;
  });
  console.log(`The gateway listens for spans at ${running.url}/v1/traces.`);
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.close().then(() => console.log(JSON.stringify(running.stats())));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
