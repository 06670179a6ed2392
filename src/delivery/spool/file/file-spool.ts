import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hit } from '../../../hit/hit.js';
import type { EncodedHit } from '../../batch.js';
import { type DeliveryCounters, sumOfCounters } from '../../counters.js';
import type { SpoolReports } from '../spool-reports.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from '../spool-store.js';
import { Backlog } from './backlog.js';
import { isMissing } from './is-missing.js';
import { Lease } from './lease.js';
import { LivenessMonitor, type ProcessIdentity, writeHeartbeat } from './liveness.js';
import { LocalHits, type OwnHitsOptions } from './local-hits.js';
import { ownerName } from './segment-names.js';
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
  readonly #life: LivenessMonitor;
  readonly #lease: Lease;
  readonly #size: SpoolSize;
  readonly #own: LocalHits;
  readonly storeSync: LocalHits['storeSync'] = (hits) => this.#own.storeSync(hits);
  #events: SpoolEvents | undefined;
  #backlog: Backlog | undefined; // of the process that sends
  #term = 0;
  #terms = 0;
  #adopted = 0;
  #adoptedOpen = 0;
  #timer: NodeJS.Timeout | undefined;
  /** One step after the other. */
  #steps: Promise<unknown> = Promise.resolve();
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
    this.#life = new LivenessMonitor(identity);
    this.#size = new SpoolSize(options.folder);
    this.#lease = new Lease(options.folder, identity, this.#life);
    this.#own = new LocalHits(options, instance, reports, (...written) =>
      this.#backlog?.feed(...written),
    );
  }

  get pending(): number {
    return this.#own.writing + this.spooled;
  }

  get spooled(): number {
    return this.#own.written + this.#adoptedOpen;
  }

  get adopted(): number {
    return this.#adopted;
  }

  get isWritable(): boolean {
    return this.#closed === undefined && this.#own.isWritable;
  }

  get room(): number {
    return this.#own.room;
  }

  get term(): number {
    return this.#term;
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
    this.#events = events;
    this.#own.start(events);
    this.#look();
  }

  append(hits: readonly Hit[]): void {
    this.#own.append(hits);
  }

  write(): Promise<void> {
    return this.#own.write();
  }

  mayStillSend(term: number): Promise<boolean> {
    return this.#step(async () => {
      await this.#backlog?.saved(); // a kill doubles what is in flight and nothing before it
      return (await this.#stillSends()) && term === this.#term;
    }, false);
  }

  expire(isFresh: IsFresh): Promise<void> {
    return this.#step(async () => this.#backlog?.expire(isFresh), undefined);
  }

  take(options: TakeOptions): Promise<readonly StoredHit[]> {
    return this.#step(async () => {
      if (options.term !== this.#term) return [];
      if (options.delayMillis === 0) await this.#backlog?.refresh();
      return (await this.#backlog?.take(options)) ?? [];
    }, []);
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#backlog?.acknowledge(hits, counts);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#own.close();
    await this.#step(() => this.#readAcknowledgments(), undefined);
    await this.#step(async () => {
      await this.#backlog?.close();
      this.#backlog = undefined;
      this.#term = 0;
      // From now on what is left is whose the folder is next.
      await unlinkIfThere(join(this.#folder, ownerName(this.#instance)));
      await this.#lease.release();
    }, undefined);
  }

  /** What another process has decided; where this one sends, it knows. */
  #readAcknowledgments(): Promise<void> {
    return this.#own.readAcknowledgments((segment) => this.#backlog?.has(segment) ?? false);
  }

  #look(): void {
    void this.#step(() => this.#maintain().catch((error) => this.#recover(error)), undefined).then(
      () => {
        if (this.#closed !== undefined) return;
        this.#timer = setTimeout(() => this.#look(), LOOK_MILLIS).unref();
      },
    );
  }

  async #maintain(): Promise<void> {
    await writeHeartbeat(join(this.#folder, ownerName(this.#instance)), this.#identity);
    if (await this.#stillSends()) await this.#lease.touch();
    else if (await this.#lease.acquire()) this.#startSending();
    await this.#backlog?.refresh();
    await this.#readAcknowledgments();
    this.#own.bytesInFolder = await this.#size.measure(this.#own.bytesInFolder);
    if (this.#closed === undefined) this.#own.makeRoom();
  }

  /** Where the folder is no more, what was in it is lost, and hits wait in memory. */
  async #recover(error: unknown): Promise<void> {
    this.#own.reportFailure(error);
    if (!(await readdir(this.#folder).then(() => false, isMissing))) return;
    this.#own.bytesInFolder = 0;
    await this.#stopSending();
    await this.#own.readAcknowledgments();
  }

  /** Where another has taken over, what was read here is its to decide, also if it has gone by now. */
  async #stillSends(): Promise<boolean> {
    if (this.#term !== 0 && !(await this.#lease.confirm())) await this.#stopSending();
    return this.#term !== 0;
  }

  #startSending(): void {
    this.#terms += 1;
    this.#term = this.#terms;
    this.#backlog = new Backlog(this.#folder, this.#instance, this.#lease.number, this.#life, {
      adopt: (hits) => {
        this.#adopted += hits;
        this.#adoptedOpen += hits;
        return this.#lease.touch();
      },
      countAdopted: (counts) => {
        this.#adoptedOpen -= sumOfCounters(counts);
        this.#events?.count(counts);
      },
      stillSends: () => this.#lease.confirm(),
      learn: (segment, counts) => this.#own.learn(segment, counts),
      finish: (segment) => this.#own.finish(segment),
      unreadable: (segment, error) => this.#reports.unreadableSegment(segment, error),
      lost: (hits, segment) => this.#reports.lost(hits, `they are no longer in ${segment}`),
      broken: (segment) => this.#reports.broken(segment),
      notWritten: (error) => this.#own.reportFailure(error),
    });
  }

  async #stopSending(): Promise<void> {
    if (this.#term === 0) return;
    const backlog = this.#backlog;
    this.#backlog = undefined;
    this.#term = 0;
    this.#adopted -= this.#adoptedOpen; // whoever sends now adopts them
    this.#adoptedOpen = 0;
    await backlog?.abandon();
  }

  /** Never rejects. */
  #step<T>(run: () => Promise<T>, otherwise: T): Promise<T> {
    const done = this.#steps.then(run).catch((error: unknown) => {
      this.#reports.unreadable(error);
      return otherwise;
    });
    this.#steps = done;
    return done;
  }
}
