import { beginSlice } from '../common/slices.js';
import type { Outcome } from './answer/outcome.js';
import type { DeliveryOptions } from './delivery-options.js';
import { type Batch, decidedHits } from './queue/batch.js';
import type { BatchQueue } from './queue/batch-queue.js';
import { lostHits, sumOfCounters } from './queue/counters.js';
import { createIsFresh } from './queue/freshness.js';
import type { HitSource } from './queue/hit-source.js';
import type { Sender } from './sender.js';
import type { IsFresh } from './spool/spool-store.js';
import { SpooledBatches } from './spool/spooled-batches.js';

export interface BatchSenderParts {
  readonly source: HitSource;
  /** Batches of hits from memory. */
  readonly batches: BatchQueue;
  readonly sender: Sender;
  readonly options: DeliveryOptions;
}

/** Makes batches of hits from memory and from the spool and sends them one after the other, until an attempt fails. */
export class BatchSender {
  /** Spooled hits are sent until then, so that there is time for the last response. The others stay in the spool. */
  storedUntilMillis: number = Number.POSITIVE_INFINITY;
  /** Nothing more is sent. */
  hasEnded = false;
  /** Sends only hits that are queued when the call begins, so that a busy server can shut down. */
  isClosing = false;
  readonly #parts: BatchSenderParts;
  readonly #spooled: SpooledBatches;
  readonly #isFresh: IsFresh;
  #takesCrashes = true;
  #inFlight: Batch | undefined;
  #isUnavailable = false;
  #isGivingBack = false;

  constructor(parts: BatchSenderParts) {
    const { source, options } = parts;
    this.#parts = parts;
    this.#isFresh = createIsFresh(options, source.isDurable);
    this.#spooled = new SpooledBatches(source, options.maxExportBatchSize, this.#isFresh);
  }

  /** `false` after Matomo rejected crashes. */
  get takesCrashes(): boolean {
    return this.#takesCrashes;
  }

  /** The batch from memory that is being sent. */
  get inFlight(): Batch | undefined {
    return this.#inFlight;
  }

  /** Whether the last attempt failed. */
  get isUnavailable(): boolean {
    return this.#isUnavailable;
  }

  /** Number of hits that failed alone and are sent again after another bulk was decided. */
  get suspects(): number {
    return this.#parts.batches.suspects + this.#spooled.suspects;
  }

  /** Start of the oldest request whose hit is encoded, in epoch seconds; `Infinity` if there is none. */
  get oldestSeconds(): number {
    const { batches, source } = this.#parts;
    return Math.min(
      batches.oldestSeconds,
      this.#spooled.oldestSeconds,
      source.oldestSpooledSeconds,
    );
  }

  /** Sends `due` hits until an attempt fails: full batches, then partial ones. `all` includes hits that are not final yet. */
  async sendQueued(due: number, all: boolean): Promise<void> {
    const { batches, source, options } = this.#parts;
    let left = due;
    while (!this.hasEnded && (left > 0 || !this.isClosing)) {
      const now = performance.now();
      this.fillWhole(now);
      if (left > 0 && batches.takesMore) {
        batches.add(source.takeQueued(options.maxExportBatchSize, now, all));
      }
      const expired = batches.expire(this.#isFresh);
      source.acknowledgeQueued(expired, lostHits('expired', expired.length));
      const batch = batches.first();
      const outcome = batch && (await this.#sendFromMemory(batch));
      if (outcome === undefined || outcome.kind === 'held') return;
      left -= sumOfCounters(outcome.counts);
    }
  }

  /** Sends full batches from the spool, and partial ones if their oldest hit is older than `delayMillis`. */
  async sendSpooled(delayMillis: number): Promise<void> {
    const { sender, source } = this.#parts;
    const mayGoOn = () => !this.hasEnded && performance.now() < this.storedUntilMillis;
    while (mayGoOn()) {
      const batch = await this.#spooled.next(delayMillis, this.#takesCrashes);
      if (!batch || !mayGoOn()) return;
      const outcome = await sender.send(batch);
      this.#decide(outcome, () => this.#spooled.decide(batch, outcome));
      const { tracked, invalid } = outcome.counts;
      const isRejected = outcome.refusesToken === true || invalid > 0;
      if (tracked > 0 || isRejected) source.noteToken(sender.tokenAuth, tracked > 0);
      if (outcome.kind === 'held') return;
    }
  }

  /** Drops hits of the spool that are too old. No batch may be in flight. */
  expireSpooled(): void {
    this.#spooled.expire();
  }

  /** Makes batches while the source can fill them. Returns `false` if it stopped early to yield to other work. */
  fillWhole(nowMillis: number): boolean {
    const { batches, source, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    const isOver = beginSlice();
    while (source.hasQueued(max, nowMillis)) {
      batches.add(source.takeQueued(max, nowMillis, false));
      if (isOver()) return false;
    }
    return true;
  }

  /**
   * Moves batches that are not in flight from memory to the spool, one by one. A batch that the spool could not store is queued
   * in memory again.
   */
  async giveBack(): Promise<void> {
    const { batches, source } = this.#parts;
    if (this.#isGivingBack || batches.size === 0) return;
    this.#isGivingBack = true;
    for (let room = await source.findRoom(); batches.size > 0; room = await source.findRoom()) {
      const hits = batches.takeBatch(this.#inFlight, room);
      if (hits.length === 0) break;
      await source.takeBack(hits);
    }
    this.#isGivingBack = false;
  }

  /** Counts all hits in memory as lost. */
  drop(): void {
    this.#parts.batches.clear();
    this.#parts.source.drop();
  }

  async #sendFromMemory(batch: Batch): Promise<Outcome> {
    const { batches, sender, source } = this.#parts;
    this.#inFlight = batch;
    const outcome = await sender.send(batch);
    this.#inFlight = undefined;
    const { counts, again } = outcome;
    this.#decide(outcome, () => {
      source.acknowledgeQueued(decidedHits(batch, again), counts);
      batches.replaceFirst(batch, again, outcome.kind === 'split');
    });
    return outcome;
  }

  #decide({ kind, refusesCrashes }: Outcome, decide: () => void): void {
    const { batches, source } = this.#parts;
    this.#isUnavailable = kind === 'held';
    decide();
    if (!refusesCrashes) return;
    this.#takesCrashes = false;
    const refused = batches.dropCrashes();
    source.acknowledgeQueued(refused, lostHits('rejected', refused.length));
    this.#spooled.refuseCrashes();
  }
}
