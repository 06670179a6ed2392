import { setImmediate as nextTurn } from 'node:timers/promises';
import { withTimeout } from '../common/with-timeout.js';
import type { Batch, EncodedHit } from './batch.js';
import { addCounters, type DeliveryCounters, lostHits } from './counters.js';
import { createIsFresh } from './freshness.js';
import { Outbox } from './outbox.js';
import type { Outcome } from './outcome.js';
import type { SpoolStore } from './spool/spool-store.js';

/** How long a store may take to end, which waits a second for its disk. */
const CLOSE_MILLIS = 1_500;

/** How long a store is waited for before what is in memory is sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

/** How often hits that are too old are looked for, also while nothing can be sent. */
const EXPIRY_MILLIS = 1_000;

/** How often hits go into the store and come out of it: they are to be stored within half a second. */
const INTERVAL_MILLIS = 150;

/** How often portions go into it that are full: what waits holds its request, and is work for the garbage collector. */
const PORTION_MILLIS = 50;

/** Hits that are taken out of the queue in one go, some 0.3 ms. */
const PORTION = 100;

export interface SpoolFeedOptions {
  readonly tokenAuth: string | undefined;
  readonly maxExportBatchSize: number;
  readonly maxSpoolAgeMillis?: number;
}

/**
 * Hits on their way through a store:
 *
 *     queue of the outbox ──> store ──> batches ──> in flight, where this process sends for all
 *
 * What cannot be stored goes back to the outbox and leaves from memory.
 */
export class SpoolFeed {
  readonly #store: SpoolStore;
  readonly #outbox: Outbox;
  readonly #counters: DeliveryCounters;
  readonly #options: SpoolFeedOptions;
  /** Taken out of the store in this term; it keeps them until they are acknowledged. */
  readonly #taken = new Outbox();
  #term = 0;
  #isAsking = false;
  #isStoringBatches = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    store: SpoolStore,
    outbox: Outbox,
    counters: DeliveryCounters,
    options: SpoolFeedOptions,
  ) {
    this.#store = store;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#options = options;
  }

  get pending(): number {
    return this.#store.pending;
  }

  get spooled(): number {
    return this.#store.spooled;
  }

  get adopted(): number {
    return this.#store.adopted;
  }

  get suspects(): number {
    return this.#taken.suspects;
  }

  /** Whether what is queued is to be stored and not to be sent. */
  get takesQueue(): boolean {
    return this.#store.isWritable;
  }

  /** Stores what is queued from now on, and calls back when there may be something to send. */
  start(onInterval: () => void): void {
    this.#store.start({
      count: (counts) => addCounters(this.#counters, counts),
      giveBack: (hits) => this.#outbox.add(hits),
    });
    let millis = 0;
    this.#timer = setInterval(() => {
      millis += PORTION_MILLIS;
      const isInterval = millis % INTERVAL_MILLIS === 0;
      const isDue = isInterval || this.#outbox.queued >= PORTION;
      if (isDue && this.takesQueue) void this.storeQueued(false);
      if (millis % EXPIRY_MILLIS === 0) void this.#expire();
      if (isInterval) onInterval();
    }, PORTION_MILLIS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /**
   * Stores what is queued: what is final, or `all`. Taken out in portions, so that requests are served between them, and
   * written at once, since each write has the disk to wait for. Fulfilled when nothing that came so far is on its way.
   */
  async storeQueued(all: boolean): Promise<void> {
    await this.#store.ready;
    for (let left = this.#outbox.queued; left > 0; left -= PORTION) {
      const hits = this.#outbox.takeQueued(PORTION, performance.now(), all);
      if (hits.length === 0) break;
      this.#store.append(hits);
      if (left > PORTION) await nextTurn();
    }
    await this.#store.write();
  }

  /**
   * Stores what waits in batches, since nothing could be stored before; not the one in flight. Goes on after one that was
   * stored only: each may fail anew.
   */
  async storeBatched(inFlight: () => Batch | undefined): Promise<void> {
    if (this.#isStoringBatches) return;
    this.#isStoringBatches = true;
    await this.#store.ready;
    while (this.takesQueue && this.#outbox.batched > 0) {
      const hits = this.#outbox.takeBatch(inFlight(), this.#store.room);
      if (hits.length === 0) break;
      this.#store.append(hits);
      await this.#store.write();
    }
    this.#isStoringBatches = false;
  }

  /** For the end of a process: what cannot be stored at once goes back to the outbox, in batches. */
  storeSync(): void {
    const hits = this.#outbox.takeQueued(Number.POSITIVE_INFINITY, performance.now(), true);
    this.#outbox.add(this.#store.storeSync(hits));
  }

  /** What is to be sent next; `undefined` where that is nothing, another process' to do, or not known as yet. */
  async next(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    if (this.#isAsking) return undefined;
    this.#isAsking = true;
    const asked = this.#ask(delayMillis, takesCrashes).finally(() => {
      this.#isAsking = false;
    });
    return withTimeout(PATIENCE_MILLIS, asked);
  }

  async #ask(delayMillis: number, takesCrashes: boolean): Promise<Batch | undefined> {
    // A flush may come before the store has found out whether this process sends.
    if (delayMillis === 0) await this.#store.mayStillSend(this.#term);
    if (this.#term !== this.#store.term) this.#taken.clear();
    this.#term = this.#store.term;
    if (this.#term === 0) return undefined;
    if (this.#taken.takesMore) {
      await this.#expire();
      const { maxExportBatchSize: max } = this.#options;
      const hits = await this.#store.take({ term: this.#term, max, delayMillis });
      this.#taken.addEncoded(hits);
      if (!takesCrashes) this.refuseCrashes();
    }
    const batch = this.#taken.first();
    return batch && (await this.#store.mayStillSend(this.#term)) ? batch : undefined;
  }

  #expire(): Promise<void> {
    const { tokenAuth, maxSpoolAgeMillis } = this.#options;
    return this.#store.expire(createIsFresh(tokenAuth !== undefined, maxSpoolAgeMillis));
  }

  /** Has the store know what was decided about a batch of it. */
  acknowledge(batch: Batch, { counts, again }: Outcome): void {
    const open = new Set<EncodedHit>(again.flatMap(({ hits }) => hits));
    this.#taken.replaceFirst(batch, again);
    const decided = batch.hits.filter((hit) => !open.has(hit));
    if (decided.length > 0) this.#store.acknowledge(decided, counts);
  }

  /** Lets go of crashes, which Matomo cannot take. */
  refuseCrashes(): void {
    const refused = this.#taken.dropCrashes();
    if (refused.length === 0) return;
    this.#store.acknowledge(refused, lostHits('rejected', refused.length));
  }

  /** Resolves in any case: a disk may hang. */
  close(): Promise<void> {
    return withTimeout(CLOSE_MILLIS, this.#store.close());
  }
}
