// The longest time that the event loop stands still while a bulk of 100 hits is built and sent: `stall.mjs <traffic> <url of
// the sink>`. Sends microseconds of each of many bulks, sorted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { TRAFFIC } from './requests.mjs';

const BULK = 100;
const WARM_UP_BULKS = 1000;
const BULKS = 500;
const REQUESTS = 40_000;

const [traffic, url] = process.argv.slice(2);
const processor = new MatomoSpanProcessor({
  url,
  siteId: 1,
  tokenAuth: 'bench',
  maxExportBatchSize: BULK,
});
const requests = TRAFFIC[traffic](REQUESTS);
const replay = createReplay(processor, requests);

const longest = [];
for (let bulk = 0; bulk < WARM_UP_BULKS + BULKS; bulk++) {
  const from = (bulk * BULK) % requests.length;
  replay(from, from + BULK);
  const micros = await longestTurn((bulk + 1) * BULK);
  if (bulk >= WARM_UP_BULKS) longest.push(micros);
}
process.on('disconnect', () => process.exit());
process.send(longest.sort((a, b) => a - b));

/** Until so many hits were tracked; the end of the requests themselves is not measured. */
async function longestTurn(tracked) {
  let longestMillis = 0;
  await nextTurn();
  for (let last = performance.now(); processor.stats().tracked < tracked; ) {
    await nextTurn();
    const now = performance.now();
    longestMillis = Math.max(longestMillis, now - last);
    last = now;
  }
  return longestMillis * 1000;
}
