import type { Socket } from 'node:net';
import type { HttpDispatcher } from './dispatcher.js';

/** Matomo or a proxy may close an idle connection just when a request is on its way; so we do it first. */
const IDLE_MILLIS = 1_000;
const CONNECT_MILLIS = 10_000;

/** Also what undici does when an answer has `Connection: close`. */
const CLOSED_BY_US = 'UND_ERR_INFO';

const ONE_CONNECTION = {
  pipelining: 1,
  keepAliveTimeout: IDLE_MILLIS,
  keepAliveMaxTimeout: IDLE_MILLIS,
};

/**
 * One connection of our own, through the proxy that the environment names, if any. Loads undici. `onClose` is called when the
 * other side has closed the connection and has not announced it.
 */
export async function createDispatcher(
  url: URL,
  env: Readonly<NodeJS.ProcessEnv>,
  onClose: () => void = () => undefined,
): Promise<HttpDispatcher> {
  const { buildConnector, Client, EnvHttpProxyAgent } = await import('undici');
  const connectTo = buildConnector({ timeout: CONNECT_MILLIS });
  const sockets = new Set<Socket>();
  const proxy = proxyOf(url, env);
  const dispatcher =
    proxy === undefined
      ? createClient(url.origin, { connect })
      : new EnvHttpProxyAgent({
          httpProxy: proxy,
          httpsProxy: proxy,
          // Many proxies let CONNECT through to port 443 only.
          proxyTunnel: false,
          connect,
          // Not all that is said here reaches what it makes, so that is made here.
          factory: (origin, options) =>
            createClient(origin, isTunnelled(origin) ? options : { ...options, connect }),
          clientFactory: (origin, options) =>
            createClient(origin, { ...options, connect, headersTimeout: CONNECT_MILLIS }),
        });

  /**
   * A `Client` of undici is one connection. A `Pool` of one waits a turn of the event loop longer before it uses it again, in which
   * a saturated server gets more hits than a bulk holds: they pile up.
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
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  /** Then it has a way of its own to connect. */
  function isTunnelled(origin: string | URL): boolean {
    return new URL(origin).host === url.host;
  }

  return {
    dispatch: (options, handler) =>
      (dispatcher as unknown as HttpDispatcher).dispatch(options, handler),
    async destroy(error) {
      await dispatcher.destroy(error);
      // A connection that is only being made would keep the process until its time-out.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The proxy for a URL, which `NO_PROXY` may still except. undici looks at the variables in this order. */
export function proxyOf(
  { protocol, hostname }: URL,
  env: Readonly<NodeJS.ProcessEnv>,
): string | undefined {
  if (isLoopback(hostname)) return undefined;
  const names = ['http_proxy', 'HTTP_PROXY'];
  if (protocol === 'https:') names.unshift('https_proxy', 'HTTPS_PROXY');
  const name = names.find((candidate) => env[candidate]);
  if (name === undefined) return undefined;
  const proxy = env[name] as string;
  if (/^https?:\/\//i.test(proxy) && URL.canParse(proxy)) return proxy;
  throw new Error(`${name} must be the URL of a proxy, such as http://proxy.example.org:3128`);
}

/** No proxy could reach it. */
function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || /^(?:127\.[\d.]+|(?:.+\.)?localhost)$/.test(hostname);
}
