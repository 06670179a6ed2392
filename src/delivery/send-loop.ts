import { describeError } from '../common/describe-error.js';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import { timerMillis } from '../common/timers.js';
import { CHILD_SPAN_WAIT_MILLIS } from '../hit/hit.js';
import type { SendMode } from './queue/failing-hits.js';
import type { SendingParts } from './sender.js';

/** Interval for checking a full batch again if one of its hits is held back. */
const SHORTEST_MILLIS = 5;
/** No attempt is made for so long after an error of this package, which would come again. */
const ERROR_WAIT_MILLIS = 10_000;

/** What a timer is for. One for hits that failed alone may be later than a new hit is due. */
type TimerKind = 'full' | 'due' | 'aside';

/**
 * Decides when hits are sent, one attempt after the other: when a full batch is final, when the oldest hit has waited for
 * `scheduledDelayMillis`, and at the interval of the spool. The steps of an attempt, of `BatchSource` and `Sender`:
 *
 *     begin ──> prepare ──> choose ──> exchange ──> decide ──> apply ──> end: nothing is due, or nothing can be sent now
 *                  ▲                                             │
 *                  └─────────────────────────────────────────────┘
 */
export class SendLoop {
  readonly #parts: SendingParts;
  readonly #attempts: SerialQueue;
  /** Read once, because `update` needs it for each hit. */
  readonly #maxExportBatchSize: number;
  /** The timer for the next batch, which does not keep the process alive. */
  #timer: NodeJS.Timeout | undefined;
  #timerFor: TimerKind | undefined;

  constructor(parts: SendingParts) {
    this.#parts = parts;
    this.#maxExportBatchSize = parts.options.maxExportBatchSize;
    this.#attempts = new SerialQueue({
      scope: parts.scope,
      onIdle: () => {
        parts.losses.check();
        this.update();
      },
      onError: (error) => this.#reportError(error),
    });
  }

  start(): void {
    const { scope, spool, source, memory, isFresh, options } = this.#parts;
    scope.runInAsyncScope(() =>
      spool?.start({
        memory,
        queue: source.queue,
        isFresh,
        maxQueueSize: options.maxQueueSize,
        onInterval: () => this.#onInterval(),
      }),
    );
  }

  /** Call this after a hit was queued. Sets the timer for the next batch; while a batch is being sent, only for a full one. */
  update(): void {
    const { memory, sender, source } = this.#parts;
    const isFull = memory.queued >= this.#maxExportBatchSize;
    // Nearly all hits arrive while the timer is set.
    if (this.#timerFor === 'full' || (this.#timerFor === 'due' && !isFull)) return;
    if (source.isEnding || memory.count === 0) return;
    if (!source.sendsFromMemory && source.queue.totalInMemory === 0) return;
    const now = performance.now();
    if (isFull) {
      const finalMillis = memory.finalMillis(this.#maxExportBatchSize);
      this.#setTimer('full', Math.max(finalMillis, now + SHORTEST_MILLIS));
    } else if (this.#attempts.isIdle) {
      const dueMillis = Math.max(this.#dueMillis, sender.waitUntilMillis);
      // A hit may be due long before it is final.
      const leastMillis = now + CHILD_SPAN_WAIT_MILLIS;
      const kind = memory.untaken === 0 ? 'aside' : 'due';
      this.#setTimer(kind, Math.max(dueMillis, leastMillis));
    }
  }

  /** Sets the timer anew, because hits are due earlier. */
  resetTimer(): void {
    this.#clearTimer();
    this.update();
  }

  /** Makes one attempt to send everything. First stores what belongs into the spool, even while an attempt runs. */
  async sendAll(): Promise<void> {
    const { sender, source, scope } = this.#parts;
    await scope.runInAsyncScope(() => source.storeInTime());
    await this.#attempts.run(async () => {
      if (source.isEnding || sender.mayFlush) await sender.send('flush');
    });
  }

  /** Ends the timers: only `sendAll` sends. */
  stop(): void {
    this.#clearTimer();
    this.#parts.spool?.stop();
  }

  /** Resolves when the batch in flight is counted. */
  get ended(): Promise<void> {
    return this.#attempts.ended;
  }

  /** When everything queued is due, including partial batches. */
  get #dueMillis(): number {
    const { source, memory } = this.#parts;
    return Math.min(source.failing.dueMillis(false), memory.oldestMillis + source.delayMillis);
  }

  /** Sets the timer, or one that ends earlier if the wait exceeds the longest timer. */
  #setTimer(kind: TimerKind, dueMillis: number): void {
    this.#clearTimer();
    this.#timerFor = kind;
    this.#parts.scope.runInAsyncScope(() => {
      this.#timer = setTimeout(
        () => {
          this.#clearTimer();
          this.#attempt(performance.now() >= this.#dueMillis ? 'due' : 'full');
        },
        timerMillis(dueMillis - performance.now()),
      ).unref();
    });
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timerFor = undefined;
  }

  /** The interval of the spool. */
  #onInterval(): void {
    const { source, losses } = this.#parts;
    losses.check();
    this.update();
    if (!this.#attempts.isIdle) return;
    source.expire(); // even while nothing can be sent
    this.#attempt('full');
  }

  /** Begins an attempt. While none may begin, makes full batches: taken hits no longer keep their requests in memory. */
  #attempt(mode: SendMode): void {
    const { sender, source } = this.#parts;
    const mayStart = this.#attempts.isIdle && performance.now() >= sender.waitUntilMillis;
    if (mayStart) return void this.#attempts.run(() => sender.send(mode));
    const filled = source.fill().then(() => this.update());
    filled.catch((error) => this.#reportError(error));
  }

  #reportError(error: unknown): void {
    this.#parts.sender.waitUntilMillis = performance.now() + ERROR_WAIT_MILLIS;
    const text = `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`;
    this.#parts.diagnostics.warnOnce('send', coded('internal-error', text));
  }
}
