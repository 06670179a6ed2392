import type { Agent, IncomingMessage, ClientRequest as Request } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { codeOf } from '../common/describe-error.js';
import { ClientRequest, Agent as HttpAgent } from '../common/node-http.js';
import { builtin } from '../common/unhooked.js';
import { type ProxyRoute, proxyRouteOf } from './proxy.js';

/** An answer of Matomo, or of a server in front of it. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly contentType: string;
  /** At most the first 64 kB. */
  readonly body: string;
  readonly location?: string | undefined;
  readonly retryAfter?: string | undefined;
  /** The `Date` header, in time of the server's clock. */
  readonly date?: string | undefined;
  /** The `WWW-Authenticate` header of a server in front of Matomo. */
  readonly authenticate?: string | undefined;
}

/** The result of one request to Matomo, as far as it is known. */
export type Exchange =
  | Answer
  /** A dry run printed the hits, and nothing was sent. */
  | { readonly kind: 'printed' }
  /** No byte of the request reached Matomo. */
  | { readonly kind: 'not_sent'; readonly error: Error }
  /** The request was being sent, and how far it got is unknown. `begun`: what there is of an answer that has no end. */
  | { readonly kind: 'no_answer'; readonly error: Error; readonly begun?: Answer };

/** Sends bulk requests to Matomo, one at a time. Never rejects. */
export interface Transport {
  send(body: Buffer, timeoutMillis: number): Promise<Exchange>;
  /** Whether Matomo may have received bytes of the latest request. */
  mayHaveArrived?(): boolean;
  /** Like `send`, while the whole process is blocked. Missing if that is not supported. */
  readonly sendSync?: ((body: Buffer, timeoutMillis: number) => Exchange) | undefined;
  /** Aborts the request in flight, and sends no more. */
  close(): Promise<void>;
}

/** What a transport needs to know about Matomo. */
export interface TransportOptions {
  readonly url: URL;
  readonly userAgent: string;
  /** Headers for a server in front of Matomo. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The same as JSON, with the proxy of the environment. */
export interface ClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly proxy: ProxyRoute | undefined;
}

/** @throws If a variable of the environment names no proxy. */
export function clientOptionsOf({ url, userAgent, headers }: TransportOptions): ClientOptions {
  const all = {
    'user-agent': userAgent,
    ...headers,
    'content-type': 'application/json',
    'accept-encoding': 'identity',
  };
  return { url: url.href, headers: all, proxy: proxyRouteOf(url, process.env) };
}

/** Matomo or a proxy may close an idle connection while a request is being sent, so this side closes it first. */
const IDLE_MILLIS = 1_000;
/** Limit for an answer, compressed and decompressed. */
const MAX_ANSWER_BYTES = 65_536;

/** The transport of a live process. */
export function createTransport(options: TransportOptions): Transport {
  try {
    return createClient(clientOptionsOf(options));
  } catch (error) {
    return { send: async () => ({ kind: 'not_sent', error: error as Error }), async close() {} };
  }
}

/** Prints hits and sends nothing. The hits are counted as `accepted`. */
export function createDryRunTransport(print: (line: string) => void): Transport {
  function sendSync(body: Buffer): Exchange {
    const { requests } = JSON.parse(body.toString('latin1')) as { requests: string[] };
    for (const query of requests) print(`dry run: ${decodeURIComponent(query)}`);
    return { kind: 'printed' };
  }
  return { sendSync, send: async (body) => sendSync(body), async close() {} };
}

export function createClient({ url, headers, proxy }: ClientOptions): Transport {
  const poster = createPoster(new URL(url), proxy);
  let current: ReturnType<typeof exchange> | undefined;
  let mayReuse = true;
  let isProven = false;
  let isClosed = false;
  return {
    mayHaveArrived: () => current?.isSent() ?? false,
    async send(body, timeoutMillis) {
      current = undefined;
      // The end of a connection may have come with the last answer. It is read before the connection is used again.
      await new Promise((resolve) => void setImmediate(resolve));
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      try {
        const request = poster.open(headers);
        if (!mayReuse) request.shouldKeepAlive = false;
        current = exchange(request, body, timeoutMillis);
      } catch (error) {
        return { kind: 'not_sent', error: error as Error };
      }
      const result = await current.result;
      // So does one that announces nothing: whether it does is known some milliseconds after its first answer.
      if (!current.request.reusedSocket)
        current.request.socket?.once('end', () => (mayReuse = false));
      if (!isProven && result.kind === 'answer')
        await new Promise((resolve) => void setTimeout(resolve, 20));
      isProven = true;
      // The server closes connections without notice. What is written before that is read is lost, and its result is unknown.
      if (result.kind === 'no_answer' && current.request.reusedSocket) mayReuse = false;
      if (result.kind !== 'not_sent' || !proxy) return result;
      return {
        ...result,
        error: new Error(`${codeOf(result.error)}, through the proxy ${proxy.url}`),
      };
    },
    async close() {
      isClosed = true;
      poster.close();
    },
  };
}

/** Sends a request. Its result is known once. */
function exchange(request: Request, body: Buffer, timeoutMillis: number) {
  let isSent = false;
  let response: IncomingMessage | undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const result = new Promise<Exchange>((resolve) => {
    const end = () => {
      if (response) resolve(toAnswer(response, chunks));
    };
    const fail = (error: Error) => {
      const begun = response && toAnswer(response, chunks);
      // The status of a refusal says all, whatever its body is.
      if (begun && begun.status >= 300) resolve(begun);
      else if (!isSent) resolve({ kind: 'not_sent', error });
      else resolve({ kind: 'no_answer', error, ...(begun && { begun }) });
    };
    const signal = AbortSignal.timeout(timeoutMillis);
    const timeOut = () => {
      fail(
        new Error(`no ${isSent ? 'answer' : 'connection'} within ${Math.ceil(timeoutMillis)} ms`),
      );
      request.destroy();
    };
    // If this process was busy or stood still, the answer may be there already. It is read before that.
    signal.addEventListener('abort', () => setImmediate(timeOut));
    request.on('socket', (socket: Socket & Partial<TLSSocket> & { secureConnecting?: boolean }) => {
      const isConnecting = socket.connecting || socket.secureConnecting;
      if (!isConnecting) isSent = true;
      else
        socket.once(socket.encrypted ? 'secureConnect' : 'connect', () => {
          isSent = true;
        });
    });
    request.on('error', (error) => setImmediate(fail, error)); // what has come before is read first
    request.on('close', () => setImmediate(fail, new Error('closed without an answer')));
    request.on('response', (begun) => {
      if (begun.statusCode === 407)
        resolve({ kind: 'not_sent', error: new Error('the proxy answered 407') });
      if ((begun.statusCode ?? 0) < 200) return void request.destroy(); // 101 without an upgrade
      response = begun;
      begun.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes < MAX_ANSWER_BYTES) return;
        end();
        request.destroy();
      });
      begun.on('end', end).on('error', fail);
    });
    request.end(body);
  });
  return { request, result, isSent: () => isSent };
}

function toAnswer({ statusCode = 0, headers }: IncomingMessage, chunks: readonly Buffer[]): Answer {
  const body = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES);
  return {
    kind: 'answer',
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    body: inflate(body, headers['content-encoding']).toString('utf8'),
    location: headers.location,
    retryAfter: headers['retry-after'],
    date: headers.date,
    authenticate: headers['www-authenticate'],
  };
}

/** Some proxies compress although the request asks for no compression. Returns what cannot be decompressed as it is. */
function inflate(body: Buffer, encoding = ''): Buffer {
  if (!/^\s*(?:x-)?gzip\s*$/i.test(encoding)) return body;
  try {
    const { gunzipSync } = process.getBuiltinModule('node:zlib');
    return gunzipSync(body, { maxOutputLength: MAX_ANSWER_BYTES });
  } catch {
    return body;
  }
}

/** Opens POST requests to a server, over one connection that is kept alive and does not keep the process alive. */
export function createPoster(url: URL, proxy: ProxyRoute | undefined) {
  const isForwarded = proxy?.isTunnel === false;
  const first = new URL(isForwarded ? proxy.url : url);
  const agent = createAgent(first.protocol);
  let connecting: Request | undefined;
  if (proxy?.isTunnel)
    Object.assign(agent, {
      createConnection(options: object, onSocket: OnSocket) {
        connecting = openTunnel(url, proxy, options, onSocket);
      },
    });
  return {
    /** `target`: a URL on the same server. */
    open(headers: Readonly<Record<string, string>>, target: URL = url): Request {
      const path = isForwarded ? target.href : target.pathname + target.search;
      const own = { ...headers, host: url.host, ...(isForwarded && proxy.headers) };
      return openRequest({ ...addressOf(first), agent, method: 'POST', path }, own);
    },
    close(): void {
      connecting?.destroy();
      agent.destroy();
    },
  };
}

/**
 * Opens a request that nothing else takes part in: subscribers of `http.client.request.created`, such as Sentry, add headers and listeners.
 * `options` have no headers: Node.js shows them with NODE_DEBUG=http.
 */
function openRequest(options: object, headers: Readonly<Record<string, string>>): Request {
  const request = new ClientRequest({ ...options, setHost: false }).removeAllListeners();
  for (const name of request.getHeaderNames()) request.removeHeader(name);
  for (const name of Object.keys(headers)) request.setHeader(name, headers[name] as string);
  return request.on('socket', (socket) => socket.unref());
}

type OnSocket = (error: Error | null, socket?: Socket) => void;

/** TLS is loaded only if it is needed. */
function createAgent(protocol: string): Agent {
  const options = { keepAlive: true, maxSockets: 1, timeout: IDLE_MILLIS };
  return protocol === 'https:'
    ? new (builtin('node:https').Agent)(options)
    : new HttpAgent(options);
}

function addressOf({ protocol, hostname, port }: URL) {
  const host = hostname.replace(/^\[|\]$/g, '');
  return { protocol, host, port: port || (protocol === 'https:' ? 443 : 80) };
}

/** Asks a proxy for a connection to a server, over which TLS is spoken if the server does. */
function openTunnel(server: URL, proxy: ProxyRoute, options: object, onSocket: OnSocket): Request {
  const { protocol, host, port } = addressOf(server);
  const path = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const first = new URL(proxy.url);
  const request = openRequest(
    { ...addressOf(first), agent: createAgent(first.protocol), method: 'CONNECT', path },
    { ...proxy.headers, host: path },
  );
  request.on('connect', ({ statusCode }, socket) => {
    if (statusCode !== 200) {
      socket.destroy();
      onSocket(new Error(`the proxy answered ${statusCode}`));
    } else if (protocol === 'https:') {
      const tls = process.getBuiltinModule('node:tls');
      onSocket(null, tls.connect({ ...options, socket, servername: host }));
    } else {
      onSocket(null, socket);
    }
  });
  request.on('error', onSocket).end();
  return request;
}
