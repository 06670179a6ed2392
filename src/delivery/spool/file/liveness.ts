import { constants, readFileSync, readlinkSync } from 'node:fs';
import { stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { ForeignFile, OPEN_SAFELY, readOwnFile } from '../own-file.js';

/** What a process says of itself in a file, so that others can see whether it still runs. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Where that pid means this process: the boot of a machine, and a container on it. */
  readonly place: string;
  /** When it started, as the kernel tells it: a pid may come again. Empty where nobody knows. */
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
 * Tells whether the process behind a file has gone: at once where its pid can be asked, else when the file has not
 * been touched for some time. That time is measured here; clocks of other machines are not believed.
 */
export class LivenessMonitor {
  readonly #here: ProcessIdentity;
  readonly #seen = new Map<string, { mtimeMs: number; sinceMillis: number }>();
  /** Files of processes that surely do not run: none of them runs again. */
  readonly #ended = new Set<string>();

  constructor(here: ProcessIdentity) {
    this.#here = here;
  }

  /** `believesPid`: a process that runs is there, also where it has not touched its file for long. */
  async isGone(path: string, staleMillis: number, believesPid: boolean): Promise<boolean> {
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

  /** `undefined`: that cannot be told from here. */
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

/** From Linux' /proc; `undefined` elsewhere and where there is no such process. */
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
    return undefined; // just made, or torn: its age tells
  }
}

/** Of what another user says only the age is believed. */
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

/** Shows others that a process lives: its file says who it is, and is touched now and then. */
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
