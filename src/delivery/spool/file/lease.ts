import { constants } from 'node:fs';
import { open, readdir, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { openOwnFile } from '../own-file.js';
import type { LivenessMonitor, ProcessIdentity } from './liveness.js';

/** How long a holder that cannot be asked, or hangs, is waited for; with the time between two looks below 5 s. */
const STALE_MILLIS = 4_000;

/**
 * For how long a look is believed, and how lately the lease must have been touched when it was looked at: then nobody can
 * have found it stale meanwhile.
 */
const LOOK_MILLIS = 250;
const FRESH_MILLIS = STALE_MILLIS / 2;

/** Name of a lease. */
export const LEASE_NAME: RegExp = /^sender-(\d{9})\.lease$/;

/**
 * Who of all processes of a folder sends:
 *
 *     sender-000000007.lease   the highest number holds it, for as long as its process lives and touches it
 *
 * Whoever finds its holder gone makes the next number, which the file system lets only one do, and nothing is ever taken
 * away from under a holder: it sees the higher number before its next bulk. (Lock libraries remove a dead holder's lock,
 * which two may do one after the other; and the known one takes over `process.emit`, `process.cwd`, `fs.close` and all
 * signals of the application.)
 */
export class Lease {
  readonly #folder: string;
  readonly #identity: ProcessIdentity;
  readonly #life: LivenessMonitor;
  #held = 0;
  /** When it was last seen to be held, and fresh. */
  #seenMillis = Number.NEGATIVE_INFINITY;
  /** A touch that has succeeded began then. */
  #touchedMillis = Number.NEGATIVE_INFINITY;

  constructor(folder: string, identity: ProcessIdentity, life: LivenessMonitor) {
    this.#folder = folder;
    this.#identity = identity;
    this.#life = life;
  }

  /** 0: not held. */
  get number(): number {
    return this.#held;
  }

  /** Takes what nobody else holds. Whether it is held then. */
  async acquire(): Promise<boolean> {
    if (await this.confirm()) return true;
    const highest = (await this.#numbers()).at(-1) ?? 0;
    if (highest > 0 && !(await this.#life.isGone(this.#path(highest), STALE_MILLIS, false))) {
      return false;
    }
    const mine = highest + 1;
    if (!(await this.#create(this.#path(mine)))) return false;
    const numbers = await this.#numbers();
    const outdated = numbers.at(-1) === mine ? numbers.slice(0, -1) : [mine];
    for (const number of outdated) {
      await unlink(this.#path(number)).catch(() => undefined);
      this.#life.forget(this.#path(number));
    }
    if (!outdated.includes(mine)) this.#held = mine;
    this.#seenMillis = Number.NEGATIVE_INFINITY;
    return this.#held > 0;
  }

  /** Shows that the holder lives. */
  async touch(): Promise<void> {
    if (this.#held === 0) return;
    const begun = performance.now();
    const now = new Date();
    await utimes(this.#path(this.#held), now, now);
    this.#touchedMillis = begun;
  }

  /** Whether it is still held. */
  async confirm(): Promise<boolean> {
    if (this.#held === 0) return false;
    const now = performance.now();
    if (now - this.#seenMillis < LOOK_MILLIS) return true;
    const numbers = await this.#numbers();
    if (numbers.at(-1) !== this.#held) this.#held = 0;
    if (now - this.#touchedMillis < FRESH_MILLIS) this.#seenMillis = now;
    return this.#held > 0;
  }

  async release(): Promise<void> {
    if (!(await this.confirm())) return;
    const path = this.#path(this.#held);
    this.#held = 0;
    const file = await openOwnFile(path, constants.O_RDWR).catch(() => undefined); // not made anew where another has taken it over
    await file?.truncate();
    await file?.writeFile(JSON.stringify({ pid: 0 }));
    await file?.close();
  }

  /** Whether it was there for the taking. What stands in it may be missing on a full disk: its age tells as well. */
  async #create(path: string): Promise<boolean> {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(this.#identity)).catch(() => undefined);
      await file.close();
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#folder);
    return names
      .flatMap((name) => LEASE_NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #path(number: number): string {
    return join(this.#folder, `sender-${String(number).padStart(9, '0')}.lease`);
  }
}
