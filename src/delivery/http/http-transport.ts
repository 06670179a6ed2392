import { codeOf } from '../../common/describe-error.js';
import { OpenExchange } from './open-exchange.js';
import { type Transport, type Unanswered, unanswered } from './transport.js';

/** One connection to Matomo, with one request at a time. */
export interface HttpClient {
  /** The URL of the proxy that it uses, without user name and password. */
  readonly proxy: string | undefined;
  /** Sends a bulk, and reports what happens. `closes`: the connection is closed after it. May throw if it cannot be sent. */
  send(body: Buffer, closes: boolean, exchange: OpenExchange): void;
  /** Closes the connection, also while it is being opened. A request on it ends without an answer. */
  close(): void;
}

/**
 * Sends through a client, which `create` opens now. It gets a function to call when the server closes a connection without notice. If it
 * throws, nothing can be sent.
 */
export function createHttpTransport(
  create: (onClose: () => void) => HttpClient,
  onSent?: () => void,
): Transport {
  const reuse = new ConnectionReuse();
  let current: OpenExchange | undefined;
  let isClosed = false;
  let client: HttpClient | undefined;
  let failure = new Error('shutdown');
  try {
    client = create(() => reuse.recordClose());
  } catch (error) {
    failure = toError(error);
  }

  return {
    mayHaveArrived: () => current?.isSent ?? false,

    async send(body, timeoutMillis) {
      current = undefined;
      try {
        const closes = await reuse.next();
        if (isClosed || client === undefined) throw failure;
        current = new OpenExchange(timeoutMillis, onSent);
        try {
          client.send(body, closes, current);
        } catch (error) {
          current.fail(toError(error));
        }
        const exchange = await current.result;
        reuse.recordResult(exchange.kind === 'answer', closes);
        return exchange.kind === 'not_sent' ? namingProxy(exchange, client.proxy) : exchange;
      } catch (error) {
        return unanswered(false, toError(error));
      }
    },

    async close() {
      isClosed = true;
      client?.close();
    },
  };
}

/** Names the proxy: an error does not tell if its address or certificate is that of the proxy or of Matomo. */
function namingProxy(exchange: Unanswered, proxy: string | undefined): Unanswered {
  if (proxy === undefined) return exchange;
  const { error } = exchange;
  const text = `${codeOf(error)}; sent through the proxy ${proxy}`;
  return { ...exchange, error: new Error(text, { cause: error }) };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

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
class ConnectionReuse {
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
    // In a process that has just started, building a bulk takes milliseconds, and so does opening a connection.
    await nextTurn();
    // A FIN may have come with the response, or while this process stood still. It is read in the next poll phase, which is before the
    // second turn.
    if (this.#isReusable) await nextTurn();
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
