import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { hitsIn, startRedis } from '../../support/redis-server.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type SpoolProcess, startSpoolProcess } from '../doors/spool-process.js';

const KILLS = sampled(6, 50);
const STOPS = sampled(3, 15);
const PROCESSES = sampled(3, 8);
const BULK_HITS = 10;
const DEAD_MILLIS = '2000';
const PATIENCE = { timeoutMillis: 120_000 };

/** What processes share. */
interface Place {
  readonly url: string;
  /** The number of files or hits in it. */
  left(): Promise<number>;
}

async function openFolder(): Promise<Place> {
  const url = temporaryFolder();
  return { url, left: async () => readdirSync(url).filter((name) => /^\d/.test(name)).length };
}

async function openRedis(): Promise<Place> {
  const redis = await startRedis();
  return { url: redis.url, left: () => hitsIn(redis) };
}

/** Waits until all is sent, and compares what was stored with what was sent. At most so many bulks have an unknown result. */
async function settle(
  place: Place,
  all: readonly SpoolProcess[],
  alive: readonly SpoolProcess[],
  bulks: number,
): Promise<void> {
  const last = startSpoolProcess(place.url, { DEAD_MILLIS });
  for (const one of [...alive, last]) {
    if (one === last) await eventually(async () => (await place.left()) === 0, PATIENCE);
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

describe.each([
  ['a folder', openFolder],
  ['a Redis', openRedis],
])('processes that share %s', (_what, open) => {
  const start = ({ url }: Place) => startSpoolProcess(url, { DEAD_MILLIS, RATE: '10' });

  test(`${KILLS} kills lose nothing but bulks in flight, one a kill, and repeat nothing`, async () => {
    const random = seededRandom();
    const place = await open();
    const all = Array.from({ length: PROCESSES }, () => start(place));
    const alive = [...all];
    for (let kill = 0; kill < KILLS; kill++) {
      await eventually(() => alive.every((one) => one.sent().length > 0), PATIENCE);
      await wait(random() * 500); // so that it is killed at any instant
      const index = Math.floor(random() * alive.length);
      const victim = alive[index] as SpoolProcess;
      victim.signal('SIGKILL');
      await victim.closed;
      const next = start(place);
      alive[index] = next;
      all.push(next);
    }
    await settle(place, all, alive, KILLS);
  });

  test(`those that stand still for longer than dead ones do, ${STOPS} times, lose nothing without a count, and repeat nothing`, async () => {
    requires('signals');
    const random = seededRandom();
    const place = await open();
    const all = [1, 2, 3].map(() => start(place));
    for (let stop = 0; stop < STOPS; stop++) {
      await eventually(() => all.every((one) => one.sent().length > 0), PATIENCE);
      await wait(random() * 200); // so that it is stopped at any instant
      const victim = all[Math.floor(random() * all.length)] as SpoolProcess;
      victim.signal('SIGSTOP');
      await wait(Number(DEAD_MILLIS) * 1.2);
      victim.signal('SIGCONT');
    }
    await settle(place, all, all, STOPS);
  });
});
