import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
import { hitsIn, startRedis } from '../../support/redis-server.js';
import { seededRandom } from '../../support/seed.js';
import { requires } from '../../support/skips.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type SpoolProcess, startSpoolProcess } from '../doors/spool-process.js';

const KILLS = Number(process.env.TEST_KILLS ?? sampled(6, 50));
const STOPS = sampled(3, 15);
const PROCESSES = sampled(3, 8);
const DEAD_MILLIS = '2000';
const PATIENCE = { timeoutMillis: 120_000 };

/** What processes share, the number of files or hits in it, and names of hits that any process is sending. */
type Place = Awaited<ReturnType<typeof openFolder>>;

const namesIn = (text: string) => [...text.matchAll(/\?h=([\w-]+)/g)].map(([, name = '']) => name);

async function openFolder() {
  const url = temporaryFolder();
  const files = () => readdirSync(url).filter((name) => /^\d/.test(name));
  return {
    url,
    left: async () => files().length,
    async claimed() {
      return files().flatMap((name) => {
        if (!name.endsWith('.sending')) return [];
        try {
          return namesIn(readFileSync(join(url, name), 'latin1'));
        } catch {
          return []; // it has ended
        }
      });
    },
  };
}

async function openRedis() {
  const redis = await startRedis();
  const stream = 'matomo-spool:hits:token';
  return {
    url: redis.url,
    left: () => hitsIn(redis),
    async claimed() {
      const pending = ['XPENDING', stream, 'senders', '-', '+', '1000'];
      const ids = ((await redis.command(...pending)) as [string][]).map(([id]) => id);
      const entries = ids.map((id) => redis.command('XRANGE', stream, id, id));
      return (await Promise.all(entries)).flatMap((entry) => namesIn(JSON.stringify(entry)));
    },
  };
}

/** Waits until all is sent, and compares what was stored with what was sent. Of what was claimed when a process died, the result may be unknown. */
async function settle(
  place: Place,
  all: readonly SpoolProcess[],
  alive: readonly SpoolProcess[],
  claimed: ReadonlySet<string>,
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
  expect(missing.filter((name) => !claimed.has(name))).toEqual([]);
}

describe.each([
  ['a folder', openFolder],
  ['a Redis', openRedis],
])('processes that share %s', (_what, open) => {
  const start = ({ url }: Place) =>
    startSpoolProcess(url, { DEAD_MILLIS, RATE: String(Math.ceil(30 / PROCESSES)) });

  test(`${KILLS} kills lose nothing but what is claimed then, and repeat nothing`, async () => {
    const random = seededRandom();
    const place = await open();
    const all = Array.from({ length: PROCESSES }, () => start(place));
    const alive = [...all];
    const claimed = new Set<string>();
    for (let kill = 0; kill < KILLS; kill++) {
      await eventually(() => alive.every((one) => one.sent().length > 0), PATIENCE);
      await wait(random() * 500); // so that it is killed at any instant
      const index = Math.floor(random() * alive.length);
      const victim = alive[index] as SpoolProcess;
      victim.signal('SIGKILL');
      await victim.closed;
      for (const name of await place.claimed()) claimed.add(name);
      const next = start(place);
      alive[index] = next;
      all.push(next);
    }
    await settle(place, all, alive, claimed);
  });

  test(`those that stand still for longer than dead ones do, ${STOPS} times, lose nothing without a count, and repeat nothing`, async () => {
    requires('signals');
    const random = seededRandom();
    const place = await open();
    const all = [1, 2, 3].map(() => start(place));
    const claimed = new Set<string>();
    for (let stop = 0; stop < STOPS; stop++) {
      await eventually(() => all.every((one) => one.sent().length > 0), PATIENCE);
      await wait(random() * 200); // so that it is stopped at any instant
      const victim = all[Math.floor(random() * all.length)] as SpoolProcess;
      victim.signal('SIGSTOP');
      for (const name of await place.claimed()) claimed.add(name);
      await wait(Number(DEAD_MILLIS) * 1.2);
      victim.signal('SIGCONT');
    }
    await settle(place, all, all, claimed);
  });
});
