import { isLineSelected, type PurgeFilter } from '../hit-line.js';
import { MAX_READ_HITS, newInstanceName } from '../journal.js';
import { matomoOf, readJournals, type SpoolStatus, type SpoolStore } from '../spool-store.js';
import { RedisConnection } from './redis-connection.js';
import { listProcesses, measureStream, readEntries } from './redis-journal.js';
import { RedisJournalOpener } from './redis-opener.js';
import { DECIDE, REDIS_KEYS } from './redis-scripts.js';

/** Spools in Redis. */
export const REDIS_STORE: SpoolStore = {
  open: (options, reports) => new RedisJournalOpener(options, reports),
  readStatus,
  purge,
};

function readStatus(url: string): Promise<SpoolStatus> {
  return connected(url, async (connection) => {
    const get = async (key: string) => (await connection.send('GET', key)) as string | null;
    const measure = (stream: string) => measureStream(connection, stream);
    return {
      ...(await readJournals(() => listProcesses(connection), measure)),
      matomo: matomoOf((await get(REDIS_KEYS.description)) ?? ''),
      bytes: Number(await get(REDIS_KEYS.bytes)),
    };
  });
}

function purge(url: string, filter: PurgeFilter): Promise<number> {
  return connected(url, async (connection) => {
    let purged = 0;
    for (const { isAlive, segments } of await listProcesses(connection)) {
      if (isAlive) {
        throw new Error(
          `a process uses the spool, or has used it in the last half minute. ${purged} hits were purged. Stop all processes that use it, and try again`,
        );
      }
      for (const stream of segments) purged += await purgeStream(connection, stream, filter);
    }
    return purged;
  });
}

async function connected<T>(
  url: string,
  run: (connection: RedisConnection) => Promise<T>,
): Promise<T> {
  const connection = new RedisConnection(url);
  try {
    await connection.open();
    return await run(connection);
  } finally {
    connection.close();
  }
}

async function purgeStream(
  connection: RedisConnection,
  stream: string,
  filter: PurgeFilter,
): Promise<number> {
  let purged = 0;
  for (let from = 0; ; ) {
    const entries = await readEntries(connection, stream, from, MAX_READ_HITS);
    const last = entries.at(-1);
    if (!last) return purged;
    const selected = entries.filter(({ line }) => isLineSelected(filter, line));
    const ids = selected.map(({ from: number }) => `${number}-0`);
    await connection.run(DECIDE, [newInstanceName(), stream, ...ids]);
    purged += ids.length;
    from = last.to + 1;
  }
}
