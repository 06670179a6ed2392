import { AnswerReader } from './answer-reader.js';
import { ConnectionReuse } from './connection.js';
import { createDispatcher } from './create-dispatcher.js';
import { explainError, isBrokenConnection, provesNotHttp, provesUnsent } from './explain-error.js';
import {
  type DispatchController,
  type Exchange,
  type HttpDispatcher,
  headersOf,
  type Transport,
  type TransportOptions,
  timedOut,
} from './transport.js';

type AnswerHeaders = ConstructorParameters<typeof AnswerReader>[1];

export interface UndiciTransportOptions extends TransportOptions {
  /** Used instead of our own dispatcher, and not closed. */
  readonly dispatcher?: HttpDispatcher | undefined;
}

/** One connection, one request at a time, through undici, which is loaded with the first request. */
export function createUndiciTransport(options: UndiciTransportOptions): Transport {
  let used: Promise<HttpDispatcher> | undefined;
  let current: ReturnType<typeof observe> | undefined;
  let isClosed = false;
  const reuse = new ConnectionReuse();
  const onClose = () => reuse.noteClose();
  const headers = headersOf(options);
  const { origin, pathname, search } = options.url;

  function load(): Promise<HttpDispatcher> {
    used ??= options.dispatcher
      ? Promise.resolve(options.dispatcher)
      : createDispatcher(options.url, process.env, onClose);
    return used;
  }

  function abort(reason: Error): void {
    current?.abort(reason);
    void used?.then(
      (dispatcher) => dispatcher.disconnect?.(reason),
      () => undefined,
    );
  }

  return {
    prepare() {
      load().catch(() => undefined); // the first request reports the error
    },

    holdsLoop: options.dispatcher !== undefined,

    isSending: () => current?.isSending() ?? false,

    async send(body, timeoutMillis) {
      let dispatcher: HttpDispatcher;
      try {
        dispatcher = await load();
      } catch (error) {
        return { kind: 'not_sent', error: toError(error) };
      }
      const isFresh = await reuse.next();
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      const exchange = await new Promise<Exchange>((resolve) => {
        const observer = observe(resolve, timeoutMillis, onClose);
        current = observer;
        try {
          dispatcher.dispatch(
            {
              origin,
              path: pathname + search,
              method: 'POST',
              headers,
              body,
              headersTimeout: timeoutMillis,
              bodyTimeout: timeoutMillis,
              reset: isFresh,
            },
            observer,
          );
        } catch (error) {
          observer.onResponseError(undefined, toError(error));
        }
      });
      if (exchange.kind === 'answer') reuse.noteAnswer(isFresh);
      if (exchange.kind === 'not_sent') reuse.noteUnreachable();
      return exchange;
    },

    abort,

    async close() {
      isClosed = true;
      current?.abort(new Error('shutdown'));
      if (options.dispatcher) return;
      const pool = await used?.catch(() => undefined);
      await pool?.destroy?.(null);
    },
  };
}

/** A dispatch handler that resolves once, with the response or how far the request got. */
function observe(
  resolve: (exchange: Exchange) => void,
  timeoutMillis: number,
  onClose: () => void,
) {
  let reader: AnswerReader | undefined;
  let controller: DispatchController | undefined;
  let isResolved = false;

  function resolveOnce(exchange: Exchange): void {
    if (isResolved) return;
    isResolved = true;
    clearTimeout(timer);
    resolve(exchange);
  }
  function abort(reason: Error): void {
    const wasSent = controller !== undefined;
    controller?.abort(reason);
    resolveOnce({ kind: wasSent ? 'no_answer' : 'not_sent', error: reason });
  }
  const timer = setTimeout(
    () => abort(timedOut(controller !== undefined, timeoutMillis).error),
    timeoutMillis,
  ).unref();

  return {
    abort,
    isSending: () => controller !== undefined && !isResolved,
    onRequestStart(started: DispatchController) {
      controller = started;
      // The time ran out before a connection was open: the request must not be sent later.
      if (isResolved) started.abort(new Error('given up'));
    },
    onResponseStart(_: DispatchController, status: number, headers: AnswerHeaders) {
      reader = new AnswerReader(status, headers);
    },
    onResponseData(started: DispatchController, chunk: Buffer) {
      if (reader?.add(chunk) !== false) return;
      resolveOnce(reader.toExchange());
      started.abort(new Error('answer too long'));
    },
    onResponseEnd() {
      if (reader) resolveOnce(reader.toExchange());
    },
    onResponseError(_: DispatchController | undefined, error: Error) {
      const wasSent = controller !== undefined && !provesUnsent(error);
      if (isBrokenConnection(error)) onClose();
      const explained = explainError(error);
      if (!wasSent) return resolveOnce({ kind: 'not_sent', error: explained });
      const isHttp = !reader && provesNotHttp(error) ? false : undefined;
      resolveOnce({ kind: 'no_answer', error: explained, isHttp });
    },
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
