import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { type RedisServer, startRedis, startWire } from '../../support/redis-server.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { type FolderProcess, startFolderProcess } from '../doors/folder-process.js';
import { openRedisSpool, type Redis } from '../doors/redis-store.js';

const KILLS = sampled(10, 50);
const STOPS = sampled(5, 15);
const BULK_HITS = 10;
const DEAD_MILLIS = 2_000;
const PATIENCE = { timeoutMillis: 120_000 };

/** Hits in all streams. */
async function countIn(redis: RedisServer): Promise<number> {
  let hits = 0;
  for (const key of (await redis.command('KEYS', 'matomo-spool:*')) as string[])
    if ((await redis.command('TYPE', key)) === 'stream')
      hits += (await redis.command('XLEN', key)) as number;
  return hits;
}

function startProcess({ url }: RedisServer, rate = 10): FolderProcess {
  return startFolderProcess(url, { DEAD_MILLIS: String(DEAD_MILLIS), RATE: String(rate) });
}

/** Waits until all is sent, and compares what was stored with what was sent. At most so many bulks have an unknown result. */
async function settle(
  redis: RedisServer,
  all: readonly FolderProcess[],
  alive: readonly FolderProcess[],
  bulks: number,
): Promise<void> {
  const last = startProcess(redis, 0);
  for (const one of [...alive, last]) {
    if (one === last) await eventually(async () => (await countIn(redis)) === 0, PATIENCE);
    const [came, known] = await one.end();
    expect(came).toBe(known);
  }
  const stored = all.flatMap((one) => one.stored());
  const sent = [...all, last].flatMap((one) => one.sent());
  expect(stored.length).toBeGreaterThan(1_000);
  expect(new Set(sent).size).toBe(sent.length);
  const arrived = new Set(sent);
  const missing = stored.filter((name) => !arrived.has(name));
  expect(missing.length).toBeLessThanOrEqual(bulks * BULK_HITS);
}

test(`${KILLS} kills of processes that share a Redis lose nothing but bulks in flight, one a kill, and repeat nothing`, async () => {
  const random = seededRandom();
  const redis = await startRedis();
  const all = [1, 2, 3].map(() => startProcess(redis));
  const alive = [...all];
  for (let kill = 0; kill < KILLS; kill++) {
    await eventually(() => alive.every((one) => one.sent().length > 0), PATIENCE);
    await wait(random() * 500); // so that it is killed at any instant
    const index = Math.floor(random() * alive.length);
    const victim = alive[index] as FolderProcess;
    victim.signal('SIGKILL');
    await victim.closed;
    const next = startProcess(redis);
    alive[index] = next;
    all.push(next);
  }
  await settle(redis, all, alive, KILLS);
});

test(`processes that stand still for longer than dead ones do, ${STOPS} times, lose nothing without a count, and repeat nothing`, async () => {
  requires('signals');
  const random = seededRandom();
  const redis = await startRedis();
  const all = [1, 2, 3].map(() => startProcess(redis));
  for (let stop = 0; stop < STOPS; stop++) {
    await eventually(() => all.every((one) => one.sent().length > 0), PATIENCE);
    await wait(random() * 200); // so that it is stopped at any instant
    const victim = all[Math.floor(random() * all.length)] as FolderProcess;
    victim.signal('SIGSTOP');
    await wait(DEAD_MILLIS * 1.2);
    victim.signal('SIGCONT');
  }
  await settle(redis, all, all, STOPS);
});

test.each([0, 1, 2, 3, 4, 5])(
  'if replies are lost after %i commands, each hit has one result',
  async (commands) => {
    const redis = await startRedis();
    const wire = await startWire(Number(new URL(redis.url).port));
    const limits = { deadMillis: DEAD_MILLIS, operationMillis: 300 };
    const setup = { exportTimeoutMillis: 0, limits };
    const other = await openRedisSpool({ place: redis.url, ...setup });
    const one = await openRedisSpool({ place: `redis://127.0.0.1:${wire.port}`, ...setup });
    await eventually(() => one.spool.isUsable && other.spool.isUsable);
    const sent: string[] = [];
    const send = async ({ spool }: Redis, failed: number) => {
      const claim = await spool.claim(2, Number.POSITIVE_INFINITY);
      if (!claim) return;
      const given = claim.hits.slice(0, failed);
      sent.push(...claim.hits.slice(failed).map(({ query }) => query));
      await claim.giveBack(given, claim.failures + 1);
      await claim.done({ tracked: claim.hits.length - given.length });
    };
    wire.muteAfter(commands);
    const hits = [...'abcd'].map((name) => ({
      ...{ visitor: 'v', startSeconds: 1_800_000_000, site: 1, kind: 'page' as const },
      query: `?h=${name}`,
    }));
    const stored = await one.spool.store(hits);
    await send(one, 1);
    await eventually(() => !one.spool.isUsable);
    wire.play('well');
    await eventually(() => one.spool.isUsable && one.spool.count === 0);
    await eventually(async () => {
      await send(other, 0);
      return (await countIn(redis)) === 0;
    }, PATIENCE);
    expect(new Set(sent).size).toBe(sent.length);
    const unconfirmed = one.counts.lost.unconfirmed + other.counts.lost.unconfirmed;
    expect(sent.length + unconfirmed).toBe(stored);
    for (const [opened, put] of [
      [one, stored],
      [other, 0],
    ] as const) {
      const [came, known] = opened.balance(put);
      expect(came).toBe(known);
    }
  },
);
