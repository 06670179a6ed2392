import { readFileSync, readlinkSync } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { noticePauses } from '../journal.js';
import { parseObject } from '../spool-store.js';
import { HITS } from './hits-file.js';
import { isThere, listFolder, readOwnFile, unlessMissing } from './own-files.js';

/** A process' journal. Names are shorter if the clock showed a time before 2001. */
const INSTANCE = /^\d{1,16}-\d+-[\da-f]{8}$/;
/** The file that says whose journal a folder is. Its owner touches it at each beat. */
export const ALIVE = 'alive';
/** The name of that file when the process has ended. */
export const ENDED = 'ended';

/** The journals in a folder, oldest first. A dot begins the name of one that is being made, or whose process died while it did so. */
export async function listJournals(folder: string): Promise<string[]> {
  return (await listFolder(folder)).filter((name) => INSTANCE.test(name.replace(/^\./, '')));
}

/** Whether a path is that of a journal, and no link. */
export async function isJournal(path: string): Promise<boolean> {
  if (!INSTANCE.test(basename(path))) return false;
  return (await lstat(path).catch(unlessMissing))?.isDirectory() === true;
}

/** The files with hits in a folder, and in journals inside of it. */
export async function listHitsFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of await listFolder(folder)) {
    const path = join(folder, name);
    if (HITS.test(name)) files.push(path);
    else if (await isJournal(path)) files.push(...(await listHitsFiles(path)));
  }
  return files;
}

/** Bytes of all hits in a spool. What cannot be read does not count. */
export async function measureFolder(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await listFolder(folder).catch(() => [])) {
    const path = join(folder, name);
    if (HITS.test(name)) bytes += (await lstat(path).catch(() => ({ size: 0 }))).size;
    else if (await isJournal(path).catch(() => false)) bytes += await measureFolder(path);
  }
  return bytes;
}

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

interface FoundProcess {
  readonly isDead: boolean;
  /** It is alive: it has touched its file since the last look. */
  readonly hasBeaten: boolean;
  readonly hadToken: boolean;
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

  /** What is known of the process of a folder; `undefined` if the folder is gone. */
  async examine(folder: string): Promise<FoundProcess | undefined> {
    try {
      const hasEnded = await isThere(join(folder, ENDED));
      const path = join(folder, hasEnded ? ENDED : ALIVE);
      const text = await readOwnFile(path).catch(() => ''); // only its age is used
      const identity = parseObject(text.toString());
      const hadToken = identity.hasToken === true;
      if (hasEnded || this.#isGone(identity)) return { isDead: true, hasBeaten: false, hadToken };
      return { ...(await this.#look(folder)), hadToken };
    } catch (error) {
      return unlessMissing(error);
    }
  }

  /** Whether a process has touched its file since the last look, and whether it has not done that for too long. */
  async #look(folder: string): Promise<Omit<FoundProcess, 'hadToken'>> {
    const file = await stat(join(folder, ALIVE)).catch(() => stat(folder));
    const { mtimeMs } = file;
    const awakeMillis = this.#awakeSince(); // here, because a look at many folders may take long
    const now = performance.now();
    const seen = this.#seen.get(folder);
    const hasBeaten = seen !== undefined && seen.mtimeMs !== mtimeMs;
    if (seen && !hasBeaten && seen.sinceMillis >= awakeMillis)
      return { isDead: now - seen.sinceMillis >= this.#deadMillis, hasBeaten };
    this.#seen.set(folder, { mtimeMs, sinceMillis: now });
    return { isDead: false, hasBeaten };
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
