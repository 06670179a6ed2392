// The longest time that the event loop stands still while a bulk of 100 hits is built and sent: `stall.mjs <traffic> <url of
// the sink>`. Sends microseconds of each of many bulks, and those that template strings take for the same hits, both sorted.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { toHttpRequest } from './build-hit.mjs';
import { concatenateHit } from './concatenate-hit.mjs';
import { createReplay } from './replay.mjs';
import { TRAFFIC } from './requests.mjs';

const BULK = 100;
/** Flushed at once. V8 goes on compiling what runs once for a bulk until a thousand have been sent. */
const FLUSHED_BULKS = 1000;
const WARM_UP_BULKS = 50;
const BULKS = 300;
/** Nothing happens until then, so other processes cannot disturb it. */
const BEFORE_WINDOW_ENDS_MILLIS = 16;
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
const templates = [];
for (let bulk = 0; bulk < WARM_UP_BULKS + BULKS; bulk++) {
  endRequests();
  const micros = await longestTurn();
  const templateMicros = concatenateHits();
  if (bulk < WARM_UP_BULKS) continue;
  longest.push(micros);
  templates.push(templateMicros);
}
process.on('disconnect', () => process.exit());
process.send({ longest: longest.sort(ascending), templates: templates.sort(ascending) });

function ascending(a, b) {
  return a - b;
}

/** Of the hits that ended last. */
function concatenateHits() {
  const from = (ended - BULK) % requests.length;
  const bulk = requests.slice(from, from + BULK).map(toHttpRequest);
  const begun = performance.now();
  for (const request of bulk) concatenateHit(request);
  return (performance.now() - begun) * 1000;
}

function endRequests() {
  const from = ended % requests.length;
  replay(from, from + BULK);
  ended += BULK;
}

/** Until all hits are tracked; the end of the requests themselves is not measured. */
async function longestTurn() {
  let longestMillis = 0;
  await sleep(BEFORE_WINDOW_ENDS_MILLIS);
  for (let last = performance.now(); processor.stats().tracked < ended; ) {
    await nextTurn();
    const now = performance.now();
    longestMillis = Math.max(longestMillis, now - last);
    last = now;
  }
  return longestMillis * 1000;
}
