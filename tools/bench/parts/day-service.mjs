// Hits into a spool, at a steady rate: `day-service.mjs <url of Matomo> <folder of the spool> <hits> <hits a second>`. Any
// message is answered with what is known; `begin` forgets what RSS was so far. Node is to be started with `--expose-gc`.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const TICK_MILLIS = 10;
const VISITORS = 1000;
const [url, spool, hits, rate] = process.argv.slice(2);

const processor = new MatomoSpanProcessor({
  url,
  siteId: 1,
  tokenAuth: 'bench',
  spool,
  maxSpoolBytes: 8e9, // a day at 100 requests a second, as the documentation says
  // As many seconds of hits wait while the disk is busy as wait at 100 requests a second.
  maxQueueSize: 100 * Number(rate),
});
const requests = createRequests(10_000, VISITORS);
const replay = createReplay(processor, requests);

let rss = [];
setInterval(() => rss.push(process.memoryUsage.rss()), 1000);

const begun = performance.now();
let made = 0;
const making = setInterval(() => {
  const due = Math.min(((performance.now() - begun) / 1000) * Number(rate), Number(hits));
  while (made < due) {
    const from = made % requests.length;
    const to = Math.min(from + Math.ceil(due - made), requests.length, from + 100);
    replay(from, to);
    made += to - from;
  }
  if (made >= Number(hits)) clearInterval(making);
}, TICK_MILLIS);

process.on('message', (message) => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.send({
    stats: processor.stats(),
    rss,
    held: heapUsed + external,
    bytes: bytesInFolder(),
  });
  if (message === 'begin') rss = [];
});
process.on('disconnect', () => process.exit());
process.send('ready');

function bytesInFolder() {
  const names = readdirSync(spool);
  return names.reduce(
    (sum, name) => sum + (statSync(join(spool, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
