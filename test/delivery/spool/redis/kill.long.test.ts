import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  arrivalsOf,
  type Bulk,
  type BulkReceiver,
  findOutOfOrder,
  isMixed,
  startBulkReceiver,
} from '../../../support/bulk-receiver.js';
import { eventually } from '../../../support/child-process.js';
import { sampled } from '../../../support/long.js';
import { startRedis, startWire } from '../../../support/redis-server.js';
import { seededRandom } from '../../../support/seed.js';
import {
  isOfHungWorker,
  type SpoolWorker,
  startSpoolWorker,
  startWorkers,
} from '../spool-workers.js';

/** A hit may be lost that is younger than this when its process is killed. */
const YOUNG_MILLIS = 500;
/** A process that has just started connects first. */
const STARTING_MILLIS = 1_000;
/** A bulk may be sent again that was answered so long before its sender was killed. */
const UNSETTLED_MILLIS = 2_000;
/** What Redis has not written to its disk when it is killed: `appendfsync everysec` may take two. */
const UNWRITTEN_MILLIS = 2_000;
/** What could not be stored while Redis was unavailable is stored or sent within this time after it is available again. */
const BACK_MILLIS = 1_000;
/** So long after Redis is back a process is killed: what it had in memory is in Redis by then. */
const KILL_AFTER_MILLIS = 1_500;
const ROUNDS = Number(process.env.REDIS_KILL_ROUNDS ?? sampled(5, 10));
const RATE = 100;
/** A tenth of the time in use. */
const DEAD_MILLIS = 3_000;

type Kind = 'kill' | 'kill Redis' | 'kill Redis, then a process' | 'cut' | 'dead' | 'freeze';

interface Fault {
  readonly kind: Kind;
  readonly fromMillis: number;
  /** From then on nothing was taken. */
  downMillis: number;
  untilMillis: number;
}

describe('four processes that share a Redis', () => {
  test(`${ROUNDS} kills of processes lose and duplicate no more than is promised, and keep each visitor's hits in order`, {
    timeout: 120_000 + ROUNDS * 15_000,
  }, async () => {
    const result = await run(ROUNDS, ['kill']);
    expect(result.missing).toEqual([]);
    expect(result.outOfOrder).toEqual([]);
    expect(result.strayDoubles).toEqual([]);
    expect(result.duplicated).toBeLessThanOrEqual(ROUNDS * 100); // maxExportBatchSize
    expect(result.lawless).toEqual([]);
  });

  test(`${ROUNDS} kills of Redis, cuts of its wire and processes that stall lose and duplicate no more than is promised`, {
    timeout: 120_000 + ROUNDS * 15_000,
  }, async () => {
    const result = await run(ROUNDS, ['kill Redis', 'cut', 'freeze', 'dead', 'kill']);
    expect(result.missing).toEqual([]);
    expect(result.strayDoubles).toEqual([]);
    expect(result.lawless).toEqual([]);
  });

  test(`${ROUNDS} times Redis is killed while Matomo is unavailable: a process that is killed 1.5 s after its return loses nothing`, {
    timeout: 60_000 + ROUNDS * 20_000,
  }, async () => {
    const result = await run(ROUNDS, ['kill Redis, then a process']);
    expect(result.missing).toEqual([]);
    expect(result.strayDoubles).toEqual([]);
    expect(result.lawless).toEqual([]);
  });
});

async function run(rounds: number, kinds: readonly Kind[]) {
  const random = seededRandom();
  const redis = await startRedis();
  const wire = await startWire(Number(new URL(redis.url).port));
  const matomo = await startBulkReceiver();
  const env = {
    MATOMO_URL: matomo.url,
    MATOMO_SPOOL: `redis://127.0.0.1:${wire.port}`,
    MATOMO_EXPORT_TIMEOUT: '1000',
    DEAD_MILLIS: String(DEAD_MILLIS),
    VISITORS: '7',
    // What is in memory while Redis is down is stored batch by batch, and no longer in the order in which `isSafe` counts.
    CHATBOTS: kinds.length === 1 && kinds[0] === 'kill' ? '3' : '0',
    FURTHER: '8',
  };
  const start = () => startSpoolWorker({ ...env, RATE: String(RATE) });
  const workers = startWorkers(start);
  const { alive, all, killedAt } = workers;
  const faults: Fault[] = [];
  for (let round = 0; round < rounds; round++) {
    const kind = kinds[round % kinds.length] as Kind;
    if (kinds.length === 1 && kind === 'kill')
      matomo.play([{ refusals: 2 }, { delayMillis: 150 }, {}][round % 3] ?? {});
    await wait(400 + random() * 1100);
    const fault: Fault = {
      kind,
      fromMillis: Date.now(),
      downMillis: Number.POSITIVE_INFINITY,
      untilMillis: Number.POSITIVE_INFINITY,
    };
    faults.push(fault);
    switch (kind) {
      case 'kill':
        await workers.replace(round);
        break;
      case 'kill Redis':
      case 'kill Redis, then a process':
        if (kind !== 'kill Redis') matomo.play({ refusals: Number.POSITIVE_INFINITY });
        await redis.kill();
        fault.downMillis = Date.now();
        await wait(random() * 1500);
        await redis.start();
        if (kind === 'kill Redis') break;
        fault.untilMillis = Date.now();
        await wait(KILL_AFTER_MILLIS);
        await workers.replace(round);
        matomo.play({});
        break;
      case 'freeze': {
        const sleeper = alive[round % alive.length] as SpoolWorker;
        await sleeper.kill('SIGSTOP');
        await wait(DEAD_MILLIS + 1_000);
        await sleeper.kill('SIGCONT');
        break;
      }
      default:
        wire.play(kind);
        await wait(200 + random() * 1500);
        wire.play('well');
    }
    if (fault.untilMillis > Date.now()) fault.untilMillis = Date.now();
    if (kinds.length > 1 || kind !== 'kill') await untilStored(alive);
  }
  matomo.play({});
  await wait(1000);
  await untilStored(alive);
  await workers.killAll();
  for (const worker of alive) {
    const now = killedAt.get(worker) as number;
    faults.push({ kind: 'kill', fromMillis: now, downMillis: now, untilMillis: now });
  }
  const successor = startSpoolWorker(env);
  await eventually(async () => (await redis.command('GET', 'matomo-spool:bytes')) === '0', {
    timeoutMillis: 60_000,
  });
  await eventually(async () => (await successor.stats()).pending === 0);
  const result = judge(all, killedAt, matomo, faults);
  process.stdout.write(
    `${rounds} rounds of ${kinds.join(', ')}: ${result.ended} requests, ${result.missing.length} missing, ` +
      `${result.excused} missing as promised, ${result.duplicated} duplicated, ${result.outOfOrder.length} out of order\n`,
  );
  const hasChatbots = matomo.bulks.some(({ chatbots }) => chatbots > 0);
  expect(hasChatbots).toBe(env.CHATBOTS !== '0');
  expect(matomo.bulks.some(({ further }) => further > 0)).toBe(true);
  expect(matomo.bulks.filter(isMixed)).toEqual([]);
  expect(matomo.bulks.filter(({ names }) => names.length > 100)).toEqual([]); // maxExportBatchSize
  return { ...result, lawless: [...all, successor].flatMap(({ lawless }) => lawless) };
}

/** Until no process has hits in memory but what is on its way. */
async function untilStored(workers: readonly SpoolWorker[]): Promise<void> {
  for (const worker of workers) {
    await eventually(
      async () => {
        const { pending, spooled } = await worker.stats();
        return pending - spooled < RATE / 2;
      },
      { timeoutMillis: 60_000, describe: () => worker.stderr() },
    );
  }
}

function judge(
  workers: readonly SpoolWorker[],
  killedAt: ReadonlyMap<SpoolWorker, number>,
  matomo: BulkReceiver,
  faults: readonly Fault[],
) {
  const arrivals = arrivalsOf(matomo);
  let ended = 0;
  let excused = 0;
  const missing: string[] = [];
  for (const worker of workers) {
    const startedMillis = [...worker.ended.values()][0] ?? 0;
    for (const [name, time] of worker.ended) {
      ended += 1;
      if (arrivals.has(name)) continue;
      const livedMillis = (killedAt.get(worker) ?? 0) - startedMillis;
      const isYoung =
        !worker.isSafe(name) ||
        livedMillis < STARTING_MILLIS ||
        time > startedMillis + livedMillis - YOUNG_MILLIS;
      const isUnwritten = faults.some(
        ({ kind, fromMillis, downMillis }) =>
          isOfRedis(kind) &&
          worker.safeSince(name) > fromMillis - UNWRITTEN_MILLIS - YOUNG_MILLIS &&
          time < downMillis,
      );
      const isInMemory = faults.some(
        ({ kind, fromMillis, untilMillis }) =>
          kind !== 'kill' &&
          time > fromMillis - YOUNG_MILLIS &&
          time < untilMillis + YOUNG_MILLIS &&
          (killedAt.get(worker) ?? 0) < untilMillis + BACK_MILLIS,
      );
      if (isYoung || isUnwritten || isInMemory) excused += 1;
      else missing.push(name);
    }
  }
  const hung = workers.filter((worker) => worker.hasHung()).length;
  if (hung > 0)
    process.stdout.write(`The spool of ${hung} processes hung. Not checked: their order\n`);
  const repeats = [...arrivals].filter(([, { length }]) => length > 1);
  const strayDoubles = repeats.filter(([, [first]]) => !isNearFault(first as Bulk, faults));
  return {
    ended,
    excused,
    missing,
    duplicated: repeats.reduce((sum, [, { length }]) => sum + length - 1, 0),
    strayDoubles: strayDoubles.map(([name, of]) => `${name} in ${of.map(timesOf).join(' and ')}`),
    outOfOrder: findOutOfOrder(matomo.bulks.filter(({ isTracked }) => isTracked)).filter(
      (name) => !isOfHungWorker(name, workers),
    ),
  };
}

/** Whether a bulk was being sent, or not durably acknowledged, when something went wrong. */
function isNearFault({ arrivedMillis, answeredMillis }: Bulk, faults: readonly Fault[]): boolean {
  return faults.some(({ kind, fromMillis, untilMillis }) => {
    const before = isOfRedis(kind) ? UNWRITTEN_MILLIS : UNSETTLED_MILLIS;
    return answeredMillis > fromMillis - before && arrivedMillis < untilMillis + before;
  });
}

function isOfRedis(kind: Kind): boolean {
  return kind.startsWith('kill Redis');
}

function timesOf({ arrivedMillis, answeredMillis }: Bulk): string {
  return `${arrivedMillis}-${answeredMillis}`;
}
