import { setImmediate as nextTurn } from 'node:timers/promises';
import { withTimeout } from '../../common/timers.js';
import { EXIT_WAITS } from '../exit/exit-waits.js';
import { addCounters } from '../queue/counters.js';
import { decodeHit, type EncodedHit } from '../queue/encode-hits.js';
import type { MemoryQueue } from '../queue/memory-queue.js';
import type { IsFresh, SpoolStore, StoredHit, TakeOptions } from './spool-store.js';

/** Interval for removing hits that are too old, even while nothing can be sent. */
const EXPIRY_MILLIS = 1_000;

/** Interval for storing and reading hits, which must be stored within half a second. */
const INTERVAL_MILLIS = 150;

/** Interval for storing full portions: a queued hit keeps its request in memory. */
const PORTION_MILLIS = 50;

/** Hits that are encoded without a pause, so that requests are handled in between. */
const PORTION = 100;

interface SpoolCallbacks {
  /** There may be hits to send or to store. */
  onInterval(): void;
  /** Passes on hits that could not be stored. */
  giveBack(hits: readonly EncodedHit[]): void;
}

/** Moves queued hits from memory to a store, from which one process sends for all. No method rejects. */
export class Spool {
  readonly store: SpoolStore;
  readonly #memory: MemoryQueue;
  readonly #isFresh: IsFresh;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SpoolStore, memory: MemoryQueue, isFresh: IsFresh) {
    this.store = store;
    this.#memory = memory;
    this.#isFresh = isFresh;
  }

  /** Starts to store queued hits. */
  start({ onInterval, giveBack }: SpoolCallbacks): void {
    this.store.start({
      count: (counts) => addCounters(this.#memory.counters, counts),
      giveBack: (hits) => giveBack(this.#memory.encode(hits)),
    });
    let millis = 0;
    this.#timer = setInterval(() => {
      millis += PORTION_MILLIS;
      const isInterval = millis % INTERVAL_MILLIS === 0;
      const isDue = isInterval || this.#memory.queued >= PORTION;
      if (isDue && this.store.isWritable) void this.storeQueued(false);
      if (millis % EXPIRY_MILLIS === 0) void this.#expire();
      if (isInterval) onInterval();
    }, PORTION_MILLIS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Closes the store, in which hits stay. Resolves even if a disk hangs. */
  close(): Promise<void> {
    return withTimeout(EXIT_WAITS.spoolMillis, this.store.close());
  }

  /**
   * Stores queued hits: final ones, or `all`. Encodes them in portions, and writes them together, because each write waits for the
   * disk. Resolves when all hits so far are stored or failed.
   */
  async storeQueued(all: boolean): Promise<void> {
    await this.store.ready;
    for (let left = this.#memory.unencoded; left > 0; left -= PORTION) {
      const hits = this.#memory.remove(PORTION, performance.now(), all);
      if (hits.length === 0) break;
      this.store.append(hits);
      if (left > PORTION) await nextTurn();
    }
    await this.store.write();
  }

  /** At the end of the process: stores the queue synchronously. Returns what cannot be stored. */
  storeSync(): readonly EncodedHit[] {
    const hits = this.#memory.remove(Number.POSITIVE_INFINITY, performance.now(), true);
    return this.#memory.encode(this.store.storeSync(hits));
  }

  /** How many bytes of encoded hits can be stored. */
  async findRoom(): Promise<number> {
    await this.store.ready;
    return this.store.isWritable ? this.store.room : 0;
  }

  /** Stores encoded hits, or gives them back. */
  async storeEncoded(hits: readonly EncodedHit[]): Promise<void> {
    this.#memory.forget(hits);
    this.store.append(hits.map(decodeHit));
    await this.store.write();
  }

  /** The oldest hits of all processes that are not too old. */
  async take(options: TakeOptions): Promise<readonly StoredHit[]> {
    await this.#expire();
    return this.store.take(options);
  }

  #expire(): Promise<void> {
    return this.store.expire(this.#isFresh);
  }
}
