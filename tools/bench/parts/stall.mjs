// The longest time that the event loop stands still while a bulk of 100 hits is built and handed over, or also sent to the sink:
// `stall.mjs <traffic> [<url of the sink>]`. Sends microseconds of each of many bulks, and those that template strings take for the
// same hits, both sorted. Writing to a loopback connection takes longer than all else, since it wakes the process that reads.
import { setTimeout as sleep } from 'node:timers/promises';
import { MatomoSpanProcessor } from 'opentelemetry-matomo';
import { Pool } from 'undici';
import { toHttpRequest } from './build-hit.mjs';
import { concatenateHit } from './concatenate-hit.mjs';
import { longestTurn } from './longest-turn.mjs';
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

let answered = 0;
const ANSWER = Buffer.from(`{"status":"success","tracked":${BULK},"invalid":0}`);

/** Answers in the next turn of the event loop, and sends nothing. */
const handOver = {
  dispatch(_options, handler) {
    const controller = { abort() {} };
    handler.onRequestStart(controller);
    setImmediate(() => {
      handler.onResponseStart(controller, 200, { 'content-type': 'application/json' });
      handler.onResponseData(controller, ANSWER);
      handler.onResponseEnd();
      answered += 1;
    });
    return true;
  },
};

/** Sends with undici, over one connection as the package does. */
function createSender(origin) {
  const pool = new Pool(origin, { connections: 1, pipelining: 1 });
  return {
    dispatch(options, handler) {
      const counting = Object.assign(Object.create(handler), {
        onResponseEnd() {
          handler.onResponseEnd();
          answered += 1;
        },
        onResponseError(controller, error) {
          handler.onResponseError(controller, error);
          answered += 1;
        },
      });
      return pool.dispatch(options, counting);
    },
  };
}

const [traffic, url] = process.argv.slice(2);
const processor = new MatomoSpanProcessor({
  url: url ?? 'http://127.0.0.1:9',
  siteId: 1,
  tokenAuth: 'bench',
  maxExportBatchSize: BULK,
  dispatcher: url === undefined ? handOver : createSender(url),
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
for (let bulk = 0; longest.length < BULKS; bulk++) {
  endRequests();
  const micros = await longestTurnOfBulk();
  const templateMicros = concatenateHits();
  if (bulk < WARM_UP_BULKS || micros === undefined) continue;
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

/**
 * Until all hits are tracked; the end of the requests themselves is not measured. `undefined` if the machine was so busy that the
 * bulk was sent before the measurement began.
 */
async function longestTurnOfBulk() {
  const before = answered;
  await sleep(BEFORE_WINDOW_ENDS_MILLIS);
  const isLate = answered > before;
  const micros = isLate ? undefined : await longestTurn(() => answered > before);
  if (processor.stats().tracked !== ended) throw new Error('a bulk was split');
  return micros;
}
