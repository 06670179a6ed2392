import type { Exchange } from '../../src/delivery/http/transport.js';

/** No failed attempt may be followed sooner by another that is not smaller. */
const SHORTEST_WAIT_MILLIS = 100;

/** Watches the bulks of one sender: whether it goes on at once although nothing was decided. */
export class Pace {
  /** Attempts that somebody asked for, and that need not wait: flushes, shutdowns. */
  asked = 0;
  readonly offences: string[] = [];
  #failed: { size: number; millis: number; what: string } | undefined;

  beforeSend(size: number): void {
    const failed = this.#failed;
    if (!failed || size < failed.size) return;
    const waited = performance.now() - failed.millis;
    if (waited >= SHORTEST_WAIT_MILLIS) return;
    if (this.asked > 0) this.asked -= 1;
    else this.offences.push(`${size} hits ${waited} ms after ${failed.what} to ${failed.size}`);
  }

  afterAnswer(size: number, exchange: Exchange): void {
    const what = failureOf(exchange, size);
    this.#failed = what === undefined ? undefined : { size, millis: performance.now(), what };
  }
}

/** What an exchange decided nothing by; `undefined` if it may have decided something. */
function failureOf(exchange: Exchange, size: number): string | undefined {
  if (exchange.kind !== 'answer') return exchange.kind;
  const isCounted = !/"tracked":0,"invalid":0/.test(exchange.body);
  if (exchange.status < 300 && isCounted) return undefined;
  // One hit that fails may be rejected.
  return size === 1 && (exchange.status === 500 || !isCounted) ? undefined : `${exchange.status}`;
}
