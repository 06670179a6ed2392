// What a hit costs while others wait: `backlog.mjs <hits that wait together> <visitors>`. Sends CPU microseconds a hit. They
// come ten at a time while Matomo is down, and are sent when so many wait that it is back. All runs make as many hits, in
// bulks of ten; the answers come from the dispatcher, so that no network is in it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { createReplay } from './replay.mjs';
import { createRequests } from './requests.mjs';

const HITS = 100_000;
const REQUESTS = 10_000;
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
  exportTimeoutMillis: 600_000,
});

/** CPU microseconds of so many hits, without what it takes to make their requests: a part at a time, as no more is in use. */
async function deliver(hits) {
  let micros = 0;
  for (let first = 0; first < hits; first += REQUESTS) {
    const replay = createReplay(processor, createRequests(REQUESTS, visitors, first));
    const begun = process.cpuUsage();
    for (let i = 0; i < REQUESTS; i += BULK) {
      isAway = true;
      replay(i, i + BULK);
      await nextTurn();
      if ((first + i + BULK) % backlog > 0) continue;
      isAway = false;
      await processor.forceFlush();
    }
    const { user, system } = process.cpuUsage(begun);
    micros += user + system;
  }
  return micros;
}

await deliver(HITS); // for warming up
const micros = await deliver(HITS);
const { tracked } = processor.stats();
if (tracked !== 2 * HITS) throw new Error(`${tracked} hits were tracked`);
process.on('disconnect', () => process.exit());
process.send(micros / HITS);
