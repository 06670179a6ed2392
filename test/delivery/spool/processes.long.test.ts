import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readSpoolStatus } from '../../../src/delivery/spool/backends.js';
import { arrivalsOf, type BulkReceiver, startBulkReceiver } from '../../support/bulk-receiver.js';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { SPOOL_PLACES, startRedis } from '../../support/redis-server.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { filesIn } from '../../support/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { leaveJournal, pageHit, type SpoolWorker, startSpoolWorker } from './spool-workers.js';

const ROUNDS = Number(process.env.SPOOL_ROUNDS ?? sampled(2, 5));
/** Processes that end at once. */
const MANY = sampled(8, 20);
/** After so long without a beat a process is dead: a tenth of the time in use. */
const DEAD_MILLIS = 3_000;
/** A process is stopped for longer than that. */
const STOP_MILLIS = DEAD_MILLIS * 1.35;
/** A hit may be lost that is younger than this when its process is killed. */
const YOUNG_MILLIS = 500;
/** `maxExportBatchSize`, and what is appended within half a second. */
const LARGEST_BULK = 100;
const PATIENCE = { timeoutMillis: 60_000 };
async function setUp(open: () => Promise<string>) {
  const place = await open();
  const matomo = await startBulkReceiver();
  const workers: SpoolWorker[] = [];
  const start = (env: Record<string, string> = {}) => {
    const worker = startSpoolWorker({
      DEAD_MILLIS: String(DEAD_MILLIS),
      MATOMO_URL: matomo.url,
      MATOMO_SPOOL: place,
      ...env,
    });
    workers.push(worker);
    return worker;
  };
  return { place, matomo, workers, start };
}

const UNAVAILABLE = { refusals: Number.POSITIVE_INFINITY };

const duplicatesAt = (matomo: BulkReceiver) =>
  [...arrivalsOf(matomo).values()].reduce((sum, { length }) => sum + length - 1, 0);

/**
 * Hits that did not arrive, although they were older than half a second when their process was killed. What was in memory then may be
 * missing. These are its newest hits, but not after its spool hung or failed: then newer ones may be sent or stored first, and as many
 * older ones may be missing.
 */
function missingAt(matomo: BulkReceiver, workers: readonly SpoolWorker[], killed: number) {
  const arrivals = arrivalsOf(matomo);
  return workers.flatMap((worker) => {
    const missing = [...worker.ended.keys()].filter((name) => !arrivals.has(name));
    const inMemory = [...worker.ended.keys()].filter((name) => !worker.isSafe(name));
    if (missing.length <= inMemory.length) return [];
    return missing.filter((name) => {
      const isOld = (worker.ended.get(name) ?? 0) <= killed - YOUNG_MILLIS;
      return isOld && worker.isSafe(name);
    });
  });
}

async function pendingIn(place: string): Promise<number> {
  return (await readSpoolStatus(place)).pending;
}

/** Waits until a process has so many hits in the spool. */
async function spooled(worker: SpoolWorker, hits: number): Promise<void> {
  await eventually(async () => (await worker.stats()).spooled === hits, PATIENCE);
}

describe.each(SPOOL_PLACES)('processes that share %s', (_where, open) => {
  test('one that is stopped while it works is taken over, and goes on as another', async () => {
    requires('signals');
    const random = seededRandom();
    const { place, matomo, workers, start } = await setUp(open);
    const env = { RATE: '100', VISITORS: '7' };
    for (let i = 0; i < 3; i++) start(env);
    for (const worker of workers) await eventually(() => worker.ended.size > 0, PATIENCE);
    for (let round = 0; round < ROUNDS; round++) {
      matomo.play([{ delayMillis: 150 }, UNAVAILABLE, {}][round % 3] ?? {});
      const sleeper = workers[round % workers.length] as SpoolWorker;
      await wait(DEAD_MILLIS * 1.2 + random() * 500); // so that all may take over, at any instant
      await sleeper.kill('SIGSTOP');
      await wait(STOP_MILLIS);
      await sleeper.kill('SIGCONT');
    }
    matomo.play({});
    await wait(1000);
    const killed = Date.now();
    await Promise.all(workers.map((worker) => worker.kill()));
    start();
    await eventually(async () => (await pendingIn(place)) === 0, PATIENCE);
    expect(missingAt(matomo, workers, killed)).toEqual([]);
    const most = ROUNDS * 2 * LARGEST_BULK + workers.length * LARGEST_BULK;
    process.stdout.write(`${ROUNDS} stops: ${duplicatesAt(matomo)} hits duplicated\n`);
    expect(duplicatesAt(matomo)).toBeLessThanOrEqual(most);
    expect(workers.flatMap(({ lawless }) => lawless)).toEqual([]);
  });

  test('if all are stopped together, none is taken over', async () => {
    const given = await setUp(open);
    await standStill(given, (signal) => Promise.all(given.workers.map((one) => one.kill(signal))));
  });

  test('of several that look for the dead, one takes over', async () => {
    const { place, matomo, start } = await setUp(open);
    matomo.play(UNAVAILABLE);
    const takers = [start(), start()];
    for (let round = 1; round <= ROUNDS; round++) {
      const dead = start();
      await dead.request(10);
      await spooled(dead, 10);
      await dead.kill();
      const takenOver = async () => {
        const stats = await Promise.all(takers.map((taker) => taker.stats()));
        return stats.reduce((sum, one) => sum + one.takenOver, 0);
      };
      await eventually(async () => (await takenOver()) >= round * 10, PATIENCE);
      expect(await takenOver()).toBe(round * 10);
    }
    expect(await pendingIn(place)).toBe(ROUNDS * 10);
    matomo.play({});
    await eventually(async () => (await pendingIn(place)) === 0, PATIENCE);
    expect(arrivalsOf(matomo).size).toBe(ROUNDS * 10);
    expect(duplicatesAt(matomo)).toBe(0);
  });

  test('a taker that is killed is taken over, several times in a row', async () => {
    const random = seededRandom();
    const { place, matomo, start } = await setUp(open);
    matomo.play(UNAVAILABLE);
    const first = start();
    await first.request(20);
    await spooled(first, 20);
    await first.kill();
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const taker = start();
      if (round % 2 === 0) await spooled(taker, 20);
      else await wait(random() * 1500); // perhaps in the middle of it
      await taker.kill();
      expect(await pendingIn(place)).toBe(20);
    }
    matomo.play({});
    const last = start();
    await eventually(async () => (await last.stats()).tracked === 20, PATIENCE);
    expect(await last.stats()).toMatchObject({ takenOver: 20, pending: 0, lost: { spool: 0 } });
    expect(duplicatesAt(matomo)).toBe(0);
  });

  test('many that end at once leave all their hits to the next one', async () => {
    const { place, matomo, workers, start } = await setUp(open);
    matomo.play(UNAVAILABLE);
    for (let i = 0; i < MANY; i++) start();
    for (const worker of workers) {
      await worker.request(3);
      await spooled(worker, 3);
    }
    await Promise.all(workers.map((worker) => worker.request(2)));
    const stats = await Promise.all(workers.map((worker) => worker.shutdown()));
    expect(stats.map(({ lost }) => lost.shutdown)).toEqual(stats.map(() => 0));
    expect(await pendingIn(place)).toBe(MANY * 5);
    matomo.play({});
    const next = start();
    await eventually(async () => (await next.stats()).tracked === MANY * 5, PATIENCE);
    expect(arrivalsOf(matomo).size).toBe(MANY * 5);
    expect(duplicatesAt(matomo)).toBe(0);
  });

  test('short jobs leave hits while Matomo is unavailable, and the one that runs when it is back sends them', async () => {
    const { place, matomo, start } = await setUp(open);
    matomo.play(UNAVAILABLE);
    for (let job = 1; job <= 2 * ROUNDS; job++) {
      const worker = start();
      await worker.request(10);
      if (job % 2 === 0)
        await eventually(async () => (await worker.stats()).takenOver > 0, PATIENCE);
      await worker.shutdown();
      expect(await pendingIn(place)).toBe(job * 10);
    }
    matomo.play({});
    const last = start();
    await eventually(async () => (await last.stats()).tracked === 20 * ROUNDS, PATIENCE);
    expect(duplicatesAt(matomo)).toBe(0);
    await last.shutdown();
    if (!place.includes('://')) {
      expect(filesIn(place, '').map((path) => path.slice(place.length))).toEqual([
        '/spool.json',
        '/visitor.key',
      ]);
    }
  });
});

test('`process.exit()` in the middle of a take-over loses nothing', async () => {
  const random = seededRandom();
  const folder = temporaryFolder();
  const { matomo, start } = await setUp(async () => folder);
  const journals = 300;
  const startSeconds = Math.floor(Date.now() / 1000) - 60;
  for (let i = 0; i < journals; i++) leaveJournal(folder, i, [[pageHit(`${i}`, startSeconds)]]);
  matomo.play(UNAVAILABLE);
  for (let round = 0; round < ROUNDS; round++) {
    const taker = start();
    await taker.stats();
    await wait(random() * 300);
    await taker.exit();
  }
  matomo.play({});
  const last = start();
  await eventually(async () => (await last.stats()).tracked === journals, PATIENCE);
  expect(arrivalsOf(matomo).size).toBe(journals);
  expect(duplicatesAt(matomo)).toBe(0);
  expect(await last.stats()).toMatchObject({ takenOver: journals, lost: { spool: 0 } });
});

test('while Redis stands still for longer than processes may, none is taken over, and nothing is lost', async () => {
  const redis = await startRedis();
  await standStill(await setUp(async () => redis.url), async (signal) => redis.signal(signal));
});

/** Processes or their spool stand still for longer than processes may, some times: none is taken over, and nothing is lost. */
async function standStill(
  { place, matomo, workers, start }: Awaited<ReturnType<typeof setUp>>,
  send: (signal: NodeJS.Signals) => Promise<unknown>,
): Promise<void> {
  requires('signals');
  for (let i = 0; i < 3; i++) start({ RATE: '50' });
  for (const worker of workers) await eventually(() => worker.ended.size > 0, PATIENCE);
  for (let round = 0; round < ROUNDS; round++) {
    await wait(DEAD_MILLIS * 1.2);
    await send('SIGSTOP');
    await wait(STOP_MILLIS);
    await send('SIGCONT');
  }
  await wait(DEAD_MILLIS * 1.2);
  const ended = Date.now();
  const stats = await Promise.all(workers.map((worker) => worker.shutdown()));
  for (const { takenOver, lost } of stats) expect([takenOver, lost.spool]).toEqual([0, 0]);
  start();
  await eventually(async () => (await pendingIn(place)) === 0, PATIENCE);
  expect(missingAt(matomo, workers, ended)).toEqual([]);
  expect(duplicatesAt(matomo)).toBe(0);
}
