import { describeError } from '../common/describe-error.js';
import { coded } from '../common/messages.js';
import { SerialQueue } from '../common/serial-queue.js';
import type { SendingParts } from './sender.js';

/** The shortest times until a look: for a full batch, and for other hits, which may fill one. */
const SHORTEST_MILLIS = { full: 5, other: 20 } as const;
/** The longest time between looks while hits are pending: a rejected token may have been replaced. */
const LONGEST_MILLIS = 5_000;
/** What a timer is for. It is set anew for what is more urgent: hits that failed alone may be due much later than a new one. */
const URGENCY = { none: 0, taken: 1, new: 2, full: 3 } as const;
/** No attempt is made for so long after an error of this package, which would come again. */
const ERROR_WAIT_MILLIS = 10_000;

/**
 * Decides when hits are sent, one attempt after the other: when a batch is full, when the oldest hit has waited for
 * `scheduledDelayMillis`, and at the interval of the spool. There is one timer, and none if no hit is pending. The steps of an attempt, of
 * `BatchSource` and `Sender`:
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
  /** The timer for the next look, which does not keep the process alive. */
  #timer: NodeJS.Timeout | undefined;
  /** What it was set for. */
  #urgency: number = URGENCY.none;

  /** Also starts the spool. */
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
    const { scope, spool, source, memory, isFresh, options } = parts;
    scope.runInAsyncScope(() =>
      spool?.start({
        memory,
        queue: source.queue,
        isFresh,
        maxQueueSize: options.maxQueueSize,
        onInterval: () => this.#look(),
      }),
    );
  }

  /**
   * Call this after a hit was queued. Sets the timer; while a batch is being sent, only for a full one. Nearly all hits arrive while it is set
   * for an older one.
   */
  update(): void {
    const { memory, sender, source, scope } = this.#parts;
    const isFull = memory.queued >= this.#maxExportBatchSize;
    const urgency = isFull ? URGENCY.full : memory.queued > 0 ? URGENCY.new : URGENCY.taken;
    if (this.#urgency >= urgency) return;
    if (source.isEnding || memory.count === 0 || (!isFull && !this.#attempts.isIdle)) return;
    if (!source.sendsFromMemory && source.queue.totalInMemory === 0) return;
    this.#clearTimer();
    this.#urgency = urgency;
    const dueMillis = isFull ? 0 : Math.max(this.#dueMillis, sender.waitUntilMillis);
    const leastMillis = isFull ? SHORTEST_MILLIS.full : SHORTEST_MILLIS.other;
    const leftMillis = Math.ceil(dueMillis - performance.now());
    const millis = Math.max(leastMillis, Math.min(leftMillis, LONGEST_MILLIS));
    scope.runInAsyncScope(() => {
      this.#timer = setTimeout(() => this.#look(), millis).unref();
    });
  }

  /** Makes one attempt to send everything. First stores what belongs into the spool, even while an attempt runs. */
  async sendAll(): Promise<void> {
    const { sender, source, scope } = this.#parts;
    this.#clearTimer(); // `delayMillis` may be shorter now
    await scope.runInAsyncScope(() => source.storeInTime());
    await this.#attempts.run(async () => {
      if (source.isEnding || sender.mayFlush) await sender.send('flush');
    });
  }

  /** From now on, only `sendAll` sends. */
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

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#urgency = URGENCY.none;
  }

  /** Begins an attempt. While none may begin, makes full batches. */
  #look(): void {
    const { sender, source, losses } = this.#parts;
    this.#clearTimer();
    losses.check();
    if (this.#attempts.isIdle && sender.mayBegin()) {
      const mode = performance.now() >= this.#dueMillis ? 'due' : 'full';
      void this.#attempts.run(() => sender.send(mode));
      return;
    }
    source.expire();
    source.fill(false);
    this.update();
  }

  #reportError(error: unknown): void {
    this.#parts.sender.waitUntilMillis = performance.now() + ERROR_WAIT_MILLIS;
    const text = `Sending failed (${describeError(error)}). Hits may stay pending. Please report this.`;
    this.#parts.diagnostics.warnOnce('send', coded('internal-error', text));
  }
}
