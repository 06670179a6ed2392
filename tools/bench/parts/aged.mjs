// Which objects of a hit does V8 make old, although nothing holds them any more? `aged.mjs <url of the sink>`, with --expose-gc. Sends the
// bytes of a hit by which the old generation grows.
//
// If a full garbage collection comes while requests wait for their hits, V8 concludes that objects of literals survive, and makes all later
// ones old. What they hold then stays in memory until the next full collection, which took a fifth of the CPU time of a hit.
import { getHeapSpaceStatistics } from 'node:v8';
import { load } from './package.mjs';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const REQUESTS = 500;
const EARLY_ROUNDS = 60;
/** Until V8 has compiled what each hit needs. */
const WARM_UP_ROUNDS = 300;
const MEASURED_ROUNDS = 20;

const { MatomoSpanProcessor } = load('opentelemetry-matomo');
const processor = new MatomoSpanProcessor({ url: process.argv[2], siteId: 1, tokenAuth: 'bench' });
const replay = createReplay(processor, createRequests(REQUESTS, 200));

async function deliver(isCollected) {
  replay();
  if (isCollected) globalThis.gc();
  await processor.forceFlush();
}

function oldBytes() {
  globalThis.gc({ type: 'minor' });
  return getHeapSpaceStatistics().find((space) => space.space_name === 'old_space').space_used_size;
}

process.on('disconnect', () => process.exit());
for (let round = 0; round < EARLY_ROUNDS; round++) await deliver(true);
for (let round = 0; round < WARM_UP_ROUNDS; round++) await deliver(false);
const before = oldBytes();
for (let round = 0; round < MEASURED_ROUNDS; round++) await deliver(false);
process.send((oldBytes() - before) / (MEASURED_ROUNDS * REQUESTS));
