import type { Socket } from 'node:net';
import { IDLE_MILLIS, unrefSocket } from './connection.js';
import { proxyRouteOf } from './proxy.js';
import type { HttpDispatcher } from './transport.js';

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
  const connectTo = buildConnector({ timeout: CONNECT_MILLIS });
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
            createClient(origin, { ...options, connect: connectorOf(origin, options) }),
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
  function connect(...given: Parameters<typeof connectTo>): void {
    const socket = connectTo(...given) as unknown as Socket;
    unrefSocket(socket);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (cutOff) socket.destroy(cutOff);
  }
  /** A tunneled connection brings its own `connect`. */
  function connectorOf(origin: string | URL, options: object): typeof connect {
    if (new URL(origin).host !== url.host) return connect;
    const { connect: connectThrough } = options as { connect: typeof connect };
    return (target, callback) =>
      connectThrough(target, (...result) => {
        if (result[1]) unrefSocket(result[1] as unknown as Socket);
        callback(...result);
      });
  }

  return {
    dispatch(options, handler) {
      cutOff = undefined;
      return (dispatcher as unknown as HttpDispatcher).dispatch(options, handler);
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
    return await import('undici');
  } catch (cause) {
    throw new UndiciNotLoaded('undici cannot be loaded', { cause });
  }
}
