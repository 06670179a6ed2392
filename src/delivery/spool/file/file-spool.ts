import { unlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { atExit } from '../../../common/at-exit.js';
import type { DailyKeys } from '../../../common/daily-keys.js';
import type { Diagnostics } from '../../../common/diagnostics.js';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import type { DeliveryCounters } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import { newInstanceName, UnusableSpool } from '../spool-description.js';
import { codeOf, SpoolReports } from '../spool-reports.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from '../spool-store.js';
import { TokenWatch } from '../token-watch.js';
import { ownerName, segmentsByInstance } from './file-names.js';
import { LeaseHolder } from './lease.js';
import { type ProcessIdentity, thisProcess, writeHeartbeat } from './liveness.js';
import { LocalHits, type LocalHitsOptions } from './local-hits.js';
import { isMissing, listFolder, unlinkIfThere } from './open-files.js';
import { deleteOtherFiles } from './segment-deletion.js';
import {
  createTokenFile,
  keepDailyKeys,
  keepVisitorKey,
  openSpoolFolder,
  SpoolSize,
  UntrustedFolder,
} from './spool-folder.js';

/** Interval for checking the folder: whether the lease holder is alive, and what it has acknowledged. */
const POLL_MILLIS = 500;

/** A spool in a folder. For its files see `file-names.ts`, for their contents `hit-line.ts`. */
export class FileSpool implements SpoolStore {
  readonly ready: Promise<void> = Promise.resolve();
  readonly #folder: string;
  readonly #instance: string;
  readonly #identity: ProcessIdentity;
  readonly #reports: SpoolReports;
  readonly #dailyKeys: DailyKeys | undefined;
  #knownDays = '';
  readonly #size: SpoolSize;
  readonly #own: LocalHits;
  readonly storeSync: LocalHits['storeSync'] = (hits) => this.#own.storeSync(hits);
  readonly #lease: LeaseHolder;
  readonly #token: TokenWatch;
  readonly #steps: SerialQueue;
  readonly #forgetExit: () => void;
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    options: LocalHitsOptions & { readonly dailyKeys?: DailyKeys | undefined },
    instance: string,
    identity: ProcessIdentity,
    reports: SpoolReports,
  ) {
    this.#folder = options.folder;
    this.#reports = reports;
    this.#dailyKeys = options.dailyKeys;
    this.#updateDailyKeys();
    this.#instance = instance;
    this.#identity = identity;
    this.#size = new SpoolSize(options.folder);
    this.#own = new LocalHits(options, instance, reports, (...written) =>
      this.#lease.hits?.feed(...written),
    );
    const { folder } = options;
    this.#lease = new LeaseHolder({ folder, instance, identity, reports, own: this.#own });
    this.#token = new TokenWatch(createTokenFile(folder), reports);
    this.#steps = new SerialQueue({ onError: (error) => reports.unreadable(error) });
    this.#forgetExit = atExit('release', () => this.#releaseSync());
  }

  get pending(): number {
    return this.#own.writing + this.spooled;
  }

  get spooled(): number {
    return this.#own.written + this.#lease.takenOverOpen;
  }

  get takenOver(): number {
    return this.#lease.takenOver;
  }

  get isWritable(): boolean {
    return this.#closed === undefined && this.#own.isWritable;
  }

  get room(): number {
    return this.#own.room;
  }

  get lease(): number {
    return this.#lease.number;
  }

  get hits(): number {
    return this.spooled + (this.#lease.hits?.ofOthers ?? 0);
  }

  get oldestSeconds(): number {
    return this.#lease.hits?.oldestSeconds ?? Number.POSITIVE_INFINITY;
  }

  /** The key of visitor IDs that all processes with this folder share, also after restarts. */
  keepVisitorKey(): Buffer | undefined {
    try {
      return keepVisitorKey(this.#folder);
    } catch (error) {
      this.#reports.noVisitorKey(error);
      return undefined;
    }
  }

  /** Three times a day: at midnight, an hour later, and before the next midnight. */
  #updateDailyKeys(): void {
    const days = this.#dailyKeys?.days.join() ?? '';
    if (!this.#dailyKeys || days === this.#knownDays) return;
    this.#knownDays = days;
    try {
      keepDailyKeys(this.#folder, this.#dailyKeys);
    } catch (error) {
      this.#reports.noVisitorKey(error);
    }
  }

  start(events: SpoolEvents): void {
    this.#own.start(events);
    this.#lease.start((counts) => events.count(counts));
    this.#poll();
  }

  append(hits: readonly Hit[]): void {
    this.#own.append(hits);
  }

  write(): Promise<void> {
    return this.#own.write();
  }

  mayStillSend(lease: number): Promise<boolean> {
    return this.#steps.run(async () => {
      // Acknowledgments are written first, so that a kill duplicates only the bulk in flight.
      await this.#lease.hits?.saved();
      if (lease === 0) await this.#lease.hold();
      return (await this.#lease.confirm()) && lease === this.lease;
    }, false);
  }

  async expire(isFresh: IsFresh): Promise<void> {
    // One step each, so that other steps, which keep the lease, are between them.
    while (await this.#steps.run(async () => this.#lease.hits?.expire(isFresh) ?? false, false));
  }

  take(options: TakeOptions): Promise<readonly StoredHit[]> {
    return this.#steps.run(async () => {
      if (options.lease !== this.lease) return [];
      if (options.delayMillis === 0) await this.#lease.hits?.refresh();
      const hits = (await this.#lease.hits?.take(options)) ?? [];
      this.#reports.taken(hits);
      return hits;
    }, []);
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#lease.hits?.acknowledge(hits, counts);
  }

  recordToken(fingerprint: string, isTracked: boolean): void {
    this.#token.record(fingerprint, isTracked);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#forgetExit();
    await this.#own.close(); // first: it has a time limit, in case the disk hangs
    await this.#token.ended;
    await this.#steps.run(() => this.#readAcknowledgments());
    await this.#steps.run(async () => {
      await this.#lease.close();
      // From now on, the remaining hits are for the next lease holder.
      await unlinkIfThere(join(this.#folder, ownerName(this.#instance)));
      await this.#lease.release();
      await this.#deleteLateAcknowledgments();
    });
  }

  /** A former lease holder that stalled may have acknowledged hits of this process after their segment was deleted. */
  async #deleteLateAcknowledgments(): Promise<void> {
    const names = await listFolder(this.#folder);
    const isOwn = async (instance: string) => instance === this.#instance;
    await deleteOtherFiles(this.#folder, names, segmentsByInstance(names), isOwn);
  }

  /**
   * The process exits without `close`: releases the folder synchronously. If another thread is writing for this process, that write may
   * continue: then nothing is released, as if the process was killed.
   */
  #releaseSync(): void {
    if (!this.#steps.isIdle || !this.#own.isIdle || !this.#lease.isIdle) return;
    this.#lease.closeSync();
    unlinkSync(join(this.#folder, ownerName(this.#instance)));
    this.#lease.releaseSync();
  }

  /** Reads acknowledgments of other processes. Those of this process are known. */
  #readAcknowledgments(): Promise<void> {
    const { hits } = this.#lease;
    return this.#own.segments.readAcknowledgments((segment) => hits?.has(segment) ?? false);
  }

  #poll(): void {
    const polled = this.#steps.run(() => this.#maintain().catch((error) => this.#recover(error)));
    void polled.then(() => {
      if (this.#closed !== undefined) return;
      this.#timer = setTimeout(() => this.#poll(), POLL_MILLIS).unref();
    });
  }

  async #maintain(): Promise<void> {
    await writeHeartbeat(join(this.#folder, ownerName(this.#instance)), this.#identity);
    this.#updateDailyKeys();
    await this.#lease.hold();
    await this.#lease.hits?.refresh();
    await this.#readAcknowledgments();
    this.#own.bytesInFolder = await this.#size.measure(this.#own.bytesInFolder);
    if (this.#closed === undefined) this.#own.closeSegment();
  }

  /** If the folder was deleted, its hits are lost, and new ones wait in memory. */
  async #recover(error: unknown): Promise<void> {
    this.#own.reportFailure(error);
    if (!(await readdir(this.#folder).then(() => false, isMissing))) return;
    this.#own.bytesInFolder = 0;
    await this.#lease.stop();
    await this.#own.segments.readAcknowledgments();
  }
}

interface OpenFileSpoolOptions {
  readonly folder: string;
  /** URL of the Matomo that gets the hits. */
  readonly url: string;
  readonly maxBytes: number;
  /** Keys of visitor IDs that the folder stores, one for each day. */
  readonly dailyKeys?: DailyKeys | undefined;
  /** Fingerprint of the privacy options. */
  readonly privacy?: string | undefined;
}

/** Opens the spool in a folder, which is created if it does not exist. */
export class FileSpoolOpener {
  readonly #options: OpenFileSpoolOptions;
  readonly #reports: SpoolReports;

  constructor(options: OpenFileSpoolOptions, diagnostics: Diagnostics) {
    this.#options = options;
    this.#reports = new SpoolReports(options.folder, diagnostics, options.privacy);
  }

  /** `undefined` if it cannot be used; the reason is logged. */
  open(): FileSpool | undefined {
    const { folder, url, ...options } = this.#options;
    const path = resolve(folder);
    try {
      openSpoolFolder(path, url);
      const identity = thisProcess();
      const instance = newInstanceName();
      const owner = { mode: 0o600, flag: 'wx' };
      writeFileSync(join(path, ownerName(instance)), JSON.stringify(identity), owner);
      this.#reports.used();
      return new FileSpool({ ...options, folder: path }, instance, identity, this.#reports);
    } catch (error) {
      if (error instanceof UntrustedFolder) this.#reports.notTrusted(error.message);
      else this.#reports.notUsed(error instanceof UnusableSpool ? error.message : codeOf(error));
      return undefined;
    }
  }

  /** Logs nothing more. */
  close(): void {
    this.#reports.close();
  }
}
