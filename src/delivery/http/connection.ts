import type { Socket } from 'node:net';

/** Matomo or a proxy may close an idle connection while a request is being sent, so this side closes it first. */
export const IDLE_MILLIS = 1_000;

/** Pause between new connections, and before a connection is reused for the first time. */
const PAUSE_MILLIS = 50;
/** After an unannounced close, each request gets a new connection for this long. */
const FRESH_MILLIS = 600_000;

/**
 * Decides when the next request may be sent, and whether its connection is closed after it. If a server closes connections without
 * `Connection: close`, a request that is written before its FIN is read is lost, and its result is unknown.
 */
export class ConnectionReuse {
  /** Until then (monotonic clock), the server is expected to close connections. */
  #freshUntilMillis = Number.NEGATIVE_INFINITY;
  /** The server has kept a connection open after a response. */
  #isProven = false;
  /** The connection had a response and may still be open. */
  #isReusable = false;
  #notBeforeMillis = Number.NEGATIVE_INFINITY;
  #turn: Promise<void> | undefined;

  /** Resolves when the next request may be sent, with whether its connection is closed after it. */
  async next(): Promise<boolean> {
    await this.#turn;
    const waitMillis = this.#notBeforeMillis - performance.now();
    if (waitMillis > 0) await new Promise((resolve) => setTimeout(resolve, waitMillis).unref());
    const now = performance.now();
    const isFresh = now < this.#freshUntilMillis;
    if (isFresh) this.#notBeforeMillis = now + PAUSE_MILLIS;
    else this.#isProven ||= this.#isReusable;
    return isFresh;
  }

  /** A response arrived. Its connection can be reused unless it is closed after it. */
  recordAnswer(isFresh: boolean): void {
    if (isFresh) return;
    this.#isReusable = true;
    if (!this.#isProven) this.#notBeforeMillis = performance.now() + PAUSE_MILLIS;
    // A FIN sent with the response is read in the next poll phase, so the next request waits for one turn of the event loop.
    this.#turn = new Promise((resolve) => setImmediate(resolve));
  }

  /** The server closed a connection without notice. If there was no response yet, that proves nothing. */
  recordClose(): void {
    if (!this.#isReusable) return;
    this.#forget();
    this.#freshUntilMillis = performance.now() + FRESH_MILLIS;
  }

  /** Nothing could be sent. The next server that responds may treat connections differently. */
  recordUnreachable(): void {
    this.#forget();
    this.#freshUntilMillis = Number.NEGATIVE_INFINITY;
  }

  #forget(): void {
    this.#isReusable = false;
    this.#isProven = false;
  }
}

/** Lets the process end while a socket is open. Clients call `ref` for each request. */
export function unrefSocket(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
  // Each address that is tried has a handle of its own.
  socket.once('connect', () => socket.unref());
}
