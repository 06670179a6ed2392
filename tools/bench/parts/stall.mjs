// The longest time that the event loop stands still while a bulk of 100 hits is built and sent: `stall.mjs <traffic> <url of
// the sink>`. Sends microseconds of each of many bulks, sorted.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { TRAFFIC } from './requests.mjs';

const BULK = 100;
/** Flushed at once. V8 goes on compiling what runs once for a bulk until a thousand have been sent. */
const FLUSHED_BULKS = 1000;
const WARM_UP_BULKS = 50;
const BULKS = 300;
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

let ended = 0;
for (let bulk = 0; bulk < FLUSHED_BULKS; bulk++) {
  endRequests();
  await processor.forceFlush();
}
const longest = [];
for (let bulk = 0; bulk < WARM_UP_BULKS + BULKS; bulk++) {
  endRequests();
  const micros = await longestTurn();
  if (bulk >= WARM_UP_BULKS) longest.push(micros);
}
process.on('disconnect', () => process.exit());
process.send(longest.sort((a, b) => a - b));

function endRequests() {
  const from = ended % requests.length;
  replay(from, from + BULK);
  ended += BULK;
}

/** Until all hits are tracked; the end of the requests themselves is not measured. */
async function longestTurn() {
  let longestMillis = 0;
  await nextTurn();
  for (let last = performance.now(); processor.stats().tracked < ended; ) {
    await nextTurn();
    const now = performance.now();
    longestMillis = Math.max(longestMillis, now - last);
    last = now;
  }
  return longestMillis * 1000;
}
