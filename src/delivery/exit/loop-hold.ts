import type { AsyncResource } from 'node:async_hooks';
import { MAX_TIMER_MILLIS } from '../../common/timers.js';

/** How often an event loop that nothing of ours holds is examined while a request to Matomo is in flight. */
const CHECK_MILLIS = 100;

/** Standard streams are always listed. Connecting and writing hold the event loop even if the socket does not. */
const IGNORED = /^(?:(?:TTY|Pipe)Wrap|\w*ConnectWrap|\w*WriteWrap)$/;

interface LoopHoldOptions {
  /** How long the event loop is held after the last hit or flush. */
  readonly millis: number;
  /** Timers get its async context. */
  readonly scope: AsyncResource;
  /** Aborts the request in flight, because the process would end without it. */
  readonly abort: () => void;
}

/**
 * Delivery never keeps a process alive, with one exception: while something is being sent, for at most `shutdownTimeoutMillis` after
 * the last hit or flush, so that the response is read if Matomo answers.
 */
export class LoopHold {
  /** How long the event loop was held in vain, which is no longer available when the process ends. */
  spentMillis = 0;
  readonly #options: LoopHoldOptions;
  #untilMillis = Number.NEGATIVE_INFINITY;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoopHoldOptions) {
    this.#options = options;
  }

  /** A hit or a flush extends the hold. */
  extend(sinceMillis: number): void {
    const until = sinceMillis + this.#options.millis;
    if (until > this.#untilMillis) this.#untilMillis = until;
  }

  /** Holds the event loop while a promise, which must not reject, is pending. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.#open += 1;
    this.#arm();
    const value = await promise;
    this.#open -= 1;
    if (this.#open === 0) clearTimeout(this.#timer);
    return value;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const left = Math.min(this.#untilMillis - performance.now(), MAX_TIMER_MILLIS);
    this.#timer = this.#options.scope.runInAsyncScope(() =>
      left > 0
        ? setTimeout(() => this.#check(true), left)
        : setTimeout(() => this.#check(false), CHECK_MILLIS).unref(),
    );
  }

  #check(hasHeld: boolean): void {
    this.#timer?.unref(); // so that it is not listed
    if (this.#untilMillis <= performance.now() && isAlone()) {
      if (hasHeld) this.spentMillis = this.#options.millis;
      this.#options.abort();
    }
    this.#arm();
  }
}

/** Whether the process would end without delivery. */
function isAlone(): boolean {
  return process.getActiveResourcesInfo?.().every((type) => IGNORED.test(type)) === true;
}
