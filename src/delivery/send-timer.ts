import { MAX_TIMER_MILLIS } from '../common/long-timer.js';

/** How soon a full batch is looked for again where a hit of it is held back. */
const SHORTEST_MILLIS = 5;

/** One timer for the next batch. It keeps no process alive. */
export class SendTimer {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isSoon = false;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Whether it is set, to a time that another would not be before. */
  isSetFor(isSoon: boolean): boolean {
    return this.#timer !== undefined && (this.#isSoon || !isSoon);
  }

  /** For when the batch is due, on the monotonic clock; sooner if that is too far away for one timer. */
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
