import type { AsyncResource } from 'node:async_hooks';
import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';
import type { BatchSenderParts } from './batch-sender.js';
import { SendTimer } from './send-timer.js';

/** Decides when hits from memory are due: when a full batch is final, or the oldest hit has waited long enough. */
export class SendSchedule {
  readonly #parts: BatchSenderParts;
  readonly #scope: AsyncResource;
  readonly #timer: SendTimer;
  readonly #maxExportBatchSize: number;
  #isHurried = false;

  /** `onTimer` is called in the scope when a batch may be due. */
  constructor(parts: BatchSenderParts, scope: AsyncResource, onTimer: () => void) {
    this.#parts = parts;
    this.#maxExportBatchSize = parts.options.maxExportBatchSize;
    this.#scope = scope;
    this.#timer = new SendTimer(onTimer);
  }

  /** How long a hit waits for others. */
  get delayMillis(): number {
    const { scheduledDelayMillis } = this.#parts.options;
    return this.#isHurried
      ? Math.min(scheduledDelayMillis, CHILD_SPAN_WAIT_MILLIS)
      : scheduledDelayMillis;
  }

  /** When everything queued is due, including partial batches. */
  get #dueMillis(): number {
    const { batches, source } = this.#parts;
    return batches.size > 0 ? 0 : source.oldestMillis + this.delayMillis;
  }

  isDue(nowMillis: number): boolean {
    return nowMillis >= this.#dueMillis;
  }

  /** Makes hits due as soon as they are final. */
  hurry(): void {
    this.#isHurried = true;
    this.#timer.clear();
  }

  clear(): void {
    this.#timer.clear();
  }

  /** Sets the timer for the next batch. While a batch is being sent, only for a full one. */
  update(isIdle: boolean): void {
    const { batches, source, sender } = this.#parts;
    const isFull = source.queued >= this.#maxExportBatchSize;
    // Nearly all hits arrive while the timer is set.
    if (this.#timer.isSetFor(isFull)) return;
    const isEmpty = source.queued === 0 && source.inMemory === 0;
    if (isEmpty || !(source.sendsQueued || batches.size > 0)) return;
    if (!isFull && !isIdle) return;
    const due = isFull
      ? source.finalMillis(this.#maxExportBatchSize)
      : Math.max(this.#dueMillis, sender.waitUntilMillis);
    this.#scope.runInAsyncScope(() => this.#timer.set(isFull, due));
  }
}
