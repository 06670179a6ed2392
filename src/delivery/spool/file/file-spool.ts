import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SerialQueue } from '../../../common/serial-queue.js';
import type { Hit } from '../../../hit/hit.js';
import type { EncodedHit } from '../../batch.js';
import type { DeliveryCounters } from '../../counters.js';
import type { SpoolReports } from '../spool-reports.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from '../spool-store.js';
import { isMissing } from './is-missing.js';
import { type ProcessIdentity, writeHeartbeat } from './liveness.js';
import { LocalHits, type OwnHitsOptions } from './local-hits.js';
import { ownerName } from './segment-names.js';
import { SenderTerm } from './sender-term.js';
import { keepVisitorKey } from './spool-folder.js';
import { SpoolSize } from './spool-size.js';
import { unlinkIfThere } from './sweep.js';

/** How often the folder is looked at: whether the sender has gone, and what it has decided. */
const LOOK_MILLIS = 500;

/** Segments in a folder; see `segment-names.ts` and `hit-line.ts` for what is in it. */
export class FileSpool implements SpoolStore {
  readonly ready: Promise<void> = Promise.resolve();
  readonly #folder: string;
  readonly #instance: string;
  readonly #identity: ProcessIdentity;
  readonly #reports: SpoolReports;
  readonly #size: SpoolSize;
  readonly #own: LocalHits;
  readonly storeSync: LocalHits['storeSync'] = (hits) => this.#own.storeSync(hits);
  readonly #sending: SenderTerm;
  readonly #steps: SerialQueue;
  #timer: NodeJS.Timeout | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    options: OwnHitsOptions,
    instance: string,
    identity: ProcessIdentity,
    reports: SpoolReports,
  ) {
    this.#folder = options.folder;
    this.#instance = instance;
    this.#identity = identity;
    this.#reports = reports;
    this.#size = new SpoolSize(options.folder);
    this.#own = new LocalHits(options, instance, reports, (...written) =>
      this.#sending.backlog?.feed(...written),
    );
    const { folder } = options;
    this.#sending = new SenderTerm({ folder, instance, identity, reports, own: this.#own });
    this.#steps = new SerialQueue({ onError: (error) => reports.unreadable(error) });
  }

  get pending(): number {
    return this.#own.writing + this.spooled;
  }

  get spooled(): number {
    return this.#own.written + this.#sending.adoptedOpen;
  }

  get adopted(): number {
    return this.#sending.adopted;
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

  /** The key of visitor ids that all processes and restarts with this folder agree on. */
  keepVisitorKey(): Buffer | undefined {
    try {
      return keepVisitorKey(this.#folder);
    } catch (error) {
      this.#reports.noVisitorKey(error);
      return undefined;
    }
  }

  start(events: SpoolEvents): void {
    this.#own.start(events);
    this.#sending.start((counts) => events.count(counts));
    this.#look();
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

  expire(isFresh: IsFresh): Promise<void> {
    return this.#steps.run(async () => this.#sending.backlog?.expire(isFresh), undefined);
  }

  take(options: TakeOptions): Promise<readonly StoredHit[]> {
    return this.#steps.run(async () => {
      if (options.term !== this.term) return [];
      if (options.delayMillis === 0) await this.#sending.backlog?.refresh();
      return (await this.#sending.backlog?.take(options)) ?? [];
    }, []);
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#sending.backlog?.acknowledge(hits, counts);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#own.close();
    await this.#steps.run(() => this.#readAcknowledgments());
    await this.#steps.run(async () => {
      await this.#sending.close();
      // From now on what is left is for whoever has the folder next.
      await unlinkIfThere(join(this.#folder, ownerName(this.#instance)));
      await this.#sending.release();
    });
  }

  /** What another process has decided; where this one sends, it knows. */
  #readAcknowledgments(): Promise<void> {
    const { backlog } = this.#sending;
    return this.#own.segments.readAcknowledgments((segment) => backlog?.has(segment) ?? false);
  }

  #look(): void {
    const looked = this.#steps.run(() => this.#maintain().catch((error) => this.#recover(error)));
    void looked.then(() => {
      if (this.#closed !== undefined) return;
      this.#timer = setTimeout(() => this.#look(), LOOK_MILLIS).unref();
    });
  }

  async #maintain(): Promise<void> {
    await writeHeartbeat(join(this.#folder, ownerName(this.#instance)), this.#identity);
    await this.#sending.hold();
    await this.#sending.backlog?.refresh();
    await this.#readAcknowledgments();
    this.#own.bytesInFolder = await this.#size.measure(this.#own.bytesInFolder);
    if (this.#closed === undefined) this.#own.makeRoom();
  }

  /** Where the folder is no more, what was in it is lost, and hits wait in memory. */
  async #recover(error: unknown): Promise<void> {
    this.#own.reportFailure(error);
    if (!(await readdir(this.#folder).then(() => false, isMissing))) return;
    this.#own.bytesInFolder = 0;
    await this.#sending.stop();
    await this.#own.segments.readAcknowledgments();
  }
}
