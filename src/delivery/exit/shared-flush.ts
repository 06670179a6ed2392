import { withTimeout } from '../../common/with-timeout.js';

/**
 * However often it is called, at most one flush runs and one waits:
 *
 *     call ──> runs ─────────────────────> ends
 *           call, call, call ──> one waits ──> runs, for everything queued until then
 */
export class SharedFlush {
  readonly #flush: () => Promise<void>;
  readonly #limitMillis: number;
  #running: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  /** The promise that callers of the waiting flush get. */
  #shared: Promise<void> | undefined;

  /** `flush` must not reject. No caller waits longer than the limit. */
  constructor(flush: () => Promise<void>, limitMillis: number) {
    this.#flush = flush;
    this.#limitMillis = limitMillis;
  }

  call(): Promise<void> {
    if (this.#running === undefined) return withTimeout(this.#limitMillis, this.#start(), true);
    this.#waiting ??= this.#running.then(() => this.#start());
    if (this.#shared !== undefined) return this.#shared;
    const shared = withTimeout(this.#limitMillis, this.#waiting, true).then(() => {
      // The flush may still wait after the limit: later callers get their own limit.
      if (this.#shared === shared) this.#shared = undefined;
    });
    this.#shared = shared;
    return shared;
  }

  #start(): Promise<void> {
    this.#waiting = undefined;
    this.#shared = undefined;
    this.#running = this.#flush().then(() => {
      if (this.#waiting === undefined) this.#running = undefined;
    });
    return this.#running;
  }
}
