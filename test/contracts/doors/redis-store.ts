import { onTestFinished } from 'vitest';
import { openRedis } from '../../../src/delivery/spool/redis-spool.js';
import { type OpenedSpool, prepareSpool, type SpoolSetup, watchSpool } from './spool-store.js';

export { DailyKeys } from '../../../src/common/visitor-keys.js';
export { inspectRedis } from '../../../src/delivery/spool/inspect-redis.js';

export type RedisSetup = SpoolSetup;
/** A spool in Redis, as delivery uses it. */
export type Redis = OpenedSpool;

export async function openRedisSpool({ limits, ...setup }: RedisSetup): Promise<Redis> {
  const prepared = prepareSpool({ ...setup, limits: { listMillis: 20, ...limits } });
  const spool = await openRedis(prepared.options);
  onTestFinished(async () => {
    await spool.close();
    prepared.endLog();
  });
  return watchSpool(spool, prepared);
}
