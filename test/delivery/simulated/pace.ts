import type { Exchange } from '../../../src/delivery/http/transport.js';
import { mayBeOneHit } from './simulated-matomo.js';

/** No attempt may follow a failed one sooner, except to find a hit that is the cause, or with fewer hits. */
const SHORTEST_WAIT_MILLIS = 100;

/** In so many bulks in a row the cause is searched at once, with one that is tried again after a success. */
const MOST_AT_ONCE = 11;

/** Watches the bulks of one sender: whether it goes on at once although nothing was decided. */
export class Pace {
  /** Attempts that somebody asked for, and that need not wait: flushes, shutdowns. */
  asked = 0;
  readonly offences: string[] = [];
  #failed: { size: number; millis: number; what: string } | undefined;
  #inARow = 0;
  #answeredMillis = 0;
  /** A hit that failed alone is tried by back-off. */
  #isRetryAlone = false;

  beforeSend(size: number): void {
    const failed = this.#failed;
    this.#isRetryAlone =
      size === 1 && performance.now() - this.#answeredMillis >= SHORTEST_WAIT_MILLIS;
    if (!failed || size < failed.size) return;
    const waited = performance.now() - failed.millis;
    if (waited >= SHORTEST_WAIT_MILLIS) return;
    if (this.asked > 0) this.asked -= 1;
    else this.offences.push(`${size} hits ${waited} ms after ${failed.what} to ${failed.size}`);
  }

  afterAnswer(size: number, exchange: Exchange): void {
    const isFailure = exchange.kind === 'answer' && mayBeOneHit(exchange);
    this.#answeredMillis = performance.now();
    if (!isFailure) this.#inARow = 0;
    else if (!this.#isRetryAlone) this.#inARow += 1;
    const isOpen =
      exchange.kind !== 'answer' ||
      (isFailure ? this.#inARow >= MOST_AT_ONCE : exchange.status >= 300);
    const what = exchange.kind === 'answer' ? `${exchange.status}` : exchange.kind;
    this.#failed = isOpen ? { size, millis: performance.now(), what } : undefined;
  }
}
