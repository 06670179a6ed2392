import { beginSlice } from '../common/slices.js';
import { type Batch, decidedHits } from './batch.js';
import type { BatchQueue } from './batch-queue.js';
import { lostHits, sumOfCounters } from './counters.js';
import type { DeliveryOptions } from './delivery-options.js';
import { createIsFresh } from './freshness.js';
import type { HitSource } from './hit-source.js';
import type { Outcome } from './outcome.js';
import type { Sender } from './sender.js';
import { SpooledBatches } from './spooled-batches.js';

export interface BatchSenderParts {
  readonly source: HitSource;
  /** Of hits from memory. */
  readonly batches: BatchQueue;
  readonly sender: Sender;
  readonly options: DeliveryOptions;
}

/** Makes batches of hits and sends them one after the other, from memory and from the spool, until an attempt fails. */
export class BatchSender {
  /** What is stored is sent until then: the last bulk has time for its answer, and what is left stays stored. */
  storedUntilMillis: number = Number.POSITIVE_INFINITY;
  /** Nothing is sent any more. */
  hasEnded = false;
  /** Only what was due at the call is sent, so that a busy server comes to an end. */
  isClosing = false;
  readonly #parts: BatchSenderParts;
  readonly #spooled: SpooledBatches;
  #takesCrashes = true;
  #inFlight: Batch | undefined;
  #isUnavailable = false;
  #isGivingBack = false;

  constructor(parts: BatchSenderParts) {
    this.#parts = parts;
    this.#spooled = new SpooledBatches(parts.source, parts.options.maxExportBatchSize);
  }

  /** Whether Matomo has not refused crashes so far. */
  get takesCrashes(): boolean {
    return this.#takesCrashes;
  }

  /** Sent from memory and not decided yet. */
  get inFlight(): Batch | undefined {
    return this.#inFlight;
  }

  /** Whether Matomo took nothing at the last attempt. */
  get isUnavailable(): boolean {
    return this.#isUnavailable;
  }

  /** Hits that failed alone and wait until something else is decided. */
  get suspects(): number {
    return this.#parts.batches.suspects + this.#spooled.suspects;
  }

  /** Until an attempt fails: whole batches, and what fills none where that is due, of final hits or of all. */
  async sendQueued(due: number, all: boolean): Promise<void> {
    const { batches, source, options } = this.#parts;
    let left = due;
    while (!this.hasEnded && (left > 0 || !this.isClosing)) {
      const now = performance.now();
      this.fillWhole(now);
      if (left > 0 && batches.takesMore) {
        batches.add(source.takeQueued(options.maxExportBatchSize, now, all));
      }
      const expired = batches.expire(createIsFresh(options.tokenAuth !== undefined));
      source.acknowledgeQueued(expired, lostHits('expired', expired.length));
      const batch = batches.first();
      const outcome = batch && (await this.#sendFromMemory(batch));
      if (outcome === undefined || outcome.kind === 'held') return;
      left -= sumOfCounters(outcome.counts);
    }
  }

  /** What the spool has for this process to send: full batches, and others if the oldest hit has waited so long. */
  async sendSpooled(delayMillis: number): Promise<void> {
    const mayGoOn = () => !this.hasEnded && performance.now() < this.storedUntilMillis;
    while (mayGoOn()) {
      const batch = await this.#spooled.next(delayMillis, this.#takesCrashes);
      if (!batch || !mayGoOn()) return;
      const outcome = await this.#parts.sender.send(batch);
      this.#decide(outcome, () => this.#spooled.decide(batch, outcome));
      if (outcome.kind === 'held') return;
    }
  }

  /** Puts hits into batches as long as they fill one; `false` if it stopped before, so that others have their turn. */
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
   * Gives batches back to be stored, but for the one in flight. Goes on after one that was stored only: each may fail anew, and is
   * handed out again then.
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
