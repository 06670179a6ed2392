import { randomBytes } from 'node:crypto';
import { lostHits } from '../../queue/counters.js';
import { instanceName } from '../instance-name.js';
import { isSelected, type PurgeFilter } from '../purge-filter.js';
import { RedisBacklog } from './redis-backlog.js';
import { RedisConnection } from './redis-connection.js';
import { REDIS_KEYS } from './redis-keys.js';
import { shownPlace } from './redis-url.js';

/** Hits that are read and deleted at a time. */
const PORTION = 1_000;
const LEASE_MILLIS = 30_000;

/** Deletes the selected hits in a Redis. Returns how many. Rejects unless it gets the leases of all shards. */
export async function purgeRedisSpool(url: string, filter: PurgeFilter): Promise<number> {
  const connection = new RedisConnection(url, (run) => run());
  try {
    await connection.open();
    const shards = Number(await connection.send('GET', REDIS_KEYS.shards));
    const instance = instanceName(Date.now(), process.pid, randomBytes(4).toString('hex'));
    const options = { instance, shards, leaseMillis: LEASE_MILLIS };
    const nothing = () => undefined;
    const events = { learn: nothing, overlap: nothing, broken: nothing };
    const backlog = new RedisBacklog(connection, options, events);
    try {
      return await purge(backlog, shards, filter, shownPlace(url));
    } finally {
      await backlog.release();
    }
  } finally {
    connection.close();
  }
}

async function purge(
  backlog: RedisBacklog,
  shards: number,
  filter: PurgeFilter,
  shown: string,
): Promise<number> {
  let purged = 0;
  for (;;) {
    await backlog.hold();
    if (backlog.shards < shards) {
      throw new Error(
        `a process holds a lease of the spool ${shown}, or its lease has not expired. ${purged} hits were purged. Stop all processes that use the spool, and try again in a minute`,
      );
    }
    const hits = await backlog.take({ term: backlog.term, max: PORTION, delayMillis: 0 });
    if (hits.length === 0) return purged;
    const selected = hits.filter((hit) => isSelected(filter, hit));
    backlog.acknowledge(selected, lostHits('spool', selected.length));
    await backlog.save();
    purged += selected.length;
  }
}
