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

  /** For when the batch is due. */
  set(isSoon: boolean, dueMillis: number): void {
    this.clear();
    this.#isSoon = isSoon;
    const now = Date.now();
    const earliest = isSoon ? now + SHORTEST_MILLIS : now;
    const delay = Math.max(dueMillis, earliest) - now;
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
