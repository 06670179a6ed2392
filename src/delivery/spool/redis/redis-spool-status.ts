import { readLine } from '../hit-line.js';
import { byName } from '../instance-name.js';
import { matomoOf } from '../spool-description.js';
import type { SpoolProcess, SpoolStatus } from '../spool-store.js';
import { RedisAccount, toFields } from './redis-account.js';
import { RedisConnection } from './redis-connection.js';
import { ALIVE_MILLIS, REDIS_KEYS } from './redis-keys.js';

/** Keys per reply of SCAN. */
const SCANNED = '1000';

/** A status with the facts that only Redis has. */
export interface RedisSpoolStatus extends SpoolStatus {
  /** The largest number of shards that any process was configured with. */
  readonly shards: number;
  /** Hits of bulks that were being sent when their lease was lost. They may be duplicated. */
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
