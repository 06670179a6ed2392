import { lostHits } from '../../queue/counters.js';
import { isSelected, type PurgeFilter, readLine } from '../hit-line.js';
import { byName, matomoOf, newInstanceName } from '../spool-description.js';
import type { SpoolProcess, SpoolStatus } from '../spool-store.js';
import { RedisAccount, toFields } from './redis-account.js';
import { RedisConnection } from './redis-connection.js';
import { ALIVE_MILLIS, REDIS_KEYS } from './redis-keys.js';
import { RedisShards } from './redis-shards.js';
import { shownPlace } from './redis-url.js';

/** Keys per reply of SCAN. */
const SCANNED = '1000';

/** A status with what only Redis has. */
export interface RedisSpoolStatus extends SpoolStatus {
  /** The largest number of shards that any process was configured with. */
  readonly shards: number;
  /** Hits of bulks that were being sent when their lease was lost, and may be duplicated. */
  readonly overlaps: number;
}

/** Reads the status of a spool in Redis without changing it. Rejects if Redis cannot be read. */
export async function readRedisSpoolStatus(url: string): Promise<RedisSpoolStatus> {
  const connection = new RedisConnection(url, (run) => run());
  try {
    await connection.open();
    return await readStatus(connection);
  } finally {
    connection.close();
  }
}

async function readStatus(connection: RedisConnection): Promise<RedisSpoolStatus> {
  const get = async (key: string) => (await connection.send('GET', key)) as string | null;
  const senders: (string | undefined)[] = [];
  let pending = 0;
  let oldestSeconds: number | undefined;
  const shards = Number(await get(REDIS_KEYS.shards));
  for (let shard = 0; shard < shards; shard++) {
    senders.push((await get(`${REDIS_KEYS.sender}${shard}`)) ?? undefined);
    const key = `${REDIS_KEYS.hits}${shard}`;
    pending += Number(await connection.send('XLEN', key));
    const first = await connection.send('XRANGE', key, '-', '+', 'COUNT', '1');
    const line = (first as [string, string[]][])[0]?.[1][3] ?? '';
    const startSeconds = readLine(Buffer.from(line, 'latin1'))?.startSeconds;
    if (startSeconds !== undefined && startSeconds < (oldestSeconds ?? Number.POSITIVE_INFINITY)) {
      oldestSeconds = startSeconds;
    }
  }
  return {
    matomo: matomoOf((await get(REDIS_KEYS.description)) ?? ''),
    pending,
    bytes: Number(await get(REDIS_KEYS.bytes)),
    oldestSeconds,
    shards,
    senders,
    processes: await readProcesses(connection),
    overlaps: Number(await get(REDIS_KEYS.overlaps)),
  };
}

async function readProcesses(connection: RedisConnection): Promise<SpoolProcess[]> {
  const [seconds] = (await connection.send('TIME')) as [string];
  const processes: SpoolProcess[] = [];
  for (const instance of (await findInstances(connection)).sort(byName)) {
    const seen = await connection.send('ZSCORE', REDIS_KEYS.processes, instance);
    const reply = (await connection.send(
      'HGETALL',
      `${REDIS_KEYS.process}${instance}`,
    )) as string[];
    const account = new RedisAccount();
    account.learn(toFields(reply), 0);
    const isAlive = Number(seen) > Number(seconds) * 1000 - ALIVE_MILLIS;
    const hostAt = reply.indexOf('host');
    if (!isAlive && account.open === 0) continue;
    const host = hostAt < 0 ? undefined : reply[hostAt + 1];
    processes.push({ instance, host, isAlive, pending: account.open });
  }
  return processes;
}

async function findInstances(connection: RedisConnection): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const command = ['SCAN', cursor, 'MATCH', `${REDIS_KEYS.process}*`, 'COUNT', SCANNED];
    const [next, keys] = (await connection.send(...command)) as [string, string[]];
    for (const key of keys) found.add(key.slice(REDIS_KEYS.process.length));
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

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
