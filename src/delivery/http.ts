import type { Agent, IncomingMessage, ClientRequest as Request } from 'node:http';
import type { NetConnectOpts, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  ClientRequest,
  connectSocket,
  Agent as HttpAgent,
  Socket as NetSocket,
} from '../common/node-http.js';
import { timerMillis } from '../common/timers.js';
import { builtin } from '../common/unhooked.js';
import { explainError } from './http-errors.js';
import { type ProxyRoute, proxyRouteOf } from './proxy.js';

/** An answer of Matomo, or of another server. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly contentType: string;
  /** The first 64 kB of the body. */
  readonly body: string;
  readonly location?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** The `WWW-Authenticate` header of a proxy or web server in front of Matomo. */
  readonly authenticate?: string | undefined;
}

/** The known result of one request to Matomo. */
export type Exchange =
  | Answer
  /** A dry run printed the hits, and nothing was sent. */
  | { readonly kind: 'printed' }
  /** No byte of the request reached Matomo. */
  | { readonly kind: 'not_sent'; readonly error: Error }
  /** The request was being sent, and how far it got is unknown. */
  | { readonly kind: 'no_answer'; readonly error: Error };

/** Sends bulk requests to Matomo, one at a time. Never rejects. */
export interface Transport {
  send(body: Buffer, timeoutMillis: number): Promise<Exchange>;
  /** Whether Matomo may have received bytes of the latest request. */
  mayHaveArrived?(): boolean;
  /** Like `send`, but blocks the process. Missing if the transport cannot do that. */
  readonly sendSync?: ((body: Buffer, timeoutMillis: number) => Exchange) | undefined;
  /** Aborts the request in flight, and sends no others. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly url: URL | string;
  readonly userAgent: string;
  /** Headers for a proxy or web server in front of Matomo. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** This side closes idle connections early, because a server may close one while a request is being sent. */
const IDLE_MILLIS = 1_000;
/** The maximum size of an answer that is read. */
const MAX_ANSWER_BYTES = 65_536;

/** Prints hits and sends nothing. The hits are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    return { kind: 'printed' };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}

/**
 * Creates a transport that uses the proxy of the environment, if there is one. `sent[0]` becomes 1 when Matomo may receive bytes of the latest
 * request. Another thread may read it.
 */
export function createTransport(
  { url: matomoUrl, userAgent, headers }: TransportOptions,
  sent: Int32Array = new Int32Array(1),
): Transport {
  let poster: ReturnType<typeof createPoster>;
  try {
    const url = new URL(matomoUrl);
    poster = createPoster(url, proxyRouteOf(url, process.env));
  } catch (error) {
    return { send: async () => ({ kind: 'not_sent', error: error as Error }), async close() {} };
  }
  const all = {
    ...{ 'user-agent': userAgent, ...headers },
    ...{ 'content-type': 'application/json', 'accept-encoding': 'identity' },
  };
  const mayHaveArrived = () => sent[0] === 1;
  let isClosed = false;
  return {
    mayHaveArrived,
    async send(body, timeoutMillis) {
      sent[0] = 0;
      // The server may have closed the connection while this process was suspended. Node.js notices that in one turn of the event loop.
      await new Promise((resolve) => void setImmediate(resolve));
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      const request = poster.open(all).on('socket', (socket: Opening) => {
        const isOpening = socket.connecting || socket.secureConnecting;
        if (!isOpening) sent[0] = 1;
        else socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => (sent[0] = 1));
      });
      const { begun, error } = await receive(request, body, timeoutMillis, mayHaveArrived);
      const isRefused = begun?.status === 407;
      if (isRefused || !mayHaveArrived()) {
        const why = isRefused ? new Error('the proxy answered 407') : (error as Error);
        return { kind: 'not_sent', error: explainError(why, poster.proxyUrl) };
      }
      // The body of an error answer is not needed.
      if (begun && (!error || begun.status >= 300)) return begun;
      return { kind: 'no_answer', error: explainError(error as Error) };
    },
    async close() {
      isClosed = true;
      poster.close();
    },
  };
}

/** A socket that may speak TLS. */
type Opening = Socket & Partial<TLSSocket> & { readonly secureConnecting?: boolean };

const CLOSED = new Error('the connection was closed without an answer');

/** Sends a request. Resolves with the answer, or with its beginning and the reason why the rest is missing. */
function receive(
  request: Request,
  body: Buffer,
  timeoutMillis: number,
  mayHaveArrived: () => boolean,
): Promise<{ begun?: Answer | undefined; error?: Error | undefined }> {
  let response: IncomingMessage | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const end = (error?: Error) => {
      clearTimeout(timer);
      resolve({ begun: response && toAnswer(response, chunks), error });
    };
    const timeOut = () => {
      const what = mayHaveArrived() ? 'answer' : 'connection';
      end(new Error(`no ${what} within ${Math.ceil(timeoutMillis)} ms`));
      request.destroy();
    };
    // Data that arrived before an error, or while this process was suspended, is read first.
    const timer = setTimeout(() => setImmediate(timeOut), timerMillis(timeoutMillis)).unref();
    request.on('error', (error) => setImmediate(end, error));
    request.on('close', () => setImmediate(end, CLOSED));
    request.on('response', (begun) => {
      if ((begun.statusCode ?? 0) < 200) return void request.destroy(); // 101 without an upgrade
      response = begun;
      begun.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes < MAX_ANSWER_BYTES) return;
        end();
        request.destroy();
      });
      begun.on('end', () => end()).on('error', end);
    });
    request.end(body);
  });
}

function toAnswer({ statusCode = 0, headers }: IncomingMessage, chunks: readonly Buffer[]): Answer {
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
  return {
    kind: 'answer',
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    body: body.toString('utf8'),
    location: headers.location,
    retryAfter: headers['retry-after'],
    authenticate: headers['www-authenticate'],
  };
}

/**
 * Opens POST requests to a server. A connection is reused only after an earlier one was idle for a second without being closed by the server.
 * Otherwise the server might close a connection while a request is being sent. Such a request is lost, and its result is unknown.
 */
export function createPoster(url: URL, proxy: ProxyRoute | undefined) {
  const isForwarded = proxy?.isTunnel === false;
  const first = new URL(isForwarded ? proxy.url : url);
  const kept = createAgent(first, { keepAlive: true, timeout: IDLE_MILLIS });
  const single = createAgent(first);
  let tunnel: Request | undefined;
  let isReusable = false;

  function createConnection(options: object, onSocket: OnSocket): void {
    tunnel = openTunnel(url, proxy as ProxyRoute, options, onSocket);
  }
  if (proxy?.isTunnel)
    for (const agent of [kept, single]) Object.assign(agent, { createConnection });

  return {
    proxyUrl: proxy?.url,
    /** Opens a request, by default to the URL, or to another one on the same server. */
    open(headers: Readonly<Record<string, string>>, target: URL = url): Request {
      const isIdle = Object.keys(kept.freeSockets).length > 0;
      const agent = isIdle && !isReusable ? single : kept;
      const path = isForwarded ? target.href : target.pathname + target.search;
      const own = { ...headers, host: url.host, ...(isForwarded && proxy.headers) };
      const request = openRequest({ ...addressOf(first), agent, method: 'POST', path }, own);
      request.on('close', () => tunnel?.destroy()).on('error', () => (isReusable = false));
      return request.on('socket', (socket) => {
        if (agent === single || request.reusedSocket) return;
        socket.on('end', () => (isReusable = false));
        // On a timeout, the agent destroys only an idle socket, which the server has not closed.
        socket.on('timeout', () => (isReusable ||= socket.destroyed));
      });
    },
    close(): void {
      tunnel?.destroy();
      for (const agent of [kept, single]) agent.destroy();
    },
  };
}

/**
 * Opens a request that no other package can change: subscribers of `http.client.request.created`, such as Sentry, add headers and listeners.
 * The headers are not in `options`, because Node.js prints those with NODE_DEBUG=http.
 */
function openRequest(options: object, headers: Readonly<Record<string, string>>): Request {
  const request = new ClientRequest({ ...options, setHost: false }).removeAllListeners();
  for (const name of request.getHeaderNames()) request.removeHeader(name);
  for (const name of Object.keys(headers)) request.setHeader(name, headers[name] as string);
  return request.on('socket', (socket) => {
    socket.unref();
    // Each attempt to connect to one of a host's addresses has its own handle.
    if (socket.connecting) socket.on('connectionAttempt', () => socket.unref());
  });
}

type OnSocket = (error: Error | null, socket?: Socket) => void;

/** Creates an agent. TLS is loaded only if it is needed. */
function createAgent({ protocol }: URL, options: object = {}): Agent {
  if (protocol === 'https:') return new (builtin('node:https').Agent)(options);
  return Object.assign(new HttpAgent(options), { createConnection: connect });
}

/** Connects without `net.connect`, which calls methods that a mock may have replaced in the prototype of sockets. */
function connect(options: NetConnectOpts): Socket {
  const socket = new NetSocket(options as object);
  if (options.timeout) socket.setTimeout(options.timeout);
  return Reflect.apply(connectSocket, socket, [options]);
}

function addressOf({ protocol, hostname, port }: URL) {
  const host = hostname.replace(/^\[|\]$/g, '');
  return { protocol, host, port: port || (protocol === 'https:' ? 443 : 80) };
}

/** Requests a connection to a server from a proxy. If the server uses TLS, the connection does, too, with the options of the agent. */
function openTunnel(
  server: URL,
  { url, headers }: ProxyRoute,
  options: object,
  onSocket: OnSocket,
): Request {
  const { protocol, host, port } = addressOf(server);
  const path = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const first = new URL(url);
  const request = openRequest(
    { ...addressOf(first), agent: createAgent(first), method: 'CONNECT', path },
    { ...headers, host: path },
  );
  request.on('connect', ({ statusCode }, socket) => {
    if (statusCode !== 200) {
      socket.destroy();
      onSocket(new Error(`the proxy answered ${statusCode}`));
    } else if (protocol === 'https:') {
      onSocket(null, process.getBuiltinModule('node:tls').connect({ ...options, socket }));
    } else {
      onSocket(null, socket);
    }
  });
  return request.on('error', onSocket).end();
}
