import { setImmediate as nextTurn } from 'node:timers/promises';
import { withTimeout } from '../../common/with-timeout.js';
import type { EncodedHit } from '../queue/batch.js';
import { addCounters, type DeliveryCounters } from '../queue/counters.js';
import { decodeHit } from '../queue/encode-hits.js';
import { createIsFresh, type FreshnessOptions } from '../queue/freshness.js';
import type { HitReceiver } from '../queue/hit-source.js';
import { MemorySource } from '../queue/memory-source.js';
import type { IsFresh, SpoolStore, TakeOptions } from './spool-store.js';
import { fingerprintToken } from './token-watch.js';

/** Limit for closing a store, which waits one second for its disk. */
const CLOSE_MILLIS = 1_500;

/** Interval for removing hits that are too old, even while nothing can be sent. */
const EXPIRY_MILLIS = 1_000;

/** Interval for storing and reading hits. They must be stored within half a second. */
const INTERVAL_MILLIS = 150;

/** Interval for storing full portions: a queued hit keeps its request in memory, which costs garbage collection. */
const PORTION_MILLIS = 50;

/** Hits that are encoded without a pause, which takes about 0.3 ms. */
const PORTION = 100;

/**
 * Hits that pass through a store, from which one process sends for all. Hits that cannot be stored are sent from memory, or stored
 * when that is possible again.
 */
export class SpoolSource extends MemorySource {
  readonly #store: SpoolStore;
  readonly #isFresh: IsFresh;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SpoolStore, options: FreshnessOptions) {
    super();
    this.#store = store;
    this.#isFresh = createIsFresh(options, true);
  }

  override get pending(): number {
    return this.inMemory + this.#store.pending;
  }

  override get spooled(): number {
    return this.#store.spooled;
  }

  override get spoolHits(): number {
    return this.#store.hits;
  }

  override get takenOver(): number {
    return this.#store.takenOver;
  }

  override get isDurable(): boolean {
    return true;
  }

  override get sendsQueued(): boolean {
    return !this.#store.isWritable;
  }

  /** Starts to store queued hits. */
  override start({ onInterval, takeOver }: HitReceiver): void {
    this.#store.start({
      count: (counts) => addCounters(this.counters, counts),
      giveBack: (hits) => takeOver(this.handOut(hits)),
    });
    let millis = 0;
    this.#timer = setInterval(() => {
      millis += PORTION_MILLIS;
      const isInterval = millis % INTERVAL_MILLIS === 0;
      const isDue = isInterval || this.queued >= PORTION;
      if (isDue && this.#store.isWritable) void this.#storeQueued(false);
      if (millis % EXPIRY_MILLIS === 0) void this.#expire();
      if (isInterval) onInterval();
    }, PORTION_MILLIS).unref();
  }

  override stop(): void {
    clearInterval(this.#timer);
  }

  /** Resolves even if a disk hangs. */
  override close(): Promise<void> {
    return withTimeout(CLOSE_MILLIS, this.#store.close());
  }

  override store(): Promise<void> {
    return this.#storeQueued(true);
  }

  override storeSync(): readonly EncodedHit[] {
    const hits = this.removeQueued(Number.POSITIVE_INFINITY, performance.now(), true);
    return this.handOut(this.#store.storeSync(hits));
  }

  override async findRoom(): Promise<number> {
    await this.#store.ready;
    return this.#store.isWritable ? this.#store.room : 0;
  }

  override async takeBack(hits: readonly EncodedHit[]): Promise<void> {
    this.forget(hits);
    this.#store.append(hits.map(decodeHit));
    await this.#store.write();
  }

  override get term(): number {
    return this.#store.term;
  }

  override get oldestSpooledSeconds(): number {
    return this.#store.oldestSeconds;
  }

  override async findTerm(isUrgent: boolean): Promise<number> {
    // The last holder may have released the lease a moment ago, and this may be the last flush of all processes.
    if (isUrgent) await this.#store.mayStillSend(this.#store.term);
    return this.#store.term;
  }

  override async takeSpooled(options: TakeOptions): Promise<readonly EncodedHit[]> {
    await this.#expire();
    return this.#store.take(options);
  }

  override mayStillSend(term: number): Promise<boolean> {
    return this.#store.mayStillSend(term);
  }

  override noteToken(tokenAuth: string | undefined, isTracked: boolean): void {
    this.#store.noteToken(fingerprintToken(tokenAuth), isTracked);
  }

  override acknowledgeSpooled(hits: readonly EncodedHit[], counts: DeliveryCounters): void {
    this.#store.acknowledge(hits, counts);
  }

  /**
   * Stores queued hits: final ones, or `all`. Encodes them in portions, so that requests are handled in between, and writes them
   * together, because each write waits for the disk. Resolves when all hits so far are stored or failed.
   */
  async #storeQueued(all: boolean): Promise<void> {
    await this.#store.ready;
    for (let left = this.queued; left > 0; left -= PORTION) {
      const hits = this.removeQueued(PORTION, performance.now(), all);
      if (hits.length === 0) break;
      this.#store.append(hits);
      if (left > PORTION) await nextTurn();
    }
    await this.#store.write();
  }

  #expire(): Promise<void> {
    return this.#store.expire(this.#isFresh);
  }
}
