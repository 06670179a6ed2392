/** How soon a full batch leaves: hits settle only some time after their request has ended. */
const SOON_MILLIS = 20;

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

  /** For when the batch is due, or soon, but not before a back-off has ended. */
  set(isSoon: boolean, dueMillis: number, notBeforeMillis: number): void {
    this.clear();
    this.#isSoon = isSoon;
    const now = Date.now();
    const wanted = isSoon ? Math.min(now + SOON_MILLIS, dueMillis) : dueMillis;
    const delay = Math.max(wanted, notBeforeMillis, now) - now;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onDue();
    }, delay).unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
