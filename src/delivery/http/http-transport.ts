import { ConnectionReuse } from './connection.js';
import { OpenExchange } from './open-exchange.js';
import { type Transport, unanswered } from './transport.js';

/** One connection to Matomo, with one request at a time. */
export interface HttpClient {
  /** Sends a bulk, and reports what happens. `closes`: the connection is closed after it. May throw if it cannot be sent. */
  send(body: Buffer, closes: boolean, exchange: OpenExchange): void;
  /** Closes the connection, also while it is being opened. */
  close(): Promise<void>;
}

/**
 * Sends through a client, which is loaded with the first request. `load` gets a function to call when the server closes a connection
 * without notice. In a live process, `createExitTransport` is in front of it, and in front of that `src/pipeline/create-delivery.ts`.
 */
export function createHttpTransport(
  load: (onClose: () => void) => Promise<HttpClient>,
  onSent?: () => void,
): Transport {
  const reuse = new ConnectionReuse();
  let client: Promise<HttpClient> | undefined;
  let current: OpenExchange | undefined;
  let isClosed = false;
  let stopLoading: (error: Error) => void = () => undefined;

  function open(): Promise<HttpClient> {
    client ??= new Promise((resolve, reject) => {
      stopLoading = reject; // the disk with the code may hang
      load(() => reuse.recordClose()).then(resolve, reject);
    });
    return client;
  }

  return {
    prepare() {
      open().catch(() => undefined); // the first request reports the error
    },

    isSending: () => current?.isSending ?? false,

    async send(body, timeoutMillis) {
      try {
        const opened = await open();
        const closes = await reuse.next();
        if (isClosed) throw new Error('shutdown');
        current = new OpenExchange(timeoutMillis, onSent);
        try {
          opened.send(body, closes, current);
        } catch (error) {
          current.fail(toError(error));
        }
        const exchange = await current.result;
        reuse.recordResult(exchange.kind === 'answer', closes);
        return exchange;
      } catch (error) {
        return unanswered(false, toError(error));
      }
    },

    async close() {
      isClosed = true;
      stopLoading(new Error('shutdown'));
      current?.abort(new Error('shutdown'));
      const opened = await client?.catch(() => undefined);
      await opened?.close();
    },
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
