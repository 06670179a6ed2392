import { runAtOnce, runInSlices, type Steps } from '../common/slices.js';
import { withTimeout } from '../common/timers.js';
import { failingMillis } from './answer/back-off.js';
import type { DeliveryParts } from './delivery-options.js';
import type { Batch } from './queue/batch.js';
import { BatchQueue } from './queue/batch-queue.js';
import { FailingHits } from './queue/failing-hits.js';
import type { HitResults } from './queue/hit-results.js';
import type { Journal } from './spool/journal.js';
import type { Spool } from './spool/spool.js';

/** Hits that are finalized in one turn of the event loop, so that no turn takes long. */
const HITS_PER_TURN = 25;

/** How long to wait for a spool before hits from memory are sent instead: a disk may hang. */
const PATIENCE_MILLIS = 2_000;

interface BatchSourceParts extends Pick<DeliveryParts, 'options' | 'memory' | 'spool' | 'isFresh'> {
  readonly random: () => number;
  readonly results: HitResults;
}

/** What is wanted of the next batch. */
interface NextBatch {
  /** Partial batches of hits from memory, too. */
  readonly isDue: boolean;
  /** Also hits that are not final yet. */
  readonly all: boolean;
  /** Hits from the spool make a batch if they fill it, or the oldest is older. */
  readonly delayMillis: number;
}

/**
 * Makes batches of hits from memory and from the spool, in the order of `FailingHits`:
 *
 *     memory ──take──> queue ──next──> sender
 *       │ ▲ store, give back ▲
 *       ▼ │                  │
 *     spool ─────────────────┘
 */
export class BatchSource {
  readonly queue: BatchQueue;
  readonly failing: FailingHits;
  /** `false` after Matomo rejected crashes. */
  takesCrashes = true;
  readonly #parts: BatchSourceParts;
  /** Spooled hits are sent until then. */
  #storedUntilMillis = Number.POSITIVE_INFINITY;
  #takesOnlyDue = false;
  #hasEnded = false;
  /** The journal from which the stored hits in the queue were taken. */
  #journal: Journal | undefined;
  /** The call of `fill` that runs. */
  #filling: Promise<void> | undefined;
  /** The spool has not answered yet, perhaps since an earlier call. */
  #isLoading = false;
  #isStoring = false;

  constructor(parts: BatchSourceParts) {
    this.#parts = parts;
    const { options, random } = parts;
    this.queue = new BatchQueue(options.maxExportBatchSize);
    this.failing = new FailingHits(this.queue, (n) => failingMillis(n, random));
  }

  /** Hits without a result. */
  get pending(): number {
    const { memory, spool } = this.#parts;
    return memory.count + (spool?.pending ?? 0);
  }

  /** Start of the oldest request whose hit was taken, in epoch seconds; `Infinity` if none is known. */
  get oldestSeconds(): number {
    const { spool } = this.#parts;
    return Math.min(this.queue.oldestSeconds, spool?.oldestSeconds ?? Number.POSITIVE_INFINITY);
  }

  /** Whether hits are sent from memory. If not, they are stored first. */
  get sendsFromMemory(): boolean {
    return this.#parts.spool?.isWritable !== true;
  }

  /** Makes full batches of the hits that are in memory now, in turns of the event loop; `isFast`: in as few as possible. */
  fill(isFast = false): Promise<void> {
    this.#filling ??= runInSlices(this.#takeFull(isFast)).finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  /**
   * For a shutdown within `millis`: half of it is for hits of the spool, so that there is time for the last response. The others stay there.
   * `takesOnlyDue`: hits in memory that are not due are left, so that a busy server can shut down.
   */
  startClosing(millis: number, takesOnlyDue: boolean): void {
    this.failing.isLast = true;
    this.#storedUntilMillis = performance.now() + millis / 2;
    this.#takesOnlyDue = takesOnlyDue;
  }

  /** From now on, `choose` returns nothing, and only `nextAtExit` returns batches. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Gets hits for the next batch. Returns whether it may have hits of the spool. */
  async prepare({ isDue, all, delayMillis }: NextBatch): Promise<boolean> {
    let withStored = await this.#loadStored(delayMillis);
    if (this.#hasEnded) return false;
    if (this.failing.needsMore(withStored) && (isDue || !this.#takesOnlyDue)) {
      await this.fill(all);
      if (isDue && this.#takesMore(withStored))
        await runInSlices(this.#take(performance.now(), all, all));
      // The process may have stood still in these turns, and another one has taken its journal over.
      withStored &&= await this.#loadStored(delayMillis);
    }
    return withStored;
  }

  /**
   * The next batch; `undefined` if none is due. `isForced`: if nothing else is queued, also a hit that failed alone and is not due. From then
   * on, the batch is in flight: it must be sent in the same turn, because the process may end in the next one.
   */
  choose(withStored: boolean, isForced: boolean): Batch | undefined {
    return this.#hasEnded ? undefined : this.#choose(withStored, isForced);
  }

  /** In the last flush of a process: the next batch from memory. */
  nextAtExit(): Batch | undefined {
    this.failing.isLast = true;
    if (this.#takesMore(false)) runAtOnce(this.#take(performance.now(), true, true));
    return this.#choose(false, true);
  }

  #choose(withStored: boolean, isForced: boolean): Batch | undefined {
    this.expire();
    return this.failing.next({ nowMillis: performance.now(), withStored, isForced });
  }

  /** Drops hits that are too old. */
  expire(): void {
    const { isFresh, results } = this.#parts;
    if (isFresh({ startSeconds: this.queue.oldestSeconds })) return;
    results.lose(
      'expired',
      this.queue.dropHits((hit) => !isFresh(hit)),
    );
  }

  /** From now on, no crashes are sent: Matomo cannot store them. */
  refuseCrashes(): void {
    this.takesCrashes = false;
    const isCrash = ({ kind }: { kind: string }) => kind === 'crash';
    this.#parts.results.lose('rejected', this.queue.dropHits(isCrash));
  }

  /**
   * Moves batches that are not in flight from memory to the spool, one by one. A batch that the spool could not store is queued
   * in memory again.
   */
  async storeBatches(): Promise<void> {
    const { spool } = this.#parts;
    if (!spool || this.#isStoring) return;
    this.#isStoring = true;
    try {
      while (this.queue.size > 0) {
        const hits = this.queue.takeBatch(await spool.findRoom());
        if (hits.length === 0) return;
        await spool.storeEncoded(hits);
      }
    } finally {
      this.#isStoring = false;
    }
  }

  /** Counts all hits in memory as lost. */
  drop(): void {
    this.queue.clear();
    this.#parts.memory.drop();
  }

  /** Whether hits from memory are sent next. */
  #takesMore(withStored: boolean): boolean {
    return this.sendsFromMemory && this.failing.needsMore(withStored);
  }

  *#takeFull(isHurried: boolean): Steps {
    const { memory, options } = this.#parts;
    const { maxExportBatchSize: max } = options;
    let isFast = isHurried;
    for (let left = memory.queued; left >= max; left -= max) {
      const nowMillis = performance.now();
      if (!this.sendsFromMemory || nowMillis < memory.finalMillis(max)) return;
      isFast ||= nowMillis >= memory.finalMillis(2 * max); // a busy server must not fall behind
      const hasAll = yield* this.#take(nowMillis, false, isFast);
      if (!hasAll) return; // some are held back
    }
  }

  /**
   * Takes hits from memory, at most a batch: final ones, or `all`. Unless `isFast`, the event loop has a turn after each portion. Returns
   * whether there were as many.
   */
  *#take(nowMillis: number, all: boolean, isFast: boolean): Steps<boolean> {
    const { memory, options } = this.#parts;
    for (let left = options.maxExportBatchSize; left > 0; left -= HITS_PER_TURN) {
      const count = Math.min(left, HITS_PER_TURN);
      const hits = memory.take(count, nowMillis, all);
      this.queue.add(hits, false);
      if (hits.length < count) return false;
      yield !isFast && count === HITS_PER_TURN;
    }
    return true;
  }

  /** Takes hits from the spool if the queue needs more. Returns whether hits of the spool may be sent. */
  async #loadStored(delayMillis: number): Promise<boolean> {
    const { spool } = this.#parts;
    if (!spool || this.#isLoading || performance.now() >= this.#storedUntilMillis) return false;
    this.#isLoading = true;
    const loaded = this.#load(spool, delayMillis).finally(() => {
      this.#isLoading = false;
    });
    const isLoaded = await withTimeout(PATIENCE_MILLIS, loaded, true);
    return isLoaded === true && performance.now() < this.#storedUntilMillis;
  }

  async #load(spool: Spool, delayMillis: number): Promise<boolean> {
    const { maxExportBatchSize: max, maxQueueSize } = this.#parts.options;
    await spool.ready;
    const { openJournal } = spool;
    if (!openJournal) return false;
    if (this.#journal !== openJournal) this.queue.forgetStored();
    this.#journal = openJournal;
    const { total, failedTotal } = this.queue;
    const { isRefused } = this.failing;
    const room = Math.min(maxQueueSize - total, isRefused ? maxQueueSize : max);
    // If all hits have failed, only another one that is processed can show that they are the cause.
    const count = total === failedTotal ? Math.max(1, room) : room;
    if (count > 0 && this.failing.needsMore(true)) {
      const waitMillis = isRefused ? 0 : delayMillis;
      this.queue.add(await spool.take(openJournal, count, waitMillis), true);
      if (!this.takesCrashes) this.refuseCrashes();
    }
    return spool.mayStillSend(openJournal);
  }
}
