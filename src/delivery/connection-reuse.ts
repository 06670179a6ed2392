/** Between two new connections, and before a connection is reused for the first time. */
const PAUSE_MILLIS = 50;
/** After an unannounced close, for how long each request gets a connection of its own. */
const FRESH_MILLIS = 600_000;

/**
 * Decides when the next request may be sent, and whether its connection serves it alone. A server that closes connections
 * without `Connection: close` loses the request that is written before its FIN is read, and nobody knows what became of it.
 */
export class ConnectionReuse {
  /** Until then the server is known to close connections, on the monotonic clock. */
  #freshUntilMillis = Number.NEGATIVE_INFINITY;
  /** The server has left a connection open after an answer. */
  #isProven = false;
  /** The connection has answered and may be open. */
  #isReusable = false;
  #notBeforeMillis = Number.NEGATIVE_INFINITY;
  #turn: Promise<void> | undefined;

  /** Resolves when the next request may be sent, with whether its connection closes after it. */
  async next(): Promise<boolean> {
    await this.#turn;
    const waitMillis = this.#notBeforeMillis - performance.now();
    if (waitMillis > 0) await new Promise((resolve) => setTimeout(resolve, waitMillis));
    const now = performance.now();
    const isFresh = now < this.#freshUntilMillis;
    if (isFresh) this.#notBeforeMillis = now + PAUSE_MILLIS;
    else this.#isProven ||= this.#isReusable;
    return isFresh;
  }

  /** The request was answered, and its connection can serve another unless it closes after it. */
  noteAnswer(isFresh: boolean): void {
    if (isFresh) return;
    this.#isReusable = true;
    if (!this.#isProven) this.#notBeforeMillis = performance.now() + PAUSE_MILLIS;
    // What the server sent with its answer is read in the next poll phase. undici waits for the turn after this one.
    this.#turn = new Promise((resolve) => setImmediate(resolve));
  }

  /** The server has closed a connection and has not announced it. A connection that never answered proves nothing. */
  noteClose(): void {
    if (!this.#isReusable) return;
    this.#forget();
    this.#freshUntilMillis = performance.now() + FRESH_MILLIS;
  }

  /** Nothing could be sent: whoever answers next may treat connections differently. */
  noteUnreachable(): void {
    this.#forget();
    this.#freshUntilMillis = Number.NEGATIVE_INFINITY;
  }

  #forget(): void {
    this.#isReusable = false;
    this.#isProven = false;
  }
}
