import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { AnswerReader } from './answer-reader.js';
import { ConnectionReuse } from './connection-reuse.js';
import { explainError, isBrokenConnection } from './explain-error.js';
import { proxyRouteOf } from './proxy-route.js';
import type { Exchange, Transport } from './transport.js';
import { unrefSocket } from './unref-socket.js';

/** Matomo or a proxy may close an idle connection while a request is being sent, so this side closes it first. */
const IDLE_MILLIS = 1_000;

/** Errors of DNS, connecting and certificates. All others may occur after the body was written. */
const UNSENT =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|CERT_\w+|ERR_TLS_CERT_\w+|ERR_SSL_WRONG_VERSION_NUMBER)$/;

export interface NodeTransportOptions {
  readonly url: URL;
  readonly userAgent: string;
  /** Sent in addition to the necessary headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * One connection, one request at a time, through `node:http` or `node:https`: for Bun, whose `undici` sends nothing. It does not know
 * when the first byte is written, so only errors before the connection is open prove that nothing was sent.
 */
export function createNodeTransport(options: NodeTransportOptions): Transport {
  const reuse = new ConnectionReuse();
  let agent: Agent | undefined;
  let idle: NodeJS.Timeout | undefined;
  let current: { readonly abort: (reason: Error) => void } | undefined;
  let isClosed = false;

  function closeIdle(): void {
    clearTimeout(idle);
    agent?.destroy();
    agent = undefined;
  }

  function start(body: Buffer, isFresh: boolean): ClientRequest {
    const target = targetOf(options.url);
    const http = process.getBuiltinModule(target.module);
    clearTimeout(idle);
    agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 });
    const headers = {
      'user-agent': options.userAgent,
      ...options.headers,
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      'content-length': String(body.length),
      ...target.headers,
      ...(isFresh && { connection: 'close' }),
    };
    const { hostname, port, path } = target;
    return http.request({ method: 'POST', hostname, port, path, headers, agent });
  }

  return {
    isSending: () => current !== undefined,

    async send(body, timeoutMillis) {
      const isFresh = await reuse.next();
      if (isClosed) return { kind: 'not_sent', error: new Error('shutdown') };
      let request: ClientRequest;
      try {
        request = start(body, isFresh);
      } catch (error) {
        return { kind: 'not_sent', error: error as Error };
      }
      const exchange = await new Promise<Exchange>((resolve) => {
        current = observe(request, resolve, timeoutMillis, () => reuse.noteClose());
        request.end(body);
      });
      current = undefined;
      if (exchange.kind === 'answer') reuse.noteAnswer(isFresh);
      if (exchange.kind === 'not_sent') reuse.noteUnreachable();
      idle = setTimeout(closeIdle, IDLE_MILLIS);
      idle.unref();
      return exchange;
    },

    abort: (reason) => current?.abort(reason),

    async close() {
      isClosed = true;
      current?.abort(new Error('shutdown'));
      closeIdle();
    },
  };
}

/** The server that gets the request: Matomo, or the proxy from the environment. */
function targetOf(url: URL) {
  const proxy = proxyRouteOf(url, process.env);
  if (proxy?.isTunnel) throw new Error('a proxy for https is not supported on Bun');
  const { protocol, hostname, port } = new URL(proxy?.url ?? url);
  return {
    module: protocol === 'https:' ? ('node:https' as const) : ('node:http' as const),
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: proxy ? url.href : url.pathname + url.search,
    headers: { ...proxy?.headers, host: url.host },
  };
}

/** Resolves once, with the response or how far the request got. */
function observe(
  request: ClientRequest,
  resolve: (exchange: Exchange) => void,
  timeoutMillis: number,
  onClose: () => void,
) {
  let isResolved = false;
  const resolveOnce = (exchange: Exchange): void => {
    if (isResolved) return;
    isResolved = true;
    clearTimeout(timer);
    resolve(exchange);
  };
  const fail = (error: Error & { code?: string }): void => {
    const isUnsent = UNSENT.test(error.code ?? '');
    if (isBrokenConnection(error)) onClose();
    const explained = explainError(error);
    const isHttp = error.code === 'HPE_INVALID_CONSTANT' ? false : undefined;
    resolveOnce(
      isUnsent
        ? { kind: 'not_sent', error: explained }
        : { kind: 'no_answer', error: explained, isHttp },
    );
  };
  const abort = (reason: Error): void => {
    fail(reason);
    request.destroy();
  };
  const timer = setTimeout(
    () => abort(new Error(`no answer within ${timeoutMillis} ms`)),
    timeoutMillis,
  ).unref();
  request
    .on('socket', unrefSocket)
    .on('error', fail)
    .on('response', (response) => {
      readBody(response, fail, (exchange) => {
        resolveOnce(exchange);
        if (!response.complete) request.destroy();
      });
    });
  return { abort };
}

function readBody(
  response: IncomingMessage,
  fail: (error: Error) => void,
  done: (exchange: Exchange) => void,
): void {
  const reader = new AnswerReader(response.statusCode ?? 0, response.headers);
  const answer = () => done(reader.toExchange());
  response.on('data', (chunk: Buffer) => {
    if (!reader.add(chunk)) answer();
  });
  response.on('end', answer).on('error', fail);
  response.on('aborted', () => fail(new Error('the answer was cut off')));
}
