import type { AsyncResource } from 'node:async_hooks';
import { EXIT_WAITS } from '../../common/signals-and-exit.js';
import { holdEventLoop, timerMillis } from '../../common/timers.js';

/**
 * How long delivery keeps a process alive: until a shutdown is complete, and while something is being sent, for at most
 * `shutdownTimeoutMillis` after the last hit or flush, so that the response is read if Matomo answers. The exit flush has what is left.
 */
export class ProcessHold {
  readonly #millis: number;
  readonly #scope: AsyncResource;
  #untilMillis = Number.NEGATIVE_INFINITY;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #spentMillis = 0;

  /** Timers get the async context of the scope. */
  constructor(shutdownTimeoutMillis: number, scope: AsyncResource) {
    this.#millis = shutdownTimeoutMillis;
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
    if (this.#timer === undefined) this.#arm();
    try {
      return await promise;
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#disarm();
    }
  }

  /** Holds the event loop until a shutdown is complete, which has a deadline of its own. */
  async untilClosed(shutdown: Promise<void>): Promise<void> {
    const startMillis = performance.now();
    await holdEventLoop(shutdown);
    this.#spentMillis += performance.now() - startMillis;
  }

  /** Runs an exit flush. */
  spend(flush: () => void): void {
    const startMillis = performance.now();
    flush();
    this.#spentMillis += performance.now() - startMillis;
  }

  /** How long an exit flush may take if the process ends now: what a shutdown or another flush took, or a hold in vain, is no longer available. */
  get leftMillis(): number {
    const leftMillis = this.#millis - this.#spentMillis;
    const isInVain = this.#open > 0 && this.#untilMillis <= performance.now();
    return isInVain
      ? leftMillis - Math.max(0, this.#millis - EXIT_WAITS.unavailableMillis)
      : leftMillis;
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#disarm();
    const leftMillis = timerMillis(this.#untilMillis - performance.now());
    if (leftMillis === 0) return;
    this.#timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#arm(), leftMillis));
  }
}
