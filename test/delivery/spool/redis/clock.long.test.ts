import { expect, test } from 'vitest';
import { eventually } from '../../../support/child-process.js';
import { startRedis } from '../../../support/redis-server.js';
import { spooledDelivery } from '../../../support/spool.js';

test("after Redis' clock was set back, a process that has ended holds no lease and no share for long", async () => {
  const redis = await startRedis();
  const [seconds] = (await redis.command('TIME')) as [string];
  const later = String((Number(seconds) + 3600) * 1000);
  await redis.command('ZADD', 'matomo-spool:processes', later, 'dead');
  await redis.command('SET', 'matomo-spool:sender:0', 'dead', 'PX', '3600000');
  const one = spooledDelivery({ folder: `${redis.url}?shards=2`, exportTimeoutMillis: 500 });
  one.push(...Array.from({ length: 20 }, (_, i) => `v${i}:1`));
  await eventually(() => one.delivery.counters.tracked === 20, { timeoutMillis: 40_000 });
  expect(one.law()).toEqual([20, 20]);
});
