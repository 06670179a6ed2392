import type { TakeOptions } from './spool-store.js';

/** Waits a limited time for enough hits to fill a batch. */
export class TakeDelay {
  /** When hits that have not been taken were first seen. */
  #waitsSinceMillis = Number.POSITIVE_INFINITY;

  /** Whether to take hits now. If so, the wait for the remaining ones begins. */
  isOver(waiting: number, { max, delayMillis }: TakeOptions): boolean {
    const now = performance.now();
    if (waiting > 0) this.#waitsSinceMillis = Math.min(this.#waitsSinceMillis, now);
    if (waiting < max && now - this.#waitsSinceMillis < delayMillis) return false;
    this.#waitsSinceMillis = waiting > max ? now : Number.POSITIVE_INFINITY;
    return true;
  }
}
