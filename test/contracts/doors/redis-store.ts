import { onTestFinished } from 'vitest';
import { openRedis } from '../../../src/delivery/redis-store.js';
import { type OpenedSpool, prepareSpool, type SpoolSetup, watchSpool } from './spool-store.js';

export { DailyKeys } from '../../../src/common/visitor-keys.js';
export { inspectRedis } from '../../../src/delivery/inspect-spool.js';

export type RedisSetup = SpoolSetup;
/** A spool in Redis, as delivery uses it. */
export type Redis = OpenedSpool;

export async function openRedisSpool(setup: RedisSetup): Promise<Redis> {
  const prepared = prepareSpool(setup);
  const spool = await openRedis(prepared.options);
  onTestFinished(async () => {
    await spool.close();
    prepared.endLog();
  });
  return watchSpool(spool, prepared);
}
