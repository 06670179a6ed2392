import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { environment } from '../../common/environment.js';
import { Agent } from '../../common/node-http.js';
import { createConnector } from './connector.js';
import { isBrokenConnection } from './explain-error.js';
import { type HttpClient, IDLE_MILLIS } from './http-transport.js';
import type { OpenExchange } from './open-exchange.js';
import { openRequest } from './open-request.js';
import { type ProxyRoute, proxyRouteOf } from './proxy.js';
import { headersOf, type TransportOptions } from './transport.js';

/** What a client needs to know. All of it can be copied to another thread. */
export interface NodeClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: ProxyRoute | undefined;
  /** Limit for opening a connection. */
  readonly connectMillis?: number;
}

/** The client options of a transport, with the proxy of the environment. */
export function clientOptionsOf(options: TransportOptions): NodeClientOptions {
  const { url } = options;
  return { url: url.href, headers: headersOf(options), proxy: proxyRouteOf(url, environment()) };
}

/** Sends through Node's own client. `onClose` is called when the server closes a connection without notice. */
export function createNodeClient(
  { url, headers, proxy, connectMillis }: NodeClientOptions,
  onClose: () => void,
): HttpClient {
  const poster = createPoster(new URL(url), proxy, onClose, connectMillis);
  return {
    proxy: proxy?.url,

    send(body, closes, exchange) {
      const request = poster.open(headers);
      if (closes) request.shouldKeepAlive = false; // a header would not close it if the answer has none
      report(request, exchange, onClose, proxy?.isTunnel === false);
      request.end(body);
    },

    close: poster.close,
  };
}

/** Opens POST requests to a URL, over one connection that is kept alive. */
export function createPoster(
  url: URL,
  proxy: ProxyRoute | undefined,
  onClose: () => void = () => undefined,
  connectMillis?: number,
) {
  const connector = createConnector(url, proxy, connectMillis);
  // Without a timeout: it would end that of the connection with each request.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const isForwarded = proxy?.isTunnel === false;
  const ownPath = pathOf(url, isForwarded);
  const ownHeaders = { ...(isForwarded ? proxy.headers : {}), host: url.host };

  /** The connection, while no request uses it. */
  let idle: Socket | undefined;

  function createConnection(_options: object, onSocket: OnSocket): void {
    const opening = connector.open().then((socket) => {
      onSocket(null, socket);
      watch(socket);
    });
    opening.catch(onSocket);
  }

  /** Replaces the pool of Node's agent, which takes a quarter of all the CPU time of a request. */
  function addRequest(request: PooledRequest): void {
    if (idle && !idle.destroyed) request.onSocket(idle);
    else createConnection({}, (error, socket) => request.onSocket(socket, error));
  }

  /** Closes a connection that is idle for long, and notices that the other side closes it while no request uses it. */
  function watch(socket: Socket): void {
    socket
      .setTimeout(IDLE_MILLIS)
      .on('free', () => {
        if (socket.writable && socket.bytesWritten > 0) idle = socket;
        else socket.destroy(); // its request was aborted before
      })
      .on('timeout', () => release(socket) && socket.destroy())
      .on('close', () => release(socket) && onClose());
  }

  function release(socket: Socket): boolean {
    const wasIdle = idle === socket;
    if (wasIdle) idle = undefined;
    return wasIdle;
  }

  Object.defineProperty(agent, 'addRequest', { value: addRequest });
  Object.defineProperty(agent, 'createConnection', { value: createConnection }); // for Bun
  return {
    /** `target`: a URL on the same server. */
    open(headers: Readonly<Record<string, string>>, target?: URL): ClientRequest {
      const path = target ? pathOf(target, isForwarded) : ownPath;
      const all = { ...headers, ...ownHeaders };
      const request = openRequest({ method: 'POST', path, agent }, all).on('socket', release);
      return request.on('response', ({ headers }) => {
        if (CLOSES_EARLY.test(String(headers['keep-alive']))) request.shouldKeepAlive = false;
      });
    },

    close(): void {
      idle?.destroy();
      connector.close();
    },
  };
}

/** What a request line names: a proxy that forwards requests gets the whole URL. */
function pathOf({ href, pathname, search }: URL, isForwarded: boolean): string {
  return isForwarded ? href : pathname + search;
}

type OnSocket = (error: Error | null, socket?: Socket) => void;

/** What `Agent` calls. */
interface PooledRequest extends ClientRequest {
  onSocket(socket: Socket | undefined, error?: Error | null): void;
}

/** The server closes idle connections as soon as this side, or sooner. */
const CLOSES_EARLY = /^timeout=[01]\b/;

/** Reports what happens to a request. `isForwarded`: a proxy gets it. */
function report(
  request: ClientRequest,
  exchange: OpenExchange,
  onClose: () => void,
  isForwarded: boolean,
): void {
  exchange.setAbort((reason) => request.destroy(reason));
  request.on('socket', () => exchange.markSent()); // before the first byte is written
  request.on('error', (error) => {
    if (isBrokenConnection(error)) onClose();
    // What has come before it is read first.
    process.nextTick(() => exchange.fail(error));
  });
  request.on('response', (response: IncomingMessage) => {
    const { statusCode: status = 0, headers } = response;
    if (status < 200) return void request.destroy(); // 101 without an upgrade
    if (isForwarded && status === 407) exchange.fail(new Error(NOT_FORWARDED));
    exchange.start(status, headers);
    response.on('data', (chunk: Buffer) => exchange.add(chunk));
    response.on('end', () => exchange.end());
    response.on('error', (error) => exchange.fail(error));
  });
  // The last event, and the only one after an upgrade.
  request.on('close', () => process.nextTick(() => exchange.close()));
}

const NOT_FORWARDED = 'Proxy response (407) to a request';
