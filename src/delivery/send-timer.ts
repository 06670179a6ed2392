import { MAX_TIMER_MILLIS } from '../common/long-timer.js';

/** Interval for checking a full batch again if one of its hits is held back. */
const SHORTEST_MILLIS = 5;

/** One timer for the next batch. It does not keep the process alive. */
export class SendTimer {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isSoon = false;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Whether the timer is set to a time that is early enough. */
  isSetFor(isSoon: boolean): boolean {
    return this.#timer !== undefined && (this.#isSoon || !isSoon);
  }

  /** Sets the timer for when the batch is due, on the monotonic clock, or earlier if that exceeds the longest timer. */
  set(isSoon: boolean, dueMillis: number): void {
    this.clear();
    this.#isSoon = isSoon;
    const shortest = isSoon ? SHORTEST_MILLIS : 0;
    const delay = Math.max(Math.ceil(dueMillis - performance.now()), shortest);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#onDue();
      },
      Math.min(delay, MAX_TIMER_MILLIS),
    ).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
