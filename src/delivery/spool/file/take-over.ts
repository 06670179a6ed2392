import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, rename, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { type JournalEvents, JournalLost } from '../journal.js';
import { byName, parseObject } from '../spool-description.js';
import type { SpoolStoreOptions } from '../spool-store.js';
import { mayTakeOver, noticePauses } from '../take-over.js';
import { HITS, HitsFile } from './hits-file.js';
import {
  ForeignFile,
  isMissing,
  isThere,
  listFolder,
  readOwnFile,
  requireOwn,
} from './own-files.js';

/** A process' journal. Names are shorter if the clock showed a time before 2001. */
export const INSTANCE: RegExp = /^\d{1,16}-\d+-[\da-f]{8}$/;
/** The same, or one that is being made, or whose process died while it did so. */
const INSTANCE_OR_DRAFT = /^\.?\d{1,16}-\d+-[\da-f]{8}$/;
/** The file that says whose journal a folder is. Its owner touches it at each beat. */
export const ALIVE = 'alive';
/** The name of that file when the process has ended. */
export const ENDED = 'ended';

/** The identity that a process writes to a file, so that others can check whether it is alive. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Number of a worker thread; 0 for the main thread. */
  readonly thread: number;
  /** Where the pid is valid: a boot of a machine, and a container on it. */
  readonly place: string;
  /** Start time from the kernel, because pids are reused. Empty if unknown. */
  readonly started: string;
}

export function thisProcess(): ProcessIdentity {
  const place = [
    hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
  const started = statusOf(process.pid)?.started ?? '';
  return { pid: process.pid, thread: threadId, place, started };
}

/**
 * Checks whether the process of a journal is dead: it has ended, its pid is visible and gone, or it has not touched its file for
 * `JOURNAL_TIMES.deadMillis` (`journal.ts`). That a pid runs proves nothing: worker threads share it, and the process may be stopped.
 * Clocks of other machines are not trusted.
 */
export class DeadProcesses {
  readonly #here: ProcessIdentity;
  readonly #deadMillis: number;
  readonly #awakeSince: () => number;
  readonly #seen = new Map<string, { readonly mtimeMs: number; readonly sinceMillis: number }>();

  constructor(here: ProcessIdentity, deadMillis: number) {
    this.#here = here;
    this.#deadMillis = deadMillis;
    this.#awakeSince = noticePauses(deadMillis);
  }

  /** Call this before a look at all of these folders. */
  begin(folders: readonly string[]): void {
    for (const folder of this.#seen.keys()) {
      if (!folders.includes(folder)) this.#seen.delete(folder);
    }
  }

  /** Whether the process of a folder is dead, and whether it had a token; `undefined` if the folder is gone. */
  async examine(
    folder: string,
  ): Promise<{ readonly isDead: boolean; readonly hasToken: boolean } | undefined> {
    try {
      const hasEnded = await isThere(join(folder, ENDED));
      const path = join(folder, hasEnded ? ENDED : ALIVE);
      const text = await readOwnFile(path).catch(() => ''); // only its age is used
      const identity = parseObject(text.toString());
      const isDead = hasEnded || this.#isGone(identity) || (await this.#isUnchanged(folder));
      return { isDead, hasToken: identity.hasToken === true };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #isUnchanged(folder: string): Promise<boolean> {
    const file = await stat(join(folder, ALIVE)).catch(() => stat(folder));
    const { mtimeMs } = file;
    const awakeMillis = this.#awakeSince(); // here, because a look at many folders may take long
    const now = performance.now();
    const seen = this.#seen.get(folder);
    if (seen?.mtimeMs === mtimeMs && seen.sinceMillis >= awakeMillis)
      return now - seen.sinceMillis >= this.#deadMillis;
    this.#seen.set(folder, { mtimeMs, sinceMillis: now });
    return false;
  }

  /** Whether a pid that can be checked from here is gone. */
  #isGone({ pid, place, started }: Partial<Record<keyof ProcessIdentity, unknown>>): boolean {
    if (typeof pid !== 'number' || pid <= 0 || place !== this.#here.place) return false;
    const status = statusOf(pid);
    if (status) return status.isZombie || status.started !== started;
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }
}

/** From /proc on Linux; `undefined` on other systems, and if there is no such process. */
function statusOf(pid: number): { started: string; isZombie: boolean } | undefined {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return started === undefined ? undefined : { started, isZombie: state === 'Z' || state === 'X' };
}

function read(get: () => string): string {
  try {
    return get();
  } catch {
    return '';
  }
}

export interface FileJournalOptions
  extends Pick<SpoolStoreOptions, 'maxBytes' | 'hasToken' | 'times'> {
  /** Absolute path of the spool. */
  readonly folder: string;
  readonly identity: ProcessIdentity;
  readonly events: JournalEvents;
  /** Called at each beat. */
  readonly onBeat?: () => void;
}

/** The journal of this process. */
export interface OwnJournal {
  readonly options: FileJournalOptions;
  readonly path: string;
  /** Files with hits that have no result, by the folder in which they are. */
  readonly files: Map<string, Set<HitsFile>>;
  /** Rejects if the journal is gone. */
  confirm(): Promise<void>;
}

/** Moves the journals of at most `most` dead processes into that of this process, by renaming their folders. Returns how many it took. */
export async function takeOver(
  own: OwnJournal,
  dead: DeadProcesses,
  most: number,
): Promise<number> {
  const { options } = own;
  const all = await listJournals(options.folder);
  const others = all.filter((name) => name !== basename(own.path));
  dead.begin(others.map((name) => join(options.folder, name)));
  let taken = 0;
  for (const name of others) {
    if (taken === most) break;
    if (await takeIfDead(own, dead, name).catch((error) => skip(own, name, error))) taken += 1;
  }
  // Those of an attempt that failed.
  for (const name of await listJournals(own.path))
    await adopt(own, join(own.path, name)).catch((error) => skip(own, name, error));
  return taken;
}

/** Reports why a journal cannot be used. It keeps nobody from the others. */
function skip({ options: { events } }: OwnJournal, name: string, error: unknown): false {
  if (error instanceof JournalLost) throw error;
  if (error instanceof ForeignFile) events.foreign(name);
  else if (!isMissing(error)) events.unreadable(error);
  return false;
}

async function takeIfDead(own: OwnJournal, dead: DeadProcesses, name: string): Promise<boolean> {
  const { options } = own;
  const path = join(options.folder, name);
  requireOwn(await lstat(path), path, 'isDirectory');
  const found = await dead.examine(path);
  if (!found?.isDead || !mayTakeOver(options, found) || !(await take(own, name))) return false;
  await adopt(own, join(own.path, name));
  return true;
}

/** Returns whether the journal of a dead process is in this one. */
async function take(own: OwnJournal, name: string): Promise<boolean> {
  const to = join(own.path, name);
  try {
    await rename(join(own.options.folder, name), to);
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    await own.confirm();
    return isThere(to); // a file system may repeat a step that it has done
  }
}

async function listJournals(folder: string): Promise<string[]> {
  return (await listFolder(folder)).filter((name) => INSTANCE_OR_DRAFT.test(name)).sort(byName);
}

/** Opens a journal that was taken over, with those in it, which are moved up into this one, and files that could not be read before. */
async function adopt(own: OwnJournal, path: string): Promise<void> {
  const { events } = own.options;
  let files = own.files.get(path);
  if (!files) {
    files = await findFiles(path, events);
    for (const name of await listJournals(path)) {
      const moved = join(own.path, name);
      await rename(join(path, name), moved);
      await adopt(own, moved);
    }
    own.files.set(path, files);
  }
  let hits = 0;
  let oldestSeconds = Number.POSITIVE_INFINITY;
  for (const file of files) {
    if (file.isCounted) continue;
    try {
      await file.count();
      hits += file.open;
      oldestSeconds = Math.min(oldestSeconds, file.startSeconds);
    } catch (error) {
      if (!(error instanceof ForeignFile)) events.unreadable(error);
      else if (files.delete(file)) events.foreign(basename(file.path));
    }
  }
  if (hits > 0) events.takenOver(hits, oldestSeconds);
}

/** The files of a journal that was just taken over. Its process may only have stood still: what it appends later is not read. */
async function findFiles(folder: string, events: JournalEvents): Promise<Set<HitsFile>> {
  const files = new Set<HitsFile>();
  for (const name of (await listFolder(folder)).filter((one) => HITS.test(one))) {
    const path = join(folder, name);
    files.add(new HitsFile(path, events, (await lstat(path)).size));
  }
  return files;
}
