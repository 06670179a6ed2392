// The longest time that the event loop stands still while a bulk of 100 hits is built and sent:
// `stall.mjs readyMade|package|varied <url of the sink> <bulks of the warm-up>`. Sends the median of many bulks, in microseconds.
// `stall.mjs first <url of the sink>`: the same for the first hit of a server that listens, and for the end of its request.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../lib/figures.mjs';
import { load } from './package.mjs';
import { createPoster, toBody } from './poster.mjs';
import { createReplay } from './replay.mjs';
import { createRequests, createVariedRequests } from './requests.mjs';

const BULK = 100;
const BULKS = 300;
const REQUESTS = 40_000;
const VISITORS = 200;
/** Nothing happens until then, so other processes cannot disturb it. */
const PAUSE_MILLIS = 16;
/** What a process loads when it starts to listen is over then. */
const SETTLE_MILLIS = 500;

const [way, url, warmUp] = process.argv.slice(2);
const { end, send } = way === 'readyMade' ? createReadyMade() : createTracked();
const longest = [];
if (way === 'first') {
  createServer().listen(0, '127.0.0.1').unref();
  await sleep(SETTLE_MILLIS);
  longest.push(await longestTurn(endAndSend()));
} else {
  for (let bulk = 0; bulk < Number(warmUp); bulk++) {
    end();
    await send();
  }
  await measureBulks();
}
process.on('disconnect', () => process.exit());
process.send(median(longest));

/** Hits are sent later than their requests end: after a delay, or when they are a bulk. */
async function endAndSend() {
  await sleep(PAUSE_MILLIS);
  end(1);
  await sleep(PAUSE_MILLIS);
  await send();
}

async function measureBulks() {
  for (let bulk = 0; bulk < BULKS; bulk++) {
    end();
    await sleep(PAUSE_MILLIS);
    longest.push(await longestTurn(send()));
  }
}

function createReadyMade() {
  const post = createPoster(url);
  const body = toBody(BULK);
  return { end() {}, send: () => post(body) };
}

/** What ends requests is not measured. They stay queued until they are flushed, since they are fewer than a bulk. */
function createTracked() {
  const { MatomoSpanProcessor } = load('opentelemetry-matomo');
  const processor = new MatomoSpanProcessor({
    url,
    siteId: 1,
    tokenAuth: 'bench',
    maxExportBatchSize: BULK + 1,
  });
  const requests =
    way === 'varied' ? createVariedRequests(REQUESTS) : createRequests(REQUESTS, VISITORS);
  const replay = createReplay(processor, requests);
  let ended = 0;
  return {
    end(count = BULK) {
      const from = ended % requests.length;
      replay(from, from + count);
      ended += count;
    },
    async send() {
      await processor.forceFlush();
      if (processor.stats().tracked !== ended) throw new Error('a bulk was split');
    },
  };
}

/** Microseconds of the longest turn of the event loop until `sent`. Makes little garbage, whose own collection could be the longest. */
function longestTurn(sent) {
  return new Promise((resolve) => {
    let isSent = false;
    void sent.then(() => {
      isSent = true;
    });
    let longestMillis = 0;
    let last = performance.now();
    setImmediate(function turn() {
      const now = performance.now();
      longestMillis = Math.max(longestMillis, now - last);
      last = now;
      if (isSent) resolve(longestMillis * 1000);
      else setImmediate(turn);
    });
  });
}
