import type { Socket } from 'node:net';

/** Matomo or a proxy may close an idle connection while a request is being sent, so this side closes it first. */
export const IDLE_MILLIS = 1_000;

/** After an unannounced close, each request gets a new connection for this long. */
const FRESH_MILLIS = 5_000;
/** Then one connection is left open, and must still be open after this. */
const PROOF_MILLIS = 50;

/**
 * Decides whether the connection of the next request is closed after it. Connections are reused, unless the server closes them
 * without `Connection: close`: a request that is written before its FIN is read is lost, and its result is unknown.
 */
export class ConnectionReuse {
  /** Until then (monotonic clock), the server is expected to close connections. */
  #freshUntilMillis = Number.NEGATIVE_INFINITY;
  /** The server has closed a connection without notice, and has left none open since. */
  #isDoubted = false;
  /** The connection had a response and may still be open. */
  #isReusable = false;
  #proof: Promise<void> | undefined;

  /** Resolves when the next request may be sent, with whether its connection is closed after it. */
  async next(): Promise<boolean> {
    await this.#proof;
    // A FIN may have come with the response, or while this process stood still. It is read in the next poll phase.
    if (this.#isReusable) await new Promise((resolve) => setImmediate(resolve));
    if (this.#isReusable) this.#isDoubted = false;
    return performance.now() < this.#freshUntilMillis;
  }

  /** A request has a response, or none. Its connection can be reused if it has one, unless it is closed after it. */
  recordResult(hasAnswer: boolean, closes: boolean): void {
    this.#isReusable = hasAnswer && !closes;
    this.#proof =
      this.#isReusable && this.#isDoubted
        ? new Promise((resolve) => void setTimeout(resolve, PROOF_MILLIS).unref())
        : undefined;
  }

  /** The server closed a connection without notice. If there was no response yet, that proves nothing. */
  recordClose(): void {
    if (!this.#isReusable) return;
    this.#isReusable = false;
    this.#isDoubted = true;
    this.#freshUntilMillis = performance.now() + FRESH_MILLIS;
  }
}

/** Lets the process end while a socket is open. Clients call `ref` for each request. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
  // Each address that is tried has a handle of its own.
  socket.once('connect', () => socket.unref());
}
