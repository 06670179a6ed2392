// A process with a spool at PLACE, a folder or a Redis. It prints `STORED` and `SENT` with the names of hits, and at its end what it has counted, as JSON.
//
// NAME: begins the names of its hits. RATE: how many it puts in each 20 ms. DEAD_MILLIS: processes that say nothing for so long are dead.
import { writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { LogLines } from '../../../build/common/log-lines.js';
import { createDeliveryCounts } from '../../../build/delivery/counts.js';
import { SpoolLog } from '../../../build/delivery/delivery-log.js';
import { openFolder } from '../../../build/delivery/folder-store.js';
import { openRedis } from '../../../build/delivery/redis-store.js';

const { PLACE, NAME, RATE = '0', DEAD_MILLIS = '90000' } = process.env;
const counts = createDeliveryCounts();
const lines = new LogLines((message) => console.error(message));
const open = PLACE.startsWith('redis:') ? openRedis : openFolder;
let kept = 0;
const spool = await open({
  place: PLACE,
  matomoUrl: 'https://matomo.test/matomo.php',
  maxBytes: 2 ** 30,
  maxExportBatchSize: 10,
  deadMillis: Number(DEAD_MILLIS),
  hasToken: true,
  resendUnconfirmed: false,
  keys: undefined,
  counts,
  keep: (hits) => {
    kept += hits.length;
  },
  log: new SpoolLog(PLACE, lines),
});

/** On a busy machine, fewer are sent than would be put. */
const MOST_WAITING = 500;
let put = 0;
let isEnding = false;

function newHits(count) {
  return Array.from({ length: count }, () => {
    put += 1;
    const query = `?h=${NAME}-${put}`;
    return {
      client: 'c',
      visitor: 'v',
      startSeconds: 1_800_000_000,
      query,
      site: 1,
      kind: 'action',
    };
  });
}

const print = (what, hits) =>
  writeSync(1, `${what} ${hits.map(({ query }) => query.slice(3)).join(' ')}\n`);

async function putAll() {
  while (!isEnding) {
    const hits = spool.hits < MOST_WAITING ? newHits(Number(RATE)) : [];
    if (hits.length > 0 && (await spool.put(hits))) print('STORED', hits);
    else put -= hits.length;
    await wait(20);
  }
}

async function sendAll() {
  while (!isEnding) {
    const claim = await spool.claim(10);
    if (!claim) {
      await wait(20);
      continue;
    }
    await wait(5);
    const [failed, ...sent] = claim.hits;
    const isFailing = sent.length > 0 && put % 7 === 0;
    print('SENT', isFailing ? sent : claim.hits);
    const back = isFailing ? [failed] : [];
    await claim.done({ tracked: claim.hits.length - back.length }, back, true);
  }
}

const working = Promise.all([Number(RATE) > 0 && putAll(), sendAll()]);
process.on('message', async () => {
  isEnding = true;
  await working;
  await spool.close();
  lines.flush();
  process.send({ ...counts, put, pending: spool.count + kept }, () => process.exit());
});
process.on('disconnect', () => process.exit());
