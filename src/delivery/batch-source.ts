import { coded } from '../common/messages.js';
import { EXIT_WAITS } from '../common/signals-and-exit.js';
import { withTimeout } from '../common/timers.js';
import type { Hit } from '../hit/hit.js';
import { adviceFor } from './answer/outage.js';
import { failingMillis } from './answer/verdicts.js';
import type { DeliveryParts } from './delivery-options.js';
import { type Batch, countOf } from './queue/batch.js';
import { BatchQueue, type HitsOfBatch } from './queue/batch-queue.js';
import type { HitResultCounts, LossReason } from './queue/counters.js';
import { FailingHits, SEND_MODES, type SendMode } from './queue/failing-hits.js';
import type { JournalHit } from './spool/journal.js';
import type { Spool } from './spool/spool.js';

/** How long to wait for a spool before hits from memory are sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;
/** Interval for checking meanwhile whether a shutdown has begun. */
const POLL_MILLIS = 100;

/**
 * Makes batches of hits from memory and from the spool: those of its mode, in the order of `FailingHits`.
 *
 *     memory ──take──> queue ──next──> sender
 *       │ ▲ store, give back ▲
 *       ▼ │                  │
 *     spool ─────────────────┘
 */
export class BatchSource {
  readonly queue: BatchQueue;
  readonly failing: FailingHits;
  readonly #parts: DeliveryParts;
  /** How long a hit waits for others. */
  delayMillis: number;
  /** Spooled hits are sent until then. */
  #storedUntilMillis = Number.POSITIVE_INFINITY;
  /** The spool has not answered yet, perhaps since an earlier call. */
  #isLoading = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    const { options, random } = parts;
    this.delayMillis = options.scheduledDelayMillis;
    this.queue = new BatchQueue(options.maxExportBatchSize);
    this.failing = new FailingHits(this.queue, (n) => failingMillis(n, random));
  }

  /** Whether hits are sent from memory. If not, they are stored first. */
  get sendsFromMemory(): boolean {
    return this.#parts.spool?.isWritable !== true;
  }

  /** Whether the process ends: the mode is `shutdown` or `exit`. */
  get isEnding(): boolean {
    return this.failing.rule.isLast;
  }

  /** Whether nothing more is sent while the event loop runs. */
  get isOver(): boolean {
    return this.failing.rule === SEND_MODES.exit;
  }

  /** Begins an attempt. While the process ends, its mode stays. */
  begin(mode: SendMode): void {
    const rule = this.isEnding ? this.failing.rule : SEND_MODES[mode];
    this.failing.begin(rule);
    if (!this.isOver) this.fill(rule.takes !== 'none');
  }

  shutdown(millis: number): void {
    this.failing.begin(SEND_MODES.shutdown);
    this.#storedUntilMillis = performance.now() + millis / 2;
  }

  exit(): void {
    this.failing.begin(SEND_MODES.exit);
  }

  /** Makes batches of the hits that are in memory now: full ones, and with `hasRest` one of the rest. */
  fill(hasRest: boolean): void {
    const { memory, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    if (!this.sendsFromMemory) return;
    while (memory.queued >= max || (hasRest && memory.queued > 0))
      this.queue.add(memory.take(max), false);
  }

  /** Gets hits for the next batch. Returns whether it may have hits of the spool. */
  async prepare(): Promise<boolean> {
    const withStored = this.#parts.spool !== undefined && (await this.#loadStored());
    if (!this.isEnding && this.failing.needsMore(withStored)) this.fill(false);
    return withStored;
  }

  /**
   * The next batch; `undefined` if none is due. From then on, it is in flight: it must be sent in the same turn, because the process may end
   * in the next one.
   */
  choose(withStored: boolean): Batch | undefined {
    this.expire();
    return this.failing.next(performance.now(), withStored);
  }

  /** In the last flush of a process: the next batch from memory. */
  nextAtExit(): Batch | undefined {
    this.exit();
    const { memory, options } = this.#parts;
    if (this.sendsFromMemory && this.failing.needsMore(false))
      this.queue.add(memory.take(options.maxExportBatchSize), false);
    return this.choose(false);
  }

  /** Drops hits that are too old. */
  expire(): void {
    const { isFresh } = this.#parts;
    if (isFresh({ startSeconds: this.queue.oldestSeconds })) return;
    this.#lose('expired', (hit) => !isFresh(hit));
  }

  /**
   * Counts results of taken hits, which are then no longer in memory or in the spool. `counts` add up to their number. `invalid`: those that are
   * known to be invalid.
   */
  count(
    { isStored, hits }: HitsOfBatch,
    counts: HitResultCounts,
    invalid: readonly Hit[] = counts.invalid === hits.length ? hits : [],
  ): void {
    const { memory, spool, losses } = this.#parts;
    losses.nameInvalid(invalid);
    if (isStored) spool?.acknowledge(hits as JournalHit[], counts);
    else memory.acknowledge(hits, counts);
  }

  #lose(reason: LossReason, isLost: (hit: Hit) => boolean): void {
    for (const batch of this.queue.dropHits(isLost))
      this.count(batch, { [reason]: batch.hits.length });
  }

  /** A batch was processed. The hit that this proves to be the cause of its failures is counted, too. */
  succeed(batch: Batch): void {
    const rejected = this.failing.succeeded(batch);
    if (!rejected?.failure) return;
    const { areInvalid, reason } = rejected.failure;
    this.count(rejected, areInvalid ? { invalid: 1 } : { rejected: 1 });
    if (areInvalid) return;
    this.#parts.diagnostics.lines.add('rejected', 1, (hits) => {
      const text = `${countOf(hits)} failed three times when sent alone, although Matomo processed other hits directly before and after (${reason.reason}). Lost and counted as rejected. ${adviceFor(reason.code)}`;
      return coded('rejected', text);
    });
  }

  /**
   * Moves hits from memory to the spool. What it has not taken in time is sent from memory; while the process ends, also what it may still
   * take: a duplicate is better than a loss.
   */
  async storeInTime(): Promise<void> {
    const { spool } = this.#parts;
    if (!spool) return;
    const stored = spool.store().then(() => true);
    const isInTime = !spool.writer.isHanging && (await this.#isInTime(stored));
    if (isInTime || this.isOver) return;
    spool.writer.giveUp(this.isEnding);
    // What was given up may be stored after all, and must not be read then.
    if (this.isEnding) this.#storedUntilMillis = 0;
  }

  /** Counts all hits in memory as lost. */
  drop(): void {
    this.queue.clear();
    this.#parts.memory.drop();
  }

  /**
   * Waits for the spool: while the process ends, no longer than its hits are sent, but long enough for a slow disk. A shutdown may begin
   * meanwhile.
   */
  async #isInTime(work: Promise<boolean>): Promise<boolean> {
    const startMillis = performance.now();
    for (;;) {
      const leastMillis = startMillis + EXIT_WAITS.otherWriteMillis;
      const lastMillis = Math.max(leastMillis, this.#storedUntilMillis);
      const endMillis = Math.min(lastMillis, startMillis + PATIENCE_MILLIS);
      const leftMillis = Math.min(endMillis - performance.now(), POLL_MILLIS);
      if (leftMillis <= 0) return false;
      const result = await withTimeout(leftMillis, work, true);
      if (result !== undefined) return result;
    }
  }

  /** Takes hits from the spool if the queue needs more. Returns whether hits of the spool may be sent. */
  async #loadStored(): Promise<boolean> {
    const { spool } = this.#parts;
    if (!spool || this.#isLoading || performance.now() >= this.#storedUntilMillis) return false;
    this.#isLoading = true;
    const loaded = this.#load(spool).finally(() => {
      this.#isLoading = false;
    });
    return (await this.#isInTime(loaded)) && performance.now() < this.#storedUntilMillis;
  }

  async #load(spool: Spool): Promise<boolean> {
    const { maxExportBatchSize: max, maxQueueSize } = this.#parts.options;
    await spool.ready;
    const { isTokenRejected, rule } = this.failing;
    const isUrgent = isTokenRejected || rule.takes === 'all';
    const wanted = () => {
      const { total, failedTotal } = this.queue;
      const room = Math.min(maxQueueSize - total, isTokenRejected ? maxQueueSize : max);
      // If all hits have failed, only another one that is processed can show that they are the cause.
      const count = total === failedTotal ? Math.max(1, room) : room;
      return this.failing.needsMore(true) ? count : 0;
    };
    return spool.load(wanted, isUrgent ? 0 : this.delayMillis);
  }
}
