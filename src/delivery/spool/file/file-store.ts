import { constants } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isLineSelected, type PurgeFilter, startOf } from '../hit-line.js';
import { JOURNAL_TIMES } from '../journal.js';
import {
  type ListedProcess,
  lookUntilUnchanged,
  matomoOf,
  readJournals,
  type SpoolStatus,
  type SpoolStore,
} from '../spool-store.js';
import { donePathOf, isPending, readLines } from './hits-file.js';
import { openOwnFile, unlessMissing, unlinkIfThere } from './own-files.js';
import {
  DeadProcesses,
  isJournal,
  listHitsFiles,
  measureFolder,
  thisProcess,
} from './processes.js';
import { DESCRIPTION, FileJournalOpener } from './spool-folder.js';

const POLL_MILLIS = 250;
const LINE_FEED = '\n';

/** Spools in folders. */
export const FILE_STORE: SpoolStore = {
  open: (options, reports) => new FileJournalOpener(options, reports),
  readStatus,
  purge,
};

async function readStatus(folder: string): Promise<SpoolStatus> {
  const dead = new DeadProcesses(thisProcess(), JOURNAL_TIMES.deadMillis);
  return {
    ...(await readJournals(() => listProcesses(folder, dead), measureFile)),
    matomo: matomoOf(await readFile(join(folder, DESCRIPTION), 'utf8').catch(() => '')),
    bytes: await measureFolder(folder),
  };
}

async function listProcesses(folder: string, dead: DeadProcesses): Promise<ListedProcess[]> {
  const listOne = async (path: string) => {
    const instance = basename(path);
    const [found, segments] = await Promise.all([dead.examine(path), listHitsFiles(path)]);
    return found ? [{ instance, host: undefined, isAlive: !found.isDead, segments }] : []; // gone
  };
  return (await Promise.all((await listJournals(folder)).map(listOne))).flat();
}

async function measureFile(path: string) {
  const pending = (await readLines(path)).filter(isPending);
  return { hits: pending.length, oldestSeconds: startOf(pending) };
}

/**
 * Deletes the selected hits, delivered ones included. In a file with other pending hits, line feeds replace the lines, so
 * that results stay valid, also if this process is killed.
 */
async function purge(folder: string, filter: PurgeFilter): Promise<number> {
  if (!(await readdir(folder)).includes(DESCRIPTION)) throw new Error(`${folder} has no spool`);
  await requireNoProcess(folder);
  let purged = 0;
  await lookUntilUnchanged(
    () => listHitsFiles(folder),
    async (paths) => {
      for (const path of paths) purged += await purgeFile(path, filter);
    },
  );
  return purged;
}

async function listJournals(folder: string): Promise<string[]> {
  const paths = (await readdir(folder)).sort().map((name) => join(folder, name));
  const areJournals = await Promise.all(paths.map(isJournal));
  return paths.filter((_, i) => areJournals[i]);
}

/** A process that cannot be checked from here counts as dead if it does not beat for some time. */
async function requireNoProcess(folder: string): Promise<void> {
  const journals = await listJournals(folder);
  const dead = new DeadProcesses(thisProcess(), JOURNAL_TIMES.deadMillis);
  for (;;) {
    const found = await Promise.all(journals.map((path) => dead.examine(path)));
    if (found.every((process) => !process || process.isDead)) return;
    if (found.some((process) => process?.hasBeaten)) {
      throw new Error(
        `a process uses the spool ${folder}, so nothing was purged. Stop all processes that use it, and try again`,
      );
    }
    await setTimeout(POLL_MILLIS);
  }
}

/** Returns how many pending hits were deleted; none if the file is gone. */
async function purgeFile(path: string, filter: PurgeFilter): Promise<number> {
  const lines = await readLines(path);
  const selected = lines.filter(({ line }) => isLineSelected(filter, line));
  const purged = selected.filter(isPending).length;
  const file = await openOwnFile(path, constants.O_RDWR).catch(unlessMissing);
  if (!file) return 0;
  try {
    for (const { from, line } of selected) await file.write(LINE_FEED.repeat(line.length), from);
    await file.datasync();
  } finally {
    await file.close();
  }
  if (purged === lines.filter(isPending).length) {
    await unlinkIfThere(path);
    await unlinkIfThere(donePathOf(path));
  }
  return purged;
}
