import type { Hit } from '../../hit/hit.js';
import type { EncodedHit } from '../batch.js';
import type { DeliveryCounters } from '../counters.js';
import type { IsFresh, SpoolEvents, SpoolStore, StoredHit, TakeOptions } from './spool-store.js';

export interface OpenedSpool {
  readonly store: SpoolStore;
  /** The key of visitor IDs stored in it. Available when the store is ready. */
  visitorKey(): Buffer | undefined;
}

/** A store whose code is still being loaded, so that applications start without waiting. Until then it gives hits back. */
export class LazySpool implements SpoolStore {
  readonly ready: Promise<void>;
  readonly #opened: Promise<SpoolStore | undefined>;
  #isOpening = true;
  #spool: OpenedSpool | undefined;
  #events: SpoolEvents | undefined;

  /** `opened` must not reject. It resolves with `undefined` if there is no store. */
  constructor(opened: Promise<OpenedSpool | undefined>) {
    this.#opened = opened.then((spool) => {
      this.#isOpening = false;
      this.#spool = spool;
      return spool?.store;
    });
    this.ready = this.#opened.then((store) => store?.ready);
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

  get adopted(): number {
    return this.#spool?.store.adopted ?? 0;
  }

  get isWritable(): boolean {
    return this.#isOpening || this.#spool?.store.isWritable === true;
  }

  get room(): number {
    return this.#spool?.store.room ?? Number.POSITIVE_INFINITY;
  }

  get term(): number {
    return this.#spool?.store.term ?? 0;
  }

  get hits(): number {
    return this.#spool?.store.hits ?? 0;
  }

  get oldestSeconds(): number {
    return this.#spool?.store.oldestSeconds ?? Number.POSITIVE_INFINITY;
  }

  start(events: SpoolEvents): void {
    this.#events = events;
    void this.#opened.then((store) => store?.start(events));
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

  async mayStillSend(term: number): Promise<boolean> {
    const store = await this.#opened;
    return (await store?.mayStillSend(term)) ?? false;
  }

  async expire(isFresh: IsFresh): Promise<void> {
    const store = await this.#opened;
    await store?.expire(isFresh);
  }

  async take(options: TakeOptions): Promise<readonly StoredHit[]> {
    const store = await this.#opened;
    return (await store?.take(options)) ?? [];
  }

  acknowledge(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#spool?.store.acknowledge(hits, counts);
  }

  async close(): Promise<void> {
    const store = await this.#opened;
    await store?.close();
  }
}
