import { parseArgs } from 'node:util';
import { createGateway } from '../gateway/index.js';
import { patternsFromText } from '../options/environment-text.js';
import { UsageError } from './usage-error.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a gateway until it is told to end; then it finishes what it has accepted. */
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
    // An option of that name came from a flag if there is one: what the environment says has its variable's name.
    const [option = ''] = error.message.split(' ', 1);
    if (Object.hasOwn(values, option)) throw new UsageError(`--${error.message}`);
    throw error;
  });
  console.log(`Spans are taken at ${running.url}/v1/traces.`);
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, stop);
    void running.close().then(() => console.log(JSON.stringify(running.stats())));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}
