import { readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { parseObject } from '../spool-description.js';
import { isMissing, isThere, readOwnFile } from './own-files.js';

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
  readonly #seen = new Map<string, { readonly mtimeMs: number; readonly sinceMillis: number }>();
  #lookedMillis = Number.NEGATIVE_INFINITY;

  constructor(here: ProcessIdentity, deadMillis: number) {
    this.#here = here;
    this.#deadMillis = deadMillis;
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
    const now = performance.now();
    // This process may have stood still with all others. A look at many folders may take long.
    if (now - this.#lookedMillis > this.#deadMillis / 3) this.#seen.clear();
    this.#lookedMillis = now;
    const seen = this.#seen.get(folder);
    if (seen?.mtimeMs === mtimeMs) return now - seen.sinceMillis >= this.#deadMillis;
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
