import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../common/describe-error.js';
import { parseName } from './folder-names.js';
import { DESCRIPTION, matomoOf, readOwn, requireTrust, UntrustedFolder } from './folder-setup.js';
import { RedisConnection, reasonOf } from './redis-connection.js';
import { DESCRIPTION as REDIS_DESCRIPTION } from './redis-store.js';

/** The state of a spool. */
export interface SpoolReport {
  /** The reason why the spool cannot be used; `undefined` if it can. */
  readonly problem: string | undefined;
  /** The Matomo that gets the hits; `undefined` if no process has opened the spool yet. */
  readonly matomoUrl: string | undefined;
  /** Hits without a result, including those that are being sent, and their bytes. */
  readonly hits: number;
  readonly bytes: number;
}

export interface FolderReport extends SpoolReport {
  readonly exists: boolean;
  /** Whether other users can read the hits. */
  readonly isOpenToOthers: boolean;
  /** Whether another user could change the contents of the folder. */
  readonly isUntrusted: boolean;
}

const FOR_OTHERS = 0o077;

/** Inspects a folder without changing it, because processes may be using it. Never rejects. */
export async function inspectFolder(place: string): Promise<FolderReport> {
  const folder = resolve(place);
  let stats: Stats | undefined;
  let matomoUrl: string | undefined;
  let problem: unknown;
  const found = { hits: 0, bytes: 0 };
  try {
    stats = statSync(folder, { throwIfNoEntry: false });
    const names = stats?.isDirectory() ? await readdir(folder) : [];
    for (const name of names) {
      const file = parseName(name);
      if (!file) continue;
      found.hits += file.hits;
      found.bytes += file.bytes;
    }
    if (names.includes(DESCRIPTION)) matomoUrl = matomoOf(await readOwn(join(folder, DESCRIPTION)));
    requireWritable(folder, stats);
  } catch (error) {
    problem = error;
  }
  return {
    ...{ exists: stats !== undefined, matomoUrl, ...found },
    problem: problem === undefined ? undefined : codeOf(problem),
    isUntrusted: problem instanceof UntrustedFolder,
    isOpenToOthers: process.geteuid !== undefined && ((stats?.mode ?? 0) & FOR_OTHERS) !== 0,
  };
}

/** Throws if this process cannot write to the folder, or create it. */
function requireWritable(folder: string, stats: Stats | undefined): void {
  if (stats) requireTrust(stats);
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** Inspects a spool in Redis, and writes a key that expires immediately. Processes may be using the spool. Never rejects. */
export async function inspectRedis(place: string): Promise<SpoolReport> {
  const connection = new RedisConnection(place);
  const found = { hits: 0, bytes: 0 };
  let matomoUrl: string | undefined;
  try {
    matomoUrl = ((await connection.send('GET', REDIS_DESCRIPTION)) ?? undefined) as
      | string
      | undefined;
    if (matomoUrl !== undefined) {
      const totals = ['HMGET', 'matomo-spool:totals', 'hits', 'bytes'];
      const [hits, bytes] = (await connection.send(...totals)) as (string | null)[];
      Object.assign(found, { hits: Number(hits), bytes: Number(bytes) });
    }
    await connection.send('SET', 'matomo-spool:probe', '', 'PX', '1'); // a full Redis and a replica refuse to write
    return { problem: undefined, matomoUrl, ...found };
  } catch (error) {
    return { problem: reasonOf(error), matomoUrl, ...found };
  } finally {
    connection.close();
  }
}
