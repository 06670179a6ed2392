import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { builtin } from '../../common/unhooked.js';
import { isBrokenConnection } from './explain-error.js';
import { type HttpClient, IDLE_MILLIS, unrefSocket } from './http-transport.js';
import type { OpenExchange } from './open-exchange.js';
import { type ProxyRoute, proxyRouteOf } from './proxy.js';
import { headersOf, type TransportOptions } from './transport.js';

/** What a client needs to know. All of it can be copied to another thread. */
export interface NodeClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: ProxyRoute | undefined;
}

/** The client options of a transport, with the proxy of the environment. */
export function clientOptionsOf(options: TransportOptions): NodeClientOptions {
  const { url } = options;
  return { url: url.href, headers: headersOf(options), proxy: proxyRouteOf(url, process.env) };
}

/**
 * Sends through `node:http` or `node:https`, which are loaded with the first request. Its socket does not keep the process alive. For
 * Bun, whose undici sends nothing, and for the exit worker, which must load in milliseconds.
 */
export function createNodeClient(
  { url, headers, proxy }: NodeClientOptions,
  onClose: () => void,
): HttpClient {
  const matomo = new URL(url);
  const plainProxy = proxy?.isTunnel === false ? proxy : undefined;
  const server = plainProxy ? new URL(plainProxy.url) : matomo;
  let agent: Agent | undefined;
  /** The connection of the latest tunnel, which may not have been opened in time. */
  let tunnel: Socket | undefined;

  function openAgent(): Agent {
    const { Agent } = moduleOf(server);
    // The timeout is for idle connections. If the server allows less in a `Keep-Alive` header, that counts.
    const opened = new Agent({ keepAlive: true, maxSockets: 1, timeout: IDLE_MILLIS });
    if (proxy?.isTunnel)
      Object.assign(opened, {
        createConnection(_options: object, onSocket: OnSocket) {
          tunnel?.destroy();
          openTunnel(proxy, matomo, onSocket).on('socket', (socket) => {
            tunnel = socket;
          });
        },
      });
    return opened;
  }

  return {
    proxy: proxy?.url,

    send(body, closes, exchange) {
      agent ??= openAgent();
      const request = moduleOf(server).request({
        method: 'POST',
        hostname: withoutBrackets(server.hostname),
        port: server.port,
        path: plainProxy ? url : matomo.pathname + matomo.search,
        headers: {
          ...headers,
          'content-length': String(body.length),
          ...plainProxy?.headers,
          host: matomo.host,
          ...(closes && { connection: 'close' }),
        },
        agent,
      });
      report(request, exchange, onClose);
      request.end(body);
    },

    async close() {
      agent?.destroy();
      tunnel?.destroy();
    },
  };
}

/** Reports what happens to a request. */
function report(request: ClientRequest, exchange: OpenExchange, onClose: () => void): void {
  exchange.setAbort((reason) => request.destroy(reason));
  request.on('socket', (socket: Socket & { encrypted?: boolean; secureConnecting?: boolean }) => {
    unrefSocket(socket);
    if (!socket.connecting && !socket.secureConnecting) exchange.markSent();
    else socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => exchange.markSent());
  });
  request.on('error', (error) => {
    if (isBrokenConnection(error)) onClose();
    exchange.fail(error);
  });
  request.on('response', (response: IncomingMessage) => {
    exchange.start(response.statusCode ?? 0, response.headers);
    response.on('data', (chunk: Buffer) => exchange.add(chunk));
    response.on('end', () => exchange.end());
    response.on('error', (error) => exchange.fail(error));
  });
}

type OnSocket = (error: Error | null, socket?: Socket) => void;

/** Opens a connection through a proxy with CONNECT. */
function openTunnel(proxy: ProxyRoute, matomo: URL, onSocket: OnSocket): ClientRequest {
  const isSecure = matomo.protocol === 'https:';
  const host = `${matomo.hostname}:${matomo.port || (isSecure ? 443 : 80)}`;
  const server = new URL(proxy.url);
  const request = moduleOf(server).request({
    method: 'CONNECT',
    hostname: withoutBrackets(server.hostname),
    port: server.port,
    path: host,
    headers: { ...proxy.headers, host, 'proxy-connection': 'keep-alive' },
    agent: false,
  });
  request.on('socket', unrefSocket).on('error', onSocket);
  request.on('connect', ({ statusCode }, socket) => {
    if (statusCode !== 200) {
      socket.destroy();
      onSocket(new Error(`Proxy response (${statusCode}) !== 200 when HTTP Tunneling`));
      return;
    }
    if (!isSecure) return onSocket(null, socket as Socket);
    const name = withoutBrackets(matomo.hostname);
    const { isIP } = builtin('node:net');
    const secured = process.getBuiltinModule('node:tls').connect({
      socket,
      host: name,
      servername: isIP(name) ? '' : name,
      ALPNProtocols: ['http/1.1'],
    });
    secured.once('error', onSocket).once('secureConnect', () => {
      secured.removeListener('error', onSocket);
      onSocket(null, secured);
    });
  });
  request.end();
  return request;
}

function moduleOf({ protocol }: URL): Pick<typeof import('node:http'), 'Agent' | 'request'> {
  return builtin(protocol === 'https:' ? 'node:https' : 'node:http');
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
