import type { Exchange } from '../../../src/delivery/http/transport.js';
import { mayBeOneHit } from './simulated-matomo.js';

/**
 * No attempt may follow a failed one sooner, except to find a hit that is the cause, with fewer hits, or with others after a bulk that was too
 * large.
 */
const SHORTEST_WAIT_MILLIS = 100;

/** In so many bulks in a row the cause is searched at once, with one that is tried again after a success. */
const MOST_AT_ONCE = 11;

/** Watches the bulks of one sender: whether it goes on at once although nothing was decided. */
export class Pace {
  /** Attempts that somebody asked for, and that need not wait: flushes, shutdowns. */
  asked = 0;
  readonly offences: string[] = [];
  #failed: { names: readonly string[]; millis: number; what: string } | undefined;
  #inARow = 0;
  #answeredMillis = 0;
  /** A hit that failed alone is tried by back-off. */
  #isRetryAlone = false;

  beforeSend(names: readonly string[]): void {
    const failed = this.#failed;
    const isRetry = performance.now() - this.#answeredMillis >= SHORTEST_WAIT_MILLIS;
    this.#isRetryAlone = names.length === 1 && isRetry;
    if (!failed || names.length < failed.names.length) return;
    if (failed.what === '413' && !names.some((name) => failed.names.includes(name))) return;
    const waited = performance.now() - failed.millis;
    if (waited >= SHORTEST_WAIT_MILLIS) return;
    const { length } = failed.names;
    if (this.asked > 0) this.asked -= 1;
    else this.offences.push(`${names.length} hits ${waited} ms after ${failed.what} to ${length}`);
  }

  afterAnswer(names: readonly string[], exchange: Exchange): void {
    const isFailure = exchange.kind === 'answer' && mayBeOneHit(exchange);
    this.#answeredMillis = performance.now();
    if (!isFailure) this.#inARow = 0;
    else if (!this.#isRetryAlone) this.#inARow += 1;
    const isOpen =
      exchange.kind !== 'answer' ||
      (isFailure ? this.#inARow >= MOST_AT_ONCE : exchange.status >= 300);
    const what = exchange.kind === 'answer' ? `${exchange.status}` : exchange.kind;
    this.#failed = isOpen ? { names, millis: performance.now(), what } : undefined;
  }
}
