import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually, ROOT, startNode } from '../../support/child-process.js';
import { startRedis } from '../../support/redis-server.js';
import { seededRandom } from '../../support/seed.js';

const ROUNDS = 50;
const MOST = 20;
/** A claim of a process that lives takes less, even if it stands still for a moment. */
const DEAD_MILLIS = 2_000;

test(`of ${ROUNDS} processes that are killed, what was stored is sent once or counted, at most one bulk a kill`, async () => {
  const redis = await startRedis();
  const random = seededRandom();
  const start = (name: string) =>
    startNode([`${ROOT}test/contracts/doors/redis-app.mjs`], {
      env: { REDIS: redis.url, NAME: name, DEAD_MILLIS: String(DEAD_MILLIS) },
    });
  const all: ReturnType<typeof start>[] = [];
  const words = (kind: string) =>
    all.flatMap((child) =>
      [...child.stdout().matchAll(new RegExp(`^${kind} (.+)$`, 'gm'))].flatMap(([, text = '']) =>
        text.split(' '),
      ),
    );
  for (let round = 0; round < ROUNDS; round++) {
    const victim = start(`p${round}`);
    all.push(victim);
    await eventually(() => victim.stdout().includes('SENT'));
    await wait(random() * 300); // so that it is killed at any instant
    await victim.stop('SIGKILL');
  }
  all.push(start('last'));
  const state = () => {
    const sent = new Set(words('SENT'));
    const missing = words('STORED').filter((name) => name !== '' && !sent.has(name));
    const unconfirmed = words('UNCONFIRMED').reduce((sum, count) => sum + Number(count), 0);
    return { missing: missing.length, unconfirmed };
  };
  await eventually(
    () => {
      const { missing, unconfirmed } = state();
      return missing <= unconfirmed;
    },
    { timeoutMillis: 60_000, describe: () => JSON.stringify(state()) },
  );
  const sent = words('SENT');
  expect(sent.length).toBeGreaterThan(ROUNDS * MOST);
  expect(new Set(sent).size).toBe(sent.length);
  await eventually(async () => {
    const streams = ['matomo-spool:hits', 'matomo-spool:failed'];
    const left = await Promise.all(streams.map((stream) => redis.command('XLEN', stream)));
    return left.every((hits) => hits === 0);
  });
  expect(state().unconfirmed).toBeLessThanOrEqual(MOST * ROUNDS);
});
