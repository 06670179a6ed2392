import { lostHits } from '../../queue/counters.js';
import { newInstanceName } from '../instance-name.js';
import { isSelected, type PurgeFilter } from '../purge-filter.js';
import { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { RedisShards } from './redis-shards.js';
import { shownPlace } from './redis-url.js';

/** Hits that are read and deleted at a time. */
const PORTION = 1_000;
const LEASE_MILLIS = 30_000;

/** Deletes the selected hits in a Redis. Returns how many. Rejects unless it gets the leases of all shards. */
export async function purgeRedisSpool(url: string, filter: PurgeFilter): Promise<number> {
  const connection = new RedisConnection(url, (run) => run());
  try {
    await connection.open();
    const count = Number(await connection.send('GET', REDIS_KEYS.shards));
    const instance = newInstanceName();
    const options = { instance, shards: count, leaseMillis: LEASE_MILLIS };
    const nothing = () => undefined;
    const events = { learn: nothing, overlap: nothing, broken: nothing };
    const shards = new RedisShards(connection, options, events);
    try {
      return await purge(shards, count, filter, shownPlace(url));
    } finally {
      await shards.release();
    }
  } finally {
    connection.close();
  }
}

async function purge(
  shards: RedisShards,
  count: number,
  filter: PurgeFilter,
  shown: string,
): Promise<number> {
  let purged = 0;
  for (;;) {
    await shards.hold();
    if (shards.count < count) {
      throw new Error(
        `a process holds a lease of the spool ${shown}, or its lease has not expired. ${purged} hits were purged. Stop all processes that use the spool, and try again in a minute`,
      );
    }
    const hits = await shards.take({ lease: shards.lease, max: PORTION, delayMillis: 0 });
    if (hits.length === 0) return purged;
    const selected = hits.filter((hit) => isSelected(filter, hit));
    shards.acknowledge(selected, lostHits('spool', selected.length));
    await shards.save();
    purged += selected.length;
  }
}
