import type { Socket } from 'node:net';
import { loadUnhooked } from '../../common/unhooked.js';
import { AnswerReader } from './answer-reader.js';
import { ConnectionReuse, IDLE_MILLIS, unrefSocket } from './connection.js';
import { explainError, isBrokenConnection, provesNotHttp, provesUnsent } from './explain-error.js';
import { proxyRouteOf } from './proxy.js';
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

/** One connection, one request at a time, through undici, which is loaded with the first request. */
export function createUndiciTransport(options: TransportOptions): Transport {
  let used: Promise<HttpDispatcher> | undefined;
  let current: ReturnType<typeof observe> | undefined;
  let isClosed = false;
  const reuse = new ConnectionReuse();
  const onClose = () => reuse.recordClose();
  const headers = headersOf(options);
  const { origin, pathname, search } = options.url;

  function load(): Promise<HttpDispatcher> {
    used ??= createDispatcher(options.url, process.env, onClose);
    return used;
  }

  function abort(reason: Error): void {
    current?.abort(reason);
    void used?.then(
      (dispatcher) => dispatcher.disconnect(reason),
      () => undefined,
    );
  }

  return {
    prepare() {
      load().catch(() => undefined); // the first request reports the error
    },

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
      if (exchange.kind === 'answer') reuse.recordAnswer(isFresh);
      if (exchange.kind === 'not_sent') reuse.recordUnreachable();
      return exchange;
    },

    abort,

    async close() {
      isClosed = true;
      current?.abort(new Error('shutdown'));
      const pool = await used?.catch(() => undefined);
      await pool?.destroy(null);
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
      if (isResolved) started.abort(new Error('timed out before it was sent'));
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

const CONNECT_MILLIS = 10_000;

/** undici also uses this code if a response has `Connection: close`. */
const CLOSED_BY_US = 'UND_ERR_INFO';

const ONE_CONNECTION = {
  pipelining: 1,
  keepAliveTimeout: IDLE_MILLIS,
  keepAliveMaxTimeout: IDLE_MILLIS,
};

/** The package `undici` cannot be loaded; `cause` is the error. */
export class UndiciNotLoaded extends Error {}

/**
 * A single connection, through the proxy in the environment if there is one, which does not keep the process alive. Loads undici.
 * `onClose` is called when the other side closes the connection without notice.
 */
export async function createDispatcher(
  url: URL,
  env: Readonly<NodeJS.ProcessEnv>,
  onClose: () => void = () => undefined,
): Promise<HttpDispatcher> {
  const { buildConnector, Client, ProxyAgent } = await loadUndici();
  const buildSocket = buildConnector({ timeout: CONNECT_MILLIS });
  const connectTo = buildSocket as (...target: Parameters<typeof buildSocket>) => Socket;
  const sockets = new Set<Socket>();
  /** Why connections were closed. undici may open another one for no request. */
  let cutOff: Error | undefined;
  const proxy = proxyRouteOf(url, env);
  const dispatcher =
    proxy === undefined
      ? createClient(url.origin, { connect })
      : new ProxyAgent({
          uri: proxy.href,
          // Many proxies allow CONNECT only to port 443.
          proxyTunnel: false,
          connect,
          // ProxyAgent does not pass all options on to its clients, so they are made here.
          factory: (origin, options) =>
            createClient(origin, { ...options, connect: connectOf(origin, options) }),
          clientFactory: (origin, options) =>
            createClient(origin, { ...options, connect, headersTimeout: CONNECT_MILLIS }),
        });

  /**
   * A `Client` of undici is one connection. A `Pool` of one connection waits one more turn of the event loop before it reuses it. In
   * that turn a saturated server can get more hits than fit into a bulk, and its queue grows.
   */
  function createClient(origin: string | URL, options: object) {
    return new Client(origin, { ...options, ...ONE_CONNECTION }).on(
      'disconnect',
      (_origin, _targets, error) => {
        if (error.code !== CLOSED_BY_US) onClose();
      },
    );
  }
  function connect(...target: Parameters<typeof connectTo>): void {
    const socket = connectTo(...target);
    unrefSocket(socket);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (cutOff) socket.destroy(cutOff);
  }
  /** A tunneled connection brings its own `connect`. */
  function connectOf(origin: string | URL, options: object): typeof connect {
    if (new URL(origin).host !== url.host) return connect;
    const { connect: connectThrough } = options as { connect: typeof connect };
    return (target, callback) =>
      connectThrough(target, (...result) => {
        if (result[1]) unrefSocket(result[1]);
        callback(...result);
      });
  }

  return {
    dispatch(options, handler) {
      cutOff = undefined;
      return (dispatcher as Pick<HttpDispatcher, 'dispatch'>).dispatch(options, handler);
    },
    disconnect(reason) {
      cutOff = reason;
      for (const socket of sockets) socket.destroy(reason);
    },
    async destroy(error) {
      await dispatcher.destroy(error);
      // A pending connection would keep the process alive until it times out.
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function loadUndici(): Promise<typeof import('undici')> {
  try {
    return await loadUnhooked(() => import('undici'));
  } catch (cause) {
    throw new UndiciNotLoaded('undici cannot be loaded', { cause });
  }
}
