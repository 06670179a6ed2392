import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DailyKeys } from '../../../common/daily-keys.js';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import type { DeliveryCounters } from '../../queue/counters.js';
import type { EncodedHit } from '../../queue/encode-hits.js';
import type { SpoolReports } from '../spool-reports.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from '../spool-store.js';
import { TokenWatch } from '../token-watch.js';
import { isMissing } from './is-missing.js';
import { type ProcessIdentity, writeHeartbeat } from './liveness.js';
import { LocalHits, type LocalHitsOptions } from './local-hits.js';
import { ownerName } from './segment-names.js';
import { SenderTerm } from './sender-term.js';
import { keepDailyKeys, keepVisitorKey } from './spool-folder.js';
import { SpoolSize } from './spool-size.js';
import { unlinkIfThere } from './sweep.js';
import { createTokenFile } from './token-file.js';

/** Interval for checking the folder: whether the lease holder is alive, and what it has acknowledged. */
const POLL_MILLIS = 500;

/** A spool in a folder. For its files see `segment-names.ts`, for their contents `hit-line.ts`. */
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
  readonly #sending: SenderTerm;
  readonly #token: TokenWatch;
  readonly #steps: SerialQueue;
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
      this.#sending.backlog?.feed(...written),
    );
    const { folder } = options;
    this.#sending = new SenderTerm({ folder, instance, identity, reports, own: this.#own });
    this.#token = new TokenWatch(createTokenFile(folder), reports);
    this.#steps = new SerialQueue({ onError: (error) => reports.unreadable(error) });
  }

  get pending(): number {
    return this.#own.writing + this.spooled;
  }

  get spooled(): number {
    return this.#own.written + this.#sending.takenOverOpen;
  }

  get takenOver(): number {
    return this.#sending.takenOver;
  }

  get isWritable(): boolean {
    return this.#closed === undefined && this.#own.isWritable;
  }

  get room(): number {
    return this.#own.room;
  }

  get term(): number {
    return this.#sending.number;
  }

  get hits(): number {
    return this.spooled + (this.#sending.backlog?.ofOthers ?? 0);
  }

  get oldestSeconds(): number {
    return this.#sending.backlog?.oldestSeconds ?? Number.POSITIVE_INFINITY;
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
    this.#sending.start((counts) => events.count(counts));
    this.#poll();
  }

  append(hits: readonly Hit[]): void {
    this.#own.append(hits);
  }

  write(): Promise<void> {
    return this.#own.write();
  }

  mayStillSend(term: number): Promise<boolean> {
    return this.#steps.run(async () => {
      // So that a kill duplicates what is in flight and nothing before it.
      await this.#sending.backlog?.saved();
      if (term === 0) await this.#sending.hold();
      return (await this.#sending.confirm()) && term === this.term;
    }, false);
  }

  async expire(isFresh: IsFresh): Promise<void> {
    // One step each, so that other steps, which keep the lease, are between them.
    while (
      await this.#steps.run(async () => this.#sending.backlog?.expire(isFresh) ?? false, false)
    );
  }

  take(options: TakeOptions): Promise<readonly StoredHit[]> {
    return this.#steps.run(async () => {
      if (options.term !== this.term) return [];
      if (options.delayMillis === 0) await this.#sending.backlog?.refresh();
      const hits = (await this.#sending.backlog?.take(options)) ?? [];
      this.#reports.taken(hits);
      return hits;
    }, []);
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#sending.backlog?.acknowledge(hits, counts);
  }

  noteToken(fingerprint: string, isTracked: boolean): void {
    if (isTracked) this.#token.tracked(fingerprint);
    else this.#token.rejected(fingerprint);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#token.ended;
    await this.#own.close();
    await this.#steps.run(() => this.#readAcknowledgments());
    await this.#steps.run(async () => {
      await this.#sending.close();
      // From now on, the remaining hits are for the next lease holder.
      await unlinkIfThere(join(this.#folder, ownerName(this.#instance)));
      await this.#sending.release();
    });
  }

  /** Reads acknowledgments of other processes. Those of this process are known. */
  #readAcknowledgments(): Promise<void> {
    const { backlog } = this.#sending;
    return this.#own.segments.readAcknowledgments((segment) => backlog?.has(segment) ?? false);
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
    await this.#sending.hold();
    await this.#sending.backlog?.refresh();
    await this.#readAcknowledgments();
    this.#own.bytesInFolder = await this.#size.measure(this.#own.bytesInFolder);
    if (this.#closed === undefined) this.#own.closeSegment();
  }

  /** If the folder is gone, its hits are lost, and new ones wait in memory. */
  async #recover(error: unknown): Promise<void> {
    this.#own.reportFailure(error);
    if (!(await readdir(this.#folder).then(() => false, isMissing))) return;
    this.#own.bytesInFolder = 0;
    await this.#sending.stop();
    await this.#own.segments.readAcknowledgments();
  }
}
