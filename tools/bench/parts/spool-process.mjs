// A process that shares a spool with others: `spool-process.mjs <url of the sink> <spool>`. Asked for `{ hits }`, a multiple of 500, it makes
// so many.
import { load } from './package.mjs';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const { MatomoSpanProcessor } = load('opentelemetry-matomo');
const REQUESTS = 500;
const VISITORS = 200;
const PORTION = 100;

const [url, spool] = process.argv.slice(2);
const processor = new MatomoSpanProcessor({
  url,
  siteId: 1,
  tokenAuth: 'bench',
  spool,
  maxQueueSize: 1_000_000,
  scheduledDelayMillis: 200, // the last hits are fewer than a bulk and wait for this
  maxSpoolBytes: 2 ** 31,
});
const replay = createReplay(processor, createRequests(REQUESTS, VISITORS));

function makeHits(left) {
  if (left <= 0) return;
  const from = left % REQUESTS === 0 ? 0 : REQUESTS - (left % REQUESTS);
  replay(from, from + PORTION);
  setImmediate(makeHits, left - PORTION);
}

process.on('message', ({ hits }) => makeHits(hits));
process.on('disconnect', async () => {
  await processor.shutdown();
  process.exit();
});
process.send('ready');
