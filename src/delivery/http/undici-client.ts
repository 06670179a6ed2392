import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { loadUnhooked } from '../../common/unhooked.js';
import { isBrokenConnection } from './explain-error.js';
import { type HttpClient, IDLE_MILLIS, unrefSocket } from './http-transport.js';
import { proxyRouteOf } from './proxy.js';
import { headersOf, type TransportOptions } from './transport.js';

const CONNECT_MILLIS = 10_000;

const ONE_CONNECTION = {
  pipelining: 1,
  keepAliveTimeout: IDLE_MILLIS,
  keepAliveMaxTimeout: IDLE_MILLIS,
};

type Undici = typeof import('undici');

/** Rejects if undici is not installed or, as in a bundle, cannot be loaded. */
export function loadUndici(): Promise<Undici> {
  return loadUnhooked(() => import('undici'));
}

/** Sends through undici. `onClose` is called when the server closes a connection without notice. */
export function createUndiciClient(
  undici: Undici,
  options: TransportOptions,
  onClose: () => void,
): HttpClient {
  const { url } = options;
  const headers = headersOf(options);
  const dispatcher = createDispatcher(undici, url, onClose);
  return {
    proxy: proxyRouteOf(url, process.env)?.url,
    send(body, closes, exchange) {
      dispatcher.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          headers,
          body,
          headersTimeout: 0, // the exchange has one timeout for all
          bodyTimeout: 0,
          reset: closes,
        },
        {
          /** Called just before the first byte of the request is written to the socket. */
          onRequestStart(controller) {
            exchange.markSent();
            exchange.setAbort((reason) => controller.abort(reason));
          },
          onResponseStart: (_, status, received) => exchange.start(status, received),
          onResponseData: (_, chunk) => exchange.add(chunk),
          onResponseEnd: () => exchange.end(),
          onResponseError: (_, error) => exchange.fail(error),
        },
      );
    },
    close: () => dispatcher.destroy(null),
  };
}

/**
 * A single connection, through the proxy in the environment if there is one, which does not keep the process alive.
 * `onClose` is called when the other side closes the connection without notice.
 */
export function createDispatcher(
  { buildConnector, Client, ProxyAgent }: Undici,
  url: URL,
  onClose: () => void = () => undefined,
): Pick<Dispatcher, 'dispatch'> & { destroy(error: Error | null): Promise<void> } {
  const buildSocket = buildConnector({ timeout: CONNECT_MILLIS });
  const connectTo = buildSocket as (...target: Parameters<typeof buildSocket>) => Socket;
  const sockets = new Set<Socket>();
  const proxy = proxyRouteOf(url, process.env);
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
        if (isBrokenConnection(error)) onClose();
      },
    );
  }
  function connect(...target: Parameters<typeof connectTo>): void {
    const socket = connectTo(...target);
    unrefSocket(socket);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  /** A tunneled connection brings its own `connect`. */
  function connectOf(origin: string | URL, options: object): typeof connect {
    if (new URL(origin).host !== url.host) return connect;
    const { connect: connectThrough } = options as { connect: typeof connect };
    return (target, callback) =>
      connectThrough(target, (...[error, socket]) => {
        if (error) return callback(isRetried(error) ? new Error(CLOSED_BY_PROXY) : error, null);
        unrefSocket(socket);
        callback(null, socket);
      });
  }

  return {
    dispatch: (options, handler) => dispatcher.dispatch(options, handler),
    async destroy(error) {
      await dispatcher.destroy(error);
      // A pending connection would keep the process alive until it times out.
      for (const socket of sockets) socket.destroy();
    },
  };
}

const CLOSED_BY_PROXY = 'the proxy closed the connection before it answered CONNECT';

/** Whether undici would open the connection again at once and without end, although the error is that of the connection itself. */
function isRetried({ code }: NodeJS.ErrnoException): boolean {
  return code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO';
}
