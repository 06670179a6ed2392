import { constants } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isLineSelected, type PurgeFilter, readLine } from '../hit-line.js';
import { JOURNAL_TIMES } from '../journal.js';
import { byName, matomoOf } from '../spool-description.js';
import {
  lookUntilUnchanged,
  readJournals,
  type SpoolStatus,
  type SpoolStore,
} from '../spool-store.js';
import { measureFolder } from './file-journal.js';
import { donePathOf, HITS, readLines } from './hits-file.js';
import { listFolder, openOwnFile, unlessMissing, unlinkIfThere } from './own-files.js';
import { DESCRIPTION, FileJournalOpener } from './spool-folder.js';
import { ALIVE, DeadProcesses, INSTANCE, thisProcess } from './take-over.js';

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
  const journals = await readJournals(
    () => listAll(folder),
    async ([instance, paths]) => {
      let pending = 0;
      let oldestSeconds = Number.POSITIVE_INFINITY;
      for (const path of paths) {
        const lines = (await findLines(path)).filter(({ isPending }) => isPending);
        pending += lines.length;
        const startSeconds = lines[0] && readLine(lines[0].line)?.startSeconds;
        oldestSeconds = Math.min(oldestSeconds, startSeconds ?? Number.POSITIVE_INFINITY);
      }
      const found = await dead.examine(join(folder, instance));
      if (!found) return undefined;
      const process = { instance, host: undefined, isAlive: !found.isDead, pending };
      return { process, oldestSeconds };
    },
  );
  return {
    ...journals,
    matomo: matomoOf(await readFile(join(folder, DESCRIPTION), 'utf8').catch(() => '')),
    bytes: await measureFolder(folder),
  };
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
    () => listAll(folder),
    async (journals) => {
      for (const path of journals.flatMap(([, paths]) => paths))
        purged += await purgeFile(path, filter);
    },
  );
  return purged;
}

/** The journals of a folder, with the paths of their files. */
async function listAll(folder: string) {
  const listOne = async (name: string) => [name, await listFiles(join(folder, name))] as const;
  return Promise.all((await listJournals(folder)).map(listOne));
}

async function listJournals(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => INSTANCE.test(name)).sort(byName);
}

/** The files of a journal, and of those that it contains. */
async function listFiles(journal: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await listFolder(journal)).sort(byName)) {
    if (HITS.test(name)) files.push(join(journal, name));
    else if (INSTANCE.test(name)) files.push(...(await listFiles(join(journal, name))));
  }
  return files;
}

/** A process that cannot be checked from here counts as dead if it does not beat for some time. */
async function requireNoProcess(folder: string): Promise<void> {
  const journals = (await listJournals(folder)).map((name) => join(folder, name));
  const touched = () =>
    Promise.all(journals.map((path) => stat(join(path, ALIVE)).then(mtimeOf, () => 0)));
  const before = String(await touched());
  const dead = new DeadProcesses(thisProcess(), JOURNAL_TIMES.deadMillis);
  for (;;) {
    dead.begin(journals);
    const found = await Promise.all(journals.map((path) => dead.examine(path)));
    if (found.every((process) => !process || process.isDead)) return;
    if (String(await touched()) !== before) {
      throw new Error(
        `a process uses the spool ${folder}, so nothing was purged. Stop all processes that use it, and try again`,
      );
    }
    await setTimeout(POLL_MILLIS);
  }
}

const mtimeOf = ({ mtimeMs }: { mtimeMs: number }): number => mtimeMs;

/** Returns how many pending hits were deleted; none if the file is gone. */
async function purgeFile(path: string, filter: PurgeFilter): Promise<number> {
  const lines = await findLines(path);
  const selected = lines.filter(({ line }) => isLineSelected(filter, line));
  const countPending = (some: typeof lines) => some.filter(({ isPending }) => isPending).length;
  const purged = countPending(selected);
  const file = await openOwnFile(path, constants.O_RDWR).catch(unlessMissing);
  if (!file) return 0;
  try {
    for (const { from, line } of selected) await file.write(LINE_FEED.repeat(line.length), from);
    await file.datasync();
  } finally {
    await file.close();
  }
  if (purged === countPending(lines)) {
    await unlinkIfThere(path);
    await unlinkIfThere(donePathOf(path));
  }
  return purged;
}

/** The lines of a file; none if it is gone. */
async function findLines(path: string) {
  return (await readLines(path).catch(unlessMissing))?.lines ?? [];
}
