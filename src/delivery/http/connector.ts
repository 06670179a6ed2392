import type { IncomingMessage } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import { isIP } from '../../common/addresses.js';
import { connectSocket, Socket } from '../../common/node-http.js';
import { openRequest } from './open-request.js';
import type { ProxyRoute } from './proxy.js';

/** Limit for name lookup, TCP, CONNECT and TLS together. Until then, nothing was sent. */
const CONNECT_MILLIS = 10_000;

/**
 * Opens connections to a server, through a proxy if there is one. They do not keep the process alive. What TLS needs is loaded now,
 * because that takes milliseconds.
 */
export function createConnector(
  server: URL,
  proxy: ProxyRoute | undefined,
  connectMillis: number = CONNECT_MILLIS,
) {
  const first = proxy ? new URL(proxy.url) : server;
  const secureFirst = securerOf(first);
  const secureServer = proxy?.isTunnel ? securerOf(server) : undefined;
  /** The latest connection, which may not have been opened in time. */
  let latest: NetSocket | undefined;

  async function connect(tcp: NetSocket): Promise<NetSocket> {
    const address = { host: withoutBrackets(first.hostname), port: portOf(first) };
    Reflect.apply(connectSocket, tcp, [address]);
    await untilEvent(tcp.unref(), 'connect');
    let socket = tcp.unref(); // each address that is tried has a handle of its own
    if (secureFirst) socket = await secureFirst(socket);
    if (proxy?.isTunnel) socket = await openTunnel(socket, server, proxy);
    return secureServer ? await secureServer(socket) : socket;
  }

  return {
    /** Closes the latest connection, and opens another one. */
    async open(): Promise<NetSocket> {
      latest?.destroy();
      const tcp = new Socket();
      latest = tcp;
      let late: Error | undefined;
      const timer = setTimeout(() => {
        late = new Error(`no connection within ${connectMillis} ms`);
        tcp.destroy();
      }, connectMillis).unref();
      try {
        const socket = await connect(tcp);
        // An agent calls `ref` for each request.
        Object.defineProperty(socket, 'ref', { value: () => socket });
        return socket;
      } catch (error) {
        tcp.destroy();
        throw late ?? error;
      } finally {
        clearTimeout(timer);
      }
    },

    close(): void {
      latest?.destroy();
    },
  };
}

/** Asks a proxy for a connection to a server. */
async function openTunnel(
  socket: NetSocket,
  server: URL,
  { headers }: ProxyRoute,
): Promise<NetSocket> {
  const path = `${server.hostname}:${portOf(server)}`;
  const request = openRequest(
    { method: 'CONNECT', path, createConnection: () => socket },
    { ...headers, host: path, 'proxy-connection': 'keep-alive' },
  );
  request.end();
  const { statusCode } = await untilEvent<IncomingMessage>(request, 'connect');
  if (statusCode === 200) return socket;
  throw new Error(`Proxy response (${statusCode}) !== 200 when HTTP Tunneling`);
}

/** Speaks TLS with a server over a connection; `undefined` for a URL without TLS. */
function securerOf(server: URL): ((socket: NetSocket) => Promise<NetSocket>) | undefined {
  if (server.protocol !== 'https:') return undefined;
  const tls = process.getBuiltinModule('node:tls');
  const secureContext = tls.createSecureContext();
  const host = withoutBrackets(server.hostname);
  const servername = isIP(host) ? '' : host;
  /** The latest session: to resume one is faster than to begin one. */
  let session: Buffer | undefined;
  return async function secure(socket) {
    const ALPNProtocols = ['http/1.1'];
    const options = { socket, host, servername, ALPNProtocols, secureContext, session };
    const secured = tls.connect(options).on('session', (next) => {
      session = next;
    });
    await untilEvent(secured, 'secureConnect');
    return secured;
  };
}

/** Resolves with what an event passes on, and rejects if an error or the end comes first. Later errors are ignored. */
function untilEvent<T>(emitter: NodeJS.EventEmitter, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    emitter
      .once(name, resolve)
      .on('error', reject)
      .once('close', () => reject(new Error(CLOSED)));
  });
}

const CLOSED = 'the connection was closed while it was being opened';

function portOf({ protocol, port }: URL): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
