import type { AsyncResource } from 'node:async_hooks';
import { EXIT_WAITS } from '../../common/end-of-process.js';
import { MAX_TIMER_MILLIS } from '../../common/timers.js';

/**
 * Delivery never keeps a process alive, with one exception: while something is being sent, for at most `shutdownTimeoutMillis` after
 * the last hit or flush, so that the response is read if Matomo answers.
 */
export class LoopHold {
  readonly #millis: number;
  readonly #scope: AsyncResource;
  #untilMillis = Number.NEGATIVE_INFINITY;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Timers get the async context of the scope. */
  constructor(millis: number, scope: AsyncResource) {
    this.#millis = millis;
    this.#scope = scope;
  }

  /** A hit or a flush extends the hold. */
  extend(sinceMillis: number): void {
    const until = sinceMillis + this.#millis;
    if (until > this.#untilMillis) this.#untilMillis = until;
  }

  /** Holds the event loop while a promise is pending. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.#open += 1;
    this.#arm();
    try {
      return await promise;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) clearTimeout(this.#timer);
    }
  }

  /** How long the event loop was held in vain if the process ends now, which is then no longer available. */
  get spentMillis(): number {
    const isInVain = this.#open > 0 && this.#untilMillis <= performance.now();
    return isInVain ? Math.max(0, this.#millis - EXIT_WAITS.unavailableMillis) : 0;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const leftMillis = Math.min(this.#untilMillis - performance.now(), MAX_TIMER_MILLIS);
    if (leftMillis <= 0) return;
    this.#timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#arm(), leftMillis));
  }
}
