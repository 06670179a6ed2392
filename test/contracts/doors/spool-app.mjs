// A process with a spool at PLACE, a folder or a Redis. It prints `STORED` and `SENT` with the names of hits, and at its end what it has counted, as JSON.
//
// NAME: begins the names of its hits. RATE: how many it stores in each 20 ms. DEAD_MILLIS: processes that say nothing for so long are dead.
// EXIT_TURNS: stores some hits, exits after so many turns of the event loop, and stores others then. Each turn is slower than the disk. With
// ENDS_CLAIM, it ends a claim instead.
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { LogLines } from '../../../build/common/log-lines.js';
import { createDeliveryCounts } from '../../../build/delivery/delivery-counts.js';
import { DELIVERY_LIMITS } from '../../../build/delivery/delivery-limits.js';
import { openFolder } from '../../../build/delivery/spool/folder-spool.js';
import { openRedis } from '../../../build/delivery/spool/redis-spool.js';
import { SpoolLog } from '../../../build/delivery/spool/spool-log.js';

const { PLACE, NAME, RATE = '0', DEAD_MILLIS, EXIT_TURNS, ENDS_CLAIM } = process.env;
const deadMillis = Number(DEAD_MILLIS ?? DELIVERY_LIMITS.deadMillis);
const counts = createDeliveryCounts();
const lines = new LogLines((message) => console.error(message));
const open = PLACE.startsWith('redis:') ? openRedis : openFolder;
const spool = await open({
  place: PLACE,
  matomoUrl: 'https://matomo.test/matomo.php',
  maxBytes: 2 ** 30,
  maxAgeMillis: 7 * 86_400_000,
  exportTimeoutMillis: 0,
  hasToken: true,
  resendUnconfirmed: false,
  keys: undefined,
  limits: { ...DELIVERY_LIMITS, deadMillis, listMillis: 50 },
  counts,
  log: new SpoolLog(PLACE, lines),
});

let put = 0;
let isEnding = false;

function newHits(count) {
  return Array.from({ length: count }, () => {
    put += 1;
    const query = `?h=${NAME}-${put}`;
    return { visitor: 'v', startSeconds: 1_800_000_000, query, site: 1, kind: 'action' };
  });
}

const print = (what, hits) =>
  writeSync(1, `${what} ${hits.map(({ query }) => query.slice(3)).join(' ')}\n`);

async function storeAll() {
  while (!isEnding) {
    const hits = newHits(Number(RATE));
    const stored = await spool.store(hits);
    put -= hits.length - stored;
    print('STORED', hits.slice(0, stored));
    await wait(20);
  }
}

async function sendAll() {
  while (!isEnding) {
    const claim = await spool.claim(10, Number.POSITIVE_INFINITY);
    if (!claim) {
      await wait(20);
      continue;
    }
    await wait(5);
    const [failed, ...sent] = claim.hits;
    const isFailing = claim.failures < 2 && sent.length > 0 && put % 7 === 0;
    print('SENT', isFailing ? sent : claim.hits);
    const back = isFailing ? [{ hits: [failed], failures: claim.failures + 1 }] : [];
    await claim.done({ tracked: isFailing ? sent.length : claim.hits.length }, back);
  }
}

/** Two of three hits are tracked, and the other one failed. */
async function endClaim() {
  await spool.store(newHits(4));
  const claim = await spool.claim(3, Number.POSITIVE_INFINITY);
  const back = [{ hits: claim.hits.slice(0, 1), failures: 1 }];
  void claim.done({ tracked: 2 }, back);
  process.on('exit', () => {
    claim.endNow({ tracked: 2 }, back);
    spool.storeNow([]);
    const { stored, claimed, tracked } = counts;
    writeSync(1, `COUNTED ${stored} ${claimed} ${tracked}\n`);
  });
}

function storeSome() {
  let left = newHits(5_000);
  void spool.store(left).then((stored) => {
    left = left.slice(stored);
  });
  process.on('exit', () => {
    const unstored = spool.storeNow([...left, ...newHits(3)]);
    writeSync(1, `EXIT ${put - unstored.length}\n`);
  });
}

if (EXIT_TURNS !== undefined) {
  if (ENDS_CLAIM) await endClaim();
  else storeSome();
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (let turn = 0; turn < Number(EXIT_TURNS); turn++) {
    await nextTurn();
    Atomics.wait(nobody, 0, 0, 20);
  }
  process.exit();
} else {
  const working = Promise.all([Number(RATE) > 0 && storeAll(), sendAll()]);
  process.on('message', async () => {
    isEnding = true;
    await working;
    await spool.close();
    lines.flush();
    process.send({ ...counts, put, pending: spool.count }, () => process.exit());
  });
  process.on('disconnect', () => process.exit());
}
