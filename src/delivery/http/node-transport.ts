import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { builtin } from '../../common/unhooked.js';
import { AnswerReader } from './answer-reader.js';
import { ConnectionReuse, IDLE_MILLIS, unrefSocket } from './connection.js';
import { explainError, isBrokenConnection, provesNotHttp, provesUnsent } from './explain-error.js';
import { type ProxyRoute, proxyRouteOf } from './proxy.js';
import {
  type Exchange,
  headersOf,
  type Transport,
  type TransportOptions,
  timedOut,
} from './transport.js';

/** Sends through `node:http`, without `undici`. `onSent` is called when Matomo may receive bytes of a request. */
export function createNodeTransport(
  options: TransportOptions | NodeClientOptions,
  onSent?: () => void,
): Transport {
  const reuse = new ConnectionReuse();
  let client: NodeClient | undefined;
  let idle: NodeJS.Timeout | undefined;
  let current: NodeRequest | undefined;
  let isClosed = false;

  function exchange(body: Buffer, isFresh: boolean, timeoutMillis: number): Promise<Exchange> {
    return new Promise((resolve) => {
      client ??= new NodeClient('proxy' in options ? options : clientOptionsOf(options));
      const request = client.send(body, isFresh, {
        onSent,
        onClose: () => reuse.recordClose(),
        onEnd(result) {
          clearTimeout(timer);
          resolve(result);
        },
      });
      const timer = setTimeout(
        () => request.abort(timedOut(request.isSent(), timeoutMillis).error),
        timeoutMillis,
      ).unref();
      current = request;
    });
  }

  return {
    isSending: () => current?.isSent() ?? false,

    async send(body, timeoutMillis) {
      const isFresh = await reuse.next();
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      clearTimeout(idle);
      const result = await exchange(body, isFresh, timeoutMillis).catch(
        (error: Error): Exchange => ({ kind: 'not_sent', error }),
      );
      current = undefined;
      if (result.kind === 'answer') reuse.recordAnswer(isFresh);
      if (result.kind === 'not_sent') reuse.recordUnreachable();
      idle = setTimeout(() => client?.disconnect(), IDLE_MILLIS).unref();
      return result;
    },

    abort: (reason) => current?.abort(reason),

    async close() {
      isClosed = true;
      clearTimeout(idle);
      current?.abort(new Error('shutdown'));
      client?.disconnect();
    },
  };
}

/** Errors of DNS, connecting and certificates. All others may occur after the body was written. */
const UNSENT =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|CERT_\w+|ERR_TLS_CERT_\w+|ERR_SSL_WRONG_VERSION_NUMBER)$/;

/** Sockets of Bun do not report when they are connected. */
const IS_BUN = process.versions.bun !== undefined;

/** What a client needs to know. All of it can be copied to another thread. */
export interface NodeClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: ProxyRoute | undefined;
  /** Options of TLS connections, to the proxy too. */
  readonly tls?: object;
}

/** The client options of a transport, with the proxy of the environment. */
export function clientOptionsOf(options: TransportOptions): NodeClientOptions {
  const { url } = options;
  return { url: url.href, headers: headersOf(options), proxy: proxyRouteOf(url, process.env) };
}

/** Callbacks of a request. */
interface NodeRequestEvents {
  /** From now on, Matomo may receive bytes of the request. */
  onSent?: (() => void) | undefined;
  /** The other side closed the connection without notice. */
  onClose?(): void;
  /** Called once. */
  onEnd(exchange: Exchange): void;
}

/** A request in flight. */
export interface NodeRequest {
  /** Whether Matomo may have received bytes of it. */
  isSent(): boolean;
  /** Closes its connection. Its result is `not_sent` or `no_answer`. */
  abort(reason: Error): void;
}

/**
 * One connection, one request at a time, through `node:http` or `node:https`, which are loaded with the first request. Its socket
 * does not keep the process alive. For Bun, whose undici sends nothing, and for the exit worker, which must load in milliseconds.
 */
export class NodeClient {
  readonly #options: NodeClientOptions;
  #agent: Agent | undefined;

  constructor(options: NodeClientOptions) {
    this.#options = options;
  }

  /** Sends a bulk. `closes`: asks the server to close the connection after it. Throws if that is not supported. */
  send(body: Uint8Array, closes: boolean, events: NodeRequestEvents): NodeRequest {
    const request = this.#start(body.length, closes);
    const observed = observe(request, events);
    request.end(body);
    return observed;
  }

  /** Closes the connection. The next request opens another one. */
  disconnect(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #start(length: number, closes: boolean): ClientRequest {
    const { url, headers, proxy, tls } = this.#options;
    const { isTunnel } = proxy ?? {};
    if (isTunnel && IS_BUN) throw new Error('a proxy for https is not supported on Bun');
    const matomo = new URL(url);
    const isPlainProxy = proxy && !isTunnel;
    const server = isPlainProxy ? new URL(proxy.url) : matomo;
    const http = moduleOf(server);
    if (this.#agent === undefined) {
      this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1, ...tls });
      if (proxy && isTunnel) Object.assign(this.#agent, { createConnection: this.#openTunnel });
    }
    return http.request({
      method: 'POST',
      hostname: withoutBrackets(server.hostname),
      port: server.port,
      path: isPlainProxy ? url : matomo.pathname + matomo.search,
      headers: {
        ...headers,
        'content-length': String(length),
        ...(isPlainProxy && proxy.headers),
        host: matomo.host,
        ...(closes && { connection: 'close' }),
      },
      agent: this.#agent,
    });
  }

  /** Opens a connection through the proxy with CONNECT. */
  readonly #openTunnel = (
    _options: object,
    onSocket: (error: Error | null, socket?: Socket) => void,
  ): void => {
    const { url, tls, proxy } = this.#options;
    const matomo = new URL(url);
    const isSecure = matomo.protocol === 'https:';
    const host = `${matomo.hostname}:${matomo.port || (isSecure ? 443 : 80)}`;
    const server = new URL((proxy as ProxyRoute).url);
    const request = moduleOf(server).request({
      method: 'CONNECT',
      hostname: withoutBrackets(server.hostname),
      port: server.port,
      path: host,
      headers: { ...proxy?.headers, host, 'proxy-connection': 'keep-alive' },
      agent: false,
      ...tls,
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
        ...tls,
      });
      secured.once('error', onSocket).once('secureConnect', () => {
        secured.removeListener('error', onSocket);
        onSocket(null, secured);
      });
    });
    request.end();
  };
}

function moduleOf({ protocol }: URL): Pick<typeof import('node:http'), 'Agent' | 'request'> {
  return builtin(protocol === 'https:' ? 'node:https' : 'node:http');
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** Reports the result once: the response, or how far the request got. */
function observe(request: ClientRequest, events: NodeRequestEvents): NodeRequest {
  let isSent = false;
  let isEnded = false;
  let reader: AnswerReader | undefined;
  if (IS_BUN) markSent();

  function markSent(): void {
    isSent = true;
    events.onSent?.();
  }
  function end(exchange: Exchange): void {
    if (isEnded) return;
    isEnded = true;
    events.onEnd(exchange);
  }
  function fail(error: Error & { readonly code?: string }): void {
    const wasSent = isSent && !UNSENT.test(error.code ?? '') && !provesUnsent(error);
    if (isBrokenConnection(error)) events.onClose?.();
    const explained = explainError(error);
    const isHttp = !reader && provesNotHttp(error) ? false : undefined;
    if (wasSent) end({ kind: 'no_answer', error: explained, isHttp });
    else end({ kind: 'not_sent', error: explained });
  }
  function read(response: IncomingMessage): void {
    const answer = new AnswerReader(response.statusCode ?? 0, response.headers);
    reader = answer;
    response.on('data', (chunk: Buffer) => {
      if (answer.add(chunk)) return;
      end(answer.toExchange());
      request.destroy();
    });
    response.on('end', () => end(answer.toExchange())).on('error', fail);
    response.on('aborted', () => fail(new Error('the answer was cut off')));
  }

  request.on('socket', (socket: Socket & { encrypted?: boolean; secureConnecting?: boolean }) => {
    unrefSocket(socket);
    if (!socket.connecting && !socket.secureConnecting) markSent();
    else socket.once(socket.encrypted ? 'secureConnect' : 'connect', markSent);
  });
  request.on('error', fail).on('response', read);
  return {
    isSent: () => isSent,
    abort(reason) {
      fail(reason);
      request.destroy();
    },
  };
}
