import { parseArgs } from 'node:util';
import { MATOMO_VERSIONS } from '../hit/bots/reported-chatbots.js';
import { formatHits, type InspectedHit, startInspector } from '../inspector/index.js';
import { toSpamPrevention } from '../inspector/rules/spam-prevention.js';
import { oneOf } from '../options/parse-values.js';
import { UsageError } from './usage-error.js';

const PRINT_EVERY_MILLIS = 500;

/** Runs the inspector until Ctrl-C, and prints hits as they arrive. */
export async function inspect(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string', default: '127.0.0.1' },
      'matomo-version': { type: 'string', default: 'newest' },
      'spam-prevention': { type: 'string' },
    },
  });
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) {
    throw new UsageError(
      `--port must be a number from 0 to 65535, got ${JSON.stringify(values.port)}`,
    );
  }
  const matomoVersion = oneOf(...MATOMO_VERSIONS)('--matomo-version', values['matomo-version']);
  const spam = values['spam-prevention'];
  if (spam !== undefined) toSpamPrevention('--spam-prevention', spam);
  const inspector = await startInspector({
    port,
    host: values.host,
    matomoVersion,
    ...(spam !== undefined && { spamPrevention: spam as 'off' | 'default' }),
  });
  console.log(`The inspector listens on ${inspector.url}.`);
  console.log(`Open it in a browser to watch hits; ${inspector.url}/hits has them as JSON.\n`);
  let last: InspectedHit | undefined;
  const timer = setInterval(() => {
    const hits = inspector.hits();
    const fresh = hits.slice(last === undefined ? 0 : hits.lastIndexOf(last) + 1);
    if (fresh.length > 0) console.log(formatHits(fresh));
    last = fresh.at(-1) ?? last;
  }, PRINT_EVERY_MILLIS);
  process.once('SIGINT', () => {
    clearInterval(timer);
    void inspector.close();
  });
}
