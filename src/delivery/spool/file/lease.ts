import { closeSync, constants, ftruncateSync, openSync, readdirSync, writeSync } from 'node:fs';
import { open, readdir, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeliveryCounters, sumOfCounters } from '../../queue/counters.js';
import type { SpoolReports } from '../spool-reports.js';
import { FolderHits } from './folder-hits.js';
import { LivenessMonitor, type ProcessIdentity } from './liveness.js';
import type { LocalHits } from './local-hits.js';
import { ForeignFile, OPEN_SAFELY, openOwnFile } from './open-files.js';

/** A holder that hangs or cannot be checked loses the lease after this time. With the polling interval, that is below 5 s. */
const STALE_MILLIS = 4_000;

/**
 * A check of the lease is valid for `POLL_MILLIS` if the holder touched the lease less than `FRESH_MILLIS` before: then no other
 * process can have found it stale.
 */
const POLL_MILLIS = 250;
const FRESH_MILLIS = STALE_MILLIS / 2;

/** Contents of a lease that nobody holds. */
const RELEASED = JSON.stringify({ pid: 0 });

/** File name of a lease. */
export const LEASE_NAME: RegExp = /^sender-(\d{9})\.lease$/;

/**
 * Decides which of the processes that share a folder sends:
 *
 *     sender-000000007.lease   the highest number is the lease; the holder touches the file as long as it lives
 *
 * A process that finds that the holder has ended creates the next number, which the file system allows only once. Nothing is taken away from
 * a holder: it sees the higher number before its next bulk. (Lock libraries delete the lock of a dead holder, which two processes may
 * do one after the other; the usual one also patches `process.emit`, `process.cwd`, `fs.close` and all signals.)
 */
export class Lease {
  readonly #folder: string;
  readonly #identity: ProcessIdentity;
  readonly #liveness: LivenessMonitor;
  #held = 0;
  /** When a check last showed that the lease is held and fresh. */
  #seenMillis = Number.NEGATIVE_INFINITY;
  /** Start of the last successful touch. */
  #touchedMillis = Number.NEGATIVE_INFINITY;

  constructor(folder: string, identity: ProcessIdentity, liveness: LivenessMonitor) {
    this.#folder = folder;
    this.#identity = identity;
    this.#liveness = liveness;
  }

  /** Number of the lease; 0 if it is not held. */
  get number(): number {
    return this.#held;
  }

  /** Acquires the lease if no other process holds it. Returns whether this process holds it. */
  async acquire(): Promise<boolean> {
    if (await this.confirm()) return true;
    const highest = (await this.#numbers()).at(-1) ?? 0;
    if (highest > 0 && !(await this.#liveness.hasEnded(this.#path(highest), STALE_MILLIS, false))) {
      return false;
    }
    const mine = highest + 1;
    if (!(await this.#create(this.#path(mine)))) return false;
    const numbers = await this.#numbers();
    const outdated = numbers.at(-1) === mine ? numbers.slice(0, -1) : [mine];
    for (const number of outdated) {
      await unlink(this.#path(number)).catch(() => undefined);
      this.#liveness.forget(this.#path(number));
    }
    if (!outdated.includes(mine)) this.#held = mine;
    this.#seenMillis = Number.NEGATIVE_INFINITY;
    return this.#held > 0;
  }

  /** Shows that the holder is alive. */
  async touch(): Promise<void> {
    if (this.#held === 0) return;
    const begun = performance.now();
    const now = new Date();
    await utimes(this.#path(this.#held), now, now);
    this.#touchedMillis = begun;
  }

  /** Whether this process still holds the lease. */
  async confirm(): Promise<boolean> {
    if (this.#held === 0) return false;
    const now = performance.now();
    if (now - this.#seenMillis < POLL_MILLIS) return true;
    const numbers = await this.#numbers();
    if (numbers.at(-1) !== this.#held) this.#held = 0;
    if (now - this.#touchedMillis < FRESH_MILLIS) this.#seenMillis = now;
    return this.#held > 0;
  }

  async release(): Promise<void> {
    if (!(await this.confirm())) return;
    const path = this.#path(this.#held);
    this.#held = 0;
    // Does not create the file: another process may have taken over and deleted it.
    const file = await openOwnFile(path, constants.O_RDWR).catch(() => undefined);
    await file?.truncate();
    await file?.writeFile(RELEASED);
    await file?.close();
  }

  /** Like `confirm`, at the end of the process. */
  confirmSync(): boolean {
    return this.#held > 0 && numbersOf(readdirSync(this.#folder)).at(-1) === this.#held;
  }

  /** Like `release`, at the end of the process. */
  releaseSync(): void {
    if (!this.confirmSync()) return;
    const file = openSync(this.#path(this.#held), constants.O_RDWR | OPEN_SAFELY);
    ftruncateSync(file);
    writeSync(file, RELEASED);
    closeSync(file);
    this.#held = 0;
  }

  /** Returns `false` if the file existed. The contents may be missing if the disk is full: then the file's age is used. */
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
    return numbersOf(await readdir(this.#folder));
  }

  #path(number: number): string {
    return join(this.#folder, `sender-${String(number).padStart(9, '0')}.lease`);
  }
}

/** The numbers of the leases in a folder, the highest last. */
function numbersOf(names: readonly string[]): number[] {
  return names
    .flatMap((name) => LEASE_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

interface LeaseHolderParts {
  readonly folder: string;
  readonly instance: string;
  readonly identity: ProcessIdentity;
  readonly reports: SpoolReports;
  readonly own: LocalHits;
}

/** Whether this process holds the lease, and the hits that it sends if so. */
export class LeaseHolder {
  /** The hits to send; `undefined` if another process sends. */
  hits: FolderHits | undefined;
  /** Hits taken over from processes that have ended. */
  takenOver = 0;
  /** Hits taken over without a result. */
  takenOverOpen = 0;
  readonly #parts: LeaseHolderParts;
  readonly #liveness: LivenessMonitor;
  readonly #lease: Lease;
  #number = 0;
  #acquired = 0;
  #count: (counts: DeliveryCounters) => void = () => undefined;

  constructor(parts: LeaseHolderParts) {
    this.#parts = parts;
    this.#liveness = new LivenessMonitor(parts.identity);
    this.#lease = new Lease(parts.folder, parts.identity, this.#liveness);
  }

  /** Another number each time this process acquires the lease; 0 if another process sends. */
  get number(): number {
    return this.#number;
  }

  /** Calls `count` with results of hits taken over. */
  start(count: (counts: DeliveryCounters) => void): void {
    this.#count = count;
  }

  /** Keeps the lease, or acquires it if no process holds it. */
  async hold(): Promise<void> {
    if (await this.confirm()) await this.#lease.touch();
    else if (await this.#lease.acquire()) this.#begin();
  }

  /** Whether this process still holds the lease. If not, the new lease holder sends the hits that were read here. */
  async confirm(): Promise<boolean> {
    if (this.#number !== 0 && !(await this.#lease.confirm())) await this.stop();
    return this.#number !== 0;
  }

  /** Another process is the lease holder now, and takes over hits without a result. */
  async stop(): Promise<void> {
    if (this.#number === 0) return;
    const { hits } = this;
    this.#end();
    this.takenOver -= this.takenOverOpen;
    this.takenOverOpen = 0;
    await hits?.abandon();
  }

  /** Writes acknowledgments and stops sending. The lease is held until `release`. */
  async close(): Promise<void> {
    await this.hits?.close();
    this.#end();
  }

  /** Releases the lease. */
  async release(): Promise<void> {
    await this.#lease.release();
  }

  /** Whether no acknowledgment is being written. */
  get isIdle(): boolean {
    return this.hits?.isIdle ?? true;
  }

  /** At the end of the process: deletes segments whose hits all have results. The lease is held until `releaseSync`. */
  closeSync(): void {
    if (!this.#lease.confirmSync()) return;
    this.hits?.deleteDoneSync((segment) => this.#parts.own.segments.isOpen(segment));
  }

  /** Releases the lease at the end of the process. */
  releaseSync(): void {
    this.#lease.releaseSync();
  }

  #end(): void {
    this.hits = undefined;
    this.#number = 0;
  }

  #begin(): void {
    const { folder, instance, reports, own } = this.#parts;
    this.#acquired += 1;
    this.#number = this.#acquired;
    this.hits = new FolderHits(folder, instance, this.#lease.number, this.#liveness, {
      takeOver: (hits) => {
        this.takenOver += hits;
        this.takenOverOpen += hits;
        return this.#lease.touch();
      },
      takenOver: (hits, oldestSeconds) => reports.takenOver(hits, oldestSeconds),
      countTakenOver: (counts) => {
        this.takenOverOpen -= sumOfCounters(counts);
        this.#count(counts);
      },
      stillSends: () => this.#lease.confirm(),
      learn: (segment, counts) => own.segments.learn(segment, counts),
      finish: (segment) => own.segments.finish(segment),
      unreadable: (segment, error) => {
        if (error instanceof ForeignFile) reports.foreignSegment(segment);
        else reports.unreadable(error);
      },
      lost: (hits, segment) => reports.lost(hits, `they are no longer in ${segment}`),
      broken: (segment) => reports.broken(segment),
      notWritten: (error) => own.reportFailure(error),
    });
  }
}
