import type { TakeOptions } from './spool-store.js';

/** Waits for more hits than there are, but not for long. */
export class TakeDelay {
  /** When hits that have not been taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;

  /** Whether so many hits are to be taken now. Where they are, what is left begins to wait. */
  isOver(waiting: number, { max, delayMillis }: TakeOptions): boolean {
    const now = performance.now();
    if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
    if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return false;
    this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
    return true;
  }
}
