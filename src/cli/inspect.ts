import { parseArgs } from 'node:util';
import { formatHits, type InspectedHit, startInspector } from '../inspector/index.js';
import { INSPECTOR_OPTIONS } from '../inspector/inspector-options.js';
import { readFlags } from './flags.js';
import { untilEndSignal } from './terminal.js';

const PRINT_EVERY_MILLIS = 500;

/** Runs the inspector until a signal, such as that of Ctrl-C, and prints hits as they arrive. */
export async function inspect(args: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      port: { ...text, default: '8080' },
      host: text,
      dimensions: text,
      'custom-variables': { type: 'boolean' },
    },
  });
  const inspector = await startInspector(readFlags(INSPECTOR_OPTIONS, values));
  const ended = untilEndSignal();
  console.log(`The inspector listens on ${inspector.url}.`);
  console.log(`Open it in a browser to watch hits; ${inspector.url}/hits has them as JSON.\n`);
  let last: InspectedHit | undefined;
  const print = () => {
    const hits = inspector.hits();
    const fresh = hits.slice(last === undefined ? 0 : hits.lastIndexOf(last) + 1);
    if (fresh.length > 0) console.log(formatHits(fresh));
    last = fresh.at(-1) ?? last;
  };
  const timer = setInterval(print, PRINT_EVERY_MILLIS);
  await ended;
  clearInterval(timer);
  print();
  await inspector.close();
}
