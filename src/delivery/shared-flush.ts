import { withTimeout } from '../common/with-timeout.js';

/**
 * At most one flush runs and one waits, however many are asked for:
 *
 *     call ──> runs ─────────────────────> ends
 *           call, call, call ──> one waits ──> runs, for everything queued until then
 */
export class SharedFlush {
  readonly #flush: () => Promise<void>;
  readonly #limitMillis: number;
  #running: Promise<void> | undefined;
  #waiting: Promise<void> | undefined;
  /** What the callers of the one that waits get. */
  #shared: Promise<void> | undefined;

  /** `flush` must not reject. No caller waits for longer than the limit. */
  constructor(flush: () => Promise<void>, limitMillis: number) {
    this.#flush = flush;
    this.#limitMillis = limitMillis;
  }

  call(): Promise<void> {
    if (this.#running === undefined) return withTimeout(this.#limitMillis, this.#start());
    this.#waiting ??= this.#running.then(() => this.#start());
    if (this.#shared !== undefined) return this.#shared;
    const shared = withTimeout(this.#limitMillis, this.#waiting).then(() => {
      // After the limit the flush may still wait: later callers get a limit of their own.
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
