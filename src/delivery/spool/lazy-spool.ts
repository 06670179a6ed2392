import type { Hit } from '../../hit/hit.js';
import type { DeliveryCounters } from '../queue/counters.js';
import type { EncodedHit } from '../queue/encode-hits.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from './spool-store.js';

export interface OpenedSpool {
  readonly store: SpoolStore;
  /** The key of visitor IDs stored in it. Available when the store is ready. */
  visitorKey(): Buffer | undefined;
}

/** Opens a store whose code is loaded. */
export interface SpoolOpener {
  /** `undefined` if the store cannot be used now. The reason is logged. */
  open(): OpenedSpool | undefined;
  /** Logs nothing more. */
  close(): void;
}

/** A store that cannot be used is opened again after this time. */
const RETRY_MILLIS = 10_000;

/**
 * A store whose code is still being loaded, so that applications start without waiting, or that cannot be used yet. Until then it
 * gives hits back.
 */
export class LazySpool implements SpoolStore {
  readonly ready: Promise<void>;
  readonly #opened: Promise<SpoolStore | undefined>;
  #opener: SpoolOpener | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOpening = true;
  #isClosed = false;
  #spool: OpenedSpool | undefined;
  #events: SpoolEvents | undefined;

  /** `loaded` must not reject, and resolves with `undefined` if there is no store. */
  constructor(loaded: Promise<SpoolOpener | undefined>) {
    this.#opened = loaded.then((opener) => {
      this.#isOpening = false;
      this.#opener = opener;
      return this.#open();
    });
    this.ready = this.#opened.then((store) => store?.ready);
  }

  #open(): SpoolStore | undefined {
    this.#spool = this.#opener?.open();
    if (this.#events) this.#spool?.store.start(this.#events);
    return this.#spool?.store;
  }

  #openLater(): void {
    if (this.#spool || !this.#opener || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#open();
      this.#openLater();
    }, RETRY_MILLIS).unref();
  }

  /** Available when `ready` is resolved. */
  get visitorKey(): Buffer | undefined {
    return this.#spool?.visitorKey();
  }

  get pending(): number {
    return this.#spool?.store.pending ?? 0;
  }

  get spooled(): number {
    return this.#spool?.store.spooled ?? 0;
  }

  get takenOver(): number {
    return this.#spool?.store.takenOver ?? 0;
  }

  get isWritable(): boolean {
    return this.#isOpening || this.#spool?.store.isWritable === true;
  }

  get room(): number {
    return this.#spool?.store.room ?? Number.POSITIVE_INFINITY;
  }

  get lease(): number {
    return this.#spool?.store.lease ?? 0;
  }

  get hits(): number {
    return this.#spool?.store.hits ?? 0;
  }

  get oldestSeconds(): number {
    return this.#spool?.store.oldestSeconds ?? Number.POSITIVE_INFINITY;
  }

  start(events: SpoolEvents): void {
    this.#events = events;
    this.#spool?.store.start(events);
    void this.#opened.then(() => this.#openLater());
  }

  append(hits: readonly Hit[]): void {
    if (this.#spool) this.#spool.store.append(hits);
    else this.#events?.giveBack(hits);
  }

  async write(): Promise<void> {
    await this.#spool?.store.write();
  }

  storeSync(hits: readonly Hit[]): readonly Hit[] {
    return this.#spool ? this.#spool.store.storeSync(hits) : hits;
  }

  async mayStillSend(lease: number): Promise<boolean> {
    await this.#opened;
    return (await this.#spool?.store.mayStillSend(lease)) ?? false;
  }

  async expire(isFresh: IsFresh): Promise<void> {
    await this.#opened;
    await this.#spool?.store.expire(isFresh);
  }

  async take(options: TakeOptions): Promise<readonly StoredHit[]> {
    await this.#opened;
    return (await this.#spool?.store.take(options)) ?? [];
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#spool?.store.acknowledge(hits, counts);
  }

  recordToken(fingerprint: string, isTracked: boolean): void {
    this.#spool?.store.recordToken(fingerprint, isTracked);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#opened;
    await this.#spool?.store.close();
    this.#opener?.close(); // the last hits may not be stored
  }
}
