import { expect, test } from 'vitest';
import { eventually } from '../../support/child-process.js';
import { hitsIn, startRedis, startWire } from '../../support/redis-server.js';
import { openRedisSpool, type Redis } from '../doors/redis-store.js';

const DEAD_MILLIS = 2_000;
const PATIENCE = { timeoutMillis: 120_000 };

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
      const back = { hits: given, failures: claim.failures + 1 };
      await claim.done({ tracked: claim.hits.length - given.length }, [back]);
    };
    wire.muteAfter(commands);
    const hits = [...'abcd'].map((name) => ({
      ...{ visitor: 'v', startSeconds: 1_800_000_000, site: 1, kind: 'action' as const },
      query: `?h=${name}`,
    }));
    const stored = await one.spool.store(hits);
    await send(one, 1);
    await eventually(() => !one.spool.isUsable);
    wire.play('well');
    await eventually(() => one.spool.isUsable && one.spool.count === 0);
    await eventually(async () => {
      await send(other, 0);
      return (await hitsIn(redis)) === 0;
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
