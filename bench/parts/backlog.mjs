// What a hit costs while others wait: `backlog.mjs <hits that wait together> <visitors>`. Sends CPU microseconds a hit. They
// come ten at a time while Matomo is away, and leave when so many wait that it comes back. All runs make as many hits, in
// bulks of ten; the answers come from the dispatcher, so that no network is in it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const HITS = 100_000;
const WARM_UP = 20_000;
const BULK = 10;
const [backlog, visitors] = process.argv.slice(2).map(Number);

const answer = Buffer.from(`{"status":"success","tracked":${BULK},"invalid":0}`);
const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
let isAway = true;
const dispatcher = {
  dispatch(_request, handler) {
    setImmediate(() => {
      if (isAway) {
        handler.onResponseError(undefined, refused);
        return;
      }
      handler.onRequestStart({});
      handler.onResponseStart({}, 200, { 'content-type': 'application/json' });
      handler.onResponseData({}, answer);
      handler.onResponseEnd();
    });
    return true;
  },
};
const processor = new MatomoSpanProcessor({
  url: 'http://127.0.0.1:9',
  siteId: 1,
  tokenAuth: 'bench',
  dispatcher,
  maxExportBatchSize: BULK,
  maxQueueSize: HITS,
  maxQueueBytes: 4 * 1024 ** 3,
  exportTimeoutMillis: 600_000,
});
const replay = createReplay(processor, createRequests(HITS, visitors));

async function deliver(hits) {
  for (let from = 0; from < hits; from += backlog) {
    isAway = true;
    const end = Math.min(from + backlog, hits);
    for (let i = from; i < end; i += BULK) {
      replay(i, Math.min(i + BULK, end));
      await nextTurn();
    }
    isAway = false;
    await processor.forceFlush();
  }
}

await deliver(WARM_UP);
const begun = process.cpuUsage();
await deliver(HITS);
const { user, system } = process.cpuUsage(begun);
const { tracked } = processor.stats();
if (tracked !== WARM_UP + HITS) throw new Error(`${tracked} hits were tracked`);
process.on('disconnect', () => process.exit());
process.send((user + system) / HITS);
