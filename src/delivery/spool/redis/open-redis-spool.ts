import { randomBytes } from 'node:crypto';
import type { Diagnostics } from '../../../common/diagnostics.js';
import { instanceName } from '../instance-name.js';
import { SpoolReports } from '../spool-reports.js';
import { RedisSpool, type RedisSpoolOptions } from './redis-spool.js';
import { shownPlace, splitShards } from './redis-url.js';

export interface OpenRedisSpoolOptions extends Omit<RedisSpoolOptions, 'leaseMillis' | 'shards'> {
  readonly exportTimeoutMillis: number;
}

/** How much longer a lease is than the timeout of a bulk: time to send after renewing it, and to acknowledge the response. */
const LEASE_MARGIN_MILLIS = 3_000;

/** Opens the spool in a Redis, which need not be available yet. */
export function openRedisSpool(
  { exportTimeoutMillis, ...options }: OpenRedisSpoolOptions,
  diagnostics: Diagnostics,
): RedisSpool {
  const instance = instanceName(Date.now(), process.pid, randomBytes(4).toString('hex'));
  const leaseMillis = exportTimeoutMillis + LEASE_MARGIN_MILLIS;
  const reports = new SpoolReports(shownPlace(options.url), diagnostics, options.privacy);
  const { shards } = splitShards(options.url);
  return new RedisSpool({ ...options, shards, leaseMillis }, instance, reports);
}
