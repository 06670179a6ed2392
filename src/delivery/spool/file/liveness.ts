import { constants, readFileSync, readlinkSync } from 'node:fs';
import { stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ownerName } from './file-names.js';
import { ForeignFile, OPEN_SAFELY, readOwnFile } from './open-files.js';

/** The identity that a process writes to a file, so that others can check whether it is alive. */
export interface ProcessIdentity {
  readonly pid: number;
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
  return { pid: process.pid, place, started: statusOf(process.pid)?.started ?? '' };
}

/**
 * Checks whether the process behind a file has ended: by the pid if that is visible here, else by how long the file has not
 * been touched, by the local clock: clocks of other machines are not trusted.
 */
export class LivenessMonitor {
  readonly #here: ProcessIdentity;
  readonly #seen = new Map<string, { mtimeMs: number; sinceMillis: number }>();
  /** Files of processes that have certainly ended. */
  readonly #ended = new Set<string>();

  constructor(here: ProcessIdentity) {
    this.#here = here;
  }

  /** `believesPid`: a running process counts as alive even if it has not touched its file for a long time. */
  async hasEnded(path: string, staleMillis: number, believesPid: boolean): Promise<boolean> {
    if (this.#ended.has(path)) return true;
    try {
      const identity = parse(await readIdentity(path));
      const runs = identity && this.#runs(identity);
      if (runs === false && believesPid) this.#ended.add(path);
      if (runs === false) return true;
      if (runs && believesPid) return false;
      const { mtimeMs } = await stat(path);
      const seen = this.#seen.get(path);
      const now = performance.now();
      if (seen?.mtimeMs === mtimeMs) return now - seen.sinceMillis >= staleMillis;
      this.#seen.set(path, { mtimeMs, sinceMillis: now });
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
  }

  forget(path: string): void {
    this.#seen.delete(path);
    this.#ended.delete(path);
  }

  /** `undefined` if that cannot be checked from here. */
  #runs(identity: Partial<ProcessIdentity>): boolean | undefined {
    const { pid, place, started } = identity;
    if (typeof pid !== 'number' || pid <= 0) return false; // released
    if (place !== this.#here.place) return undefined;
    const status = statusOf(pid);
    if (status) return !status.isZombie && status.started === started;
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ESRCH';
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

function parse(text: string): Partial<ProcessIdentity> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // just created, or not written completely: the file's age is used
  }
}

/** The text of an identity file. Empty if the file belongs to another user: only its age is used. */
async function readIdentity(path: string): Promise<string> {
  try {
    return await readOwnFile(path);
  } catch (error) {
    if (error instanceof ForeignFile) return '';
    throw error;
  }
}

function read(get: () => string): string {
  try {
    return get();
  } catch {
    return '';
  }
}

/** Shows other processes that this one is alive: touches its file, and writes its identity if the file is missing. */
export async function writeHeartbeat(path: string, identity: ProcessIdentity): Promise<void> {
  const now = new Date();
  try {
    await utimes(path, now, now);
  } catch {
    const { O_CREAT, O_TRUNC, O_WRONLY } = constants;
    const flag = O_CREAT | O_TRUNC | O_WRONLY | OPEN_SAFELY;
    await writeFile(path, JSON.stringify(identity), { mode: 0o600, flag });
  }
}

/** If a process cannot be checked, its hits are taken over when its owner file has not changed for this long. */
export const OWNER_STALE_MILLIS = 30_000;

/** Which instances of a folder have ended. Caches the answer, because there may be thousands. */
export class EndedInstances {
  readonly #folder: string;
  readonly #ownInstance: string;
  readonly #liveness: LivenessMonitor;
  readonly #ended = new Set<string>();

  constructor(folder: string, ownInstance: string, liveness: LivenessMonitor) {
    this.#folder = folder;
    this.#ownInstance = ownInstance;
    this.#liveness = liveness;
  }

  /** `files`: names of the files in the folder. */
  async has(instance: string, files: ReadonlySet<string>): Promise<boolean> {
    if (instance === this.#ownInstance) return false;
    if (this.#ended.has(instance) && !files.has(ownerName(instance))) return true;
    const hasEnded = await this.#liveness.hasEnded(
      this.#ownerOf(instance),
      OWNER_STALE_MILLIS,
      true,
    );
    if (hasEnded) this.#ended.add(instance);
    else this.#ended.delete(instance);
    return hasEnded;
  }

  /** Forgets instances that have no files left. */
  keepOnly(instances: ReadonlyMap<string, unknown>): void {
    for (const instance of this.#ended) {
      if (instances.has(instance)) continue;
      this.#ended.delete(instance);
      this.#liveness.forget(this.#ownerOf(instance));
    }
  }

  #ownerOf(instance: string): string {
    return join(this.#folder, ownerName(instance));
  }
}
