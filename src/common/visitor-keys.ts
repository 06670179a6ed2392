import { randomBytes } from 'node:crypto';
import { AsyncScope } from './timers.js';

const DAY_MILLIS = 86_400_000;
/** The key of yesterday is kept for this time, for requests that have not ended. */
const LATE_MILLIS = 3_600_000;
/** The key of tomorrow is read from a spool this long before midnight, so that no request waits for it. */
const EARLY_MILLIS = 600_000;
const PRUNE_MILLIS = 60_000;

/** Keys of visitor IDs that the processes with one spool share. */
export interface SharedKeys {
  /**
   * The UTC days, counted from 1970, whose keys a spool should provide
   * now, the oldest first; `undefined` stands for a permanent key.
   */
  readonly days: readonly (number | undefined)[];
  /** Returns the key of a day if it is in use. */
  find(day: number | undefined): Buffer | undefined;
  /** Receives the shared key. If another key is already in use, it stays, so that visitors keep their IDs. */
  learn(day: number | undefined, key: Buffer): void;
}

/** A permanent key. */
export class StableKey implements SharedKeys {
  readonly days: readonly undefined[] = [undefined];
  readonly #onLearn: () => void;
  #key: Buffer | undefined;

  constructor(onLearn: () => void) {
    this.#onLearn = onLearn;
  }

  find(): Buffer | undefined {
    return this.#key;
  }

  learn(_day: undefined, key: Buffer): void {
    this.#key ??= key;
    this.#onLearn();
  }
}

/** Random keys of visitor IDs, one for each UTC day. A deleted key is never restored. */
export class DailyKeys implements SharedKeys {
  readonly #keys = new Map<number, Buffer>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    const scope = new AsyncScope('MatomoDailyKeys');
    const prune = () => this.#prune();
    this.#timer = scope.runInAsyncScope(() => setInterval(prune, PRUNE_MILLIS)).unref();
  }

  get days(): readonly number[] {
    const now = Date.now();
    const first = Math.floor((now - LATE_MILLIS) / DAY_MILLIS);
    const last = Math.floor((now + EARLY_MILLIS) / DAY_MILLIS);
    return first === last ? [first] : [first, last];
  }

  /** Returns the key of a UTC day, and creates it if no spool has provided one; `undefined` if the day is over. */
  readonly keyOf = (day: number): Buffer | undefined => {
    this.#prune();
    if (!this.#keys.has(day) && this.days.includes(day)) this.learn(day, randomBytes(32));
    return this.#keys.get(day);
  };

  find(day: number): Buffer | undefined {
    return this.#keys.get(day);
  }

  learn(day: number, key: Buffer): void {
    if (!this.#keys.has(day)) this.#keys.set(day, key);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #prune(): void {
    const { days } = this;
    for (const day of this.#keys.keys()) if (!days.includes(day)) this.#keys.delete(day);
  }
}
