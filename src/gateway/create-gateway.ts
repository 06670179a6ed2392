import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createDiagnostics } from '../diagnostics.js';
import { createHitPipeline } from '../hit-pipeline.js';
import { coded } from '../messages.js';
import { wrongOption } from '../options/wrong-option.js';
import { UNTRACKED_SERVER } from '../requests/captured-requests.js';
import type { MatomoStats } from '../stats.js';
import { createAnswerExport } from './answer-export.js';
import { Assembler, type SpanCounts } from './assembler.js';
import { type GatewayOptions, type ResolvedReceiver, resolveReceiver } from './gateway-options.js';
import { toRequest } from './to-request.js';

/** What became of requests, and of the spans that they were put together from. */
export interface GatewayStats extends MatomoStats {
  /** At every moment `received = waiting + used + unused`. */
  readonly spans: SpanCounts & {
    /** Answered with success. */
    readonly received: number;
    /** Answered with a partial success that counts them. */
    readonly rejected: number;
  };
  /** Requests that wait for their spans; they are no hits yet. */
  readonly waitingRequests: number;
}

/** A running gateway. */
export interface Gateway {
  /** Such as `http://127.0.0.1:4318`; spans go to `/v1/traces` below it. */
  readonly url: string;
  /** What became of everything so far. */
  stats(): GatewayStats;
  /** Takes nothing new, finishes what was accepted and sends it: at most `shutdownTimeoutMillis`. Never rejects. */
  close(): Promise<void>;
}

// Against clients that are slow, or many.
const HEADERS_MILLIS = 10_000;
const REQUEST_MILLIS = 30_000;
const KEEP_ALIVE_MILLIS = 65_000;
const MAX_CONNECTIONS = 1000;
const MAX_HEADER_BYTES = 16_384;

const DEFAULT_TITLE = '{method} {route}';

/**
 * Starts a receiver of OTLP/HTTP that makes a hit of every HTTP request in the spans that it gets, from services in any
 * language.
 *
 * @throws TypeError naming the option and the value, where one is wrong or missing.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { receiver, matomo } = resolveReceiver(options, process.env);
  const diagnostics = createDiagnostics();
  const made = createHitPipeline(matomo, diagnostics);
  if (!made) throw wrongOption('a gateway needs url and siteId, and enabled not to be false');
  const { pipeline, reading, resolved } = made;
  const { maxQueueSize, shutdownTimeoutMillis } = resolved;
  const namesBySpan = resolved.actionName === DEFAULT_TITLE;
  let received = 0;
  let rejected = 0;
  let closed: Promise<void> | undefined;

  const assembler = new Assembler(receiver.graceMillis, (spans) => {
    const request = toRequest(spans, reading, namesBySpan);
    if (request) pipeline.add(request.record, request.span);
  });

  const answerExport = createAnswerExport(receiver, {
    keepsAttribute: (name) =>
      name.startsWith('matomo.') || name === reading.userIdAttribute || name === 'error.type',
    hasRoom(requests) {
      const { pending, spooled } = pipeline.stats();
      const waiting = pending - spooled + assembler.waitingRequests;
      // More than ever fit are taken where nothing waits; what is too much then is counted as lost.
      return waiting + requests <= maxQueueSize || (waiting === 0 && requests > maxQueueSize);
    },
    accept(spans) {
      received += spans.length;
      assembler.add(spans, Date.now());
    },
    reject(count) {
      rejected += count;
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    if (path === '/v1/traces') return answerExport(request, response);
    if (path === '/healthz') return say(response, 200, 'ok');
    if (path === '/readyz') return say(response, closed ? 503 : 200, closed ? 'closing' : 'ready');
    request.resume();
    say(response, 404, 'spans go to /v1/traces');
  }

  const server = createServer(receiver, (request, response) => {
    answer(request, response).catch((error) => {
      diagnostics.warnOnce('export', coded('internal-error', `an export failed: ${error}`));
      if (response.headersSent) response.destroy();
      else say(response, 500, 'internal error');
    });
  });

  async function close(): Promise<void> {
    const deadline = Date.now() + shutdownTimeoutMillis;
    const isWaiting = assembler.waitingRequests > 0;
    // Spans of requests that have come may still be on their way.
    if (isWaiting) await sleep(Math.min(receiver.graceMillis, shutdownTimeoutMillis / 2));
    await stopListening(server);
    assembler.finish(Date.now());
    await pipeline.shutdown(Math.max(0, deadline - Date.now()));
  }

  try {
    await listen(server, receiver);
  } catch (error) {
    await pipeline.shutdown(0);
    throw error;
  }
  return {
    url: urlOf(server, receiver),
    stats: () => ({
      ...pipeline.stats(),
      spans: { ...assembler.counts, received, rejected },
      waitingRequests: assembler.waitingRequests,
    }),
    close() {
      closed ??= close();
      return closed;
    },
  };
}

type Server = ReturnType<typeof createPlainServer>;

function createServer(
  { tls }: ResolvedReceiver,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const limits = {
    headersTimeout: HEADERS_MILLIS,
    requestTimeout: REQUEST_MILLIS,
    keepAliveTimeout: KEEP_ALIVE_MILLIS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: 1000,
  };
  const server = tls
    ? createTlsServer({ ...limits, ...tls, handshakeTimeout: HEADERS_MILLIS }, answer)
    : createPlainServer(limits, answer);
  server.maxConnections = MAX_CONNECTIONS;
  Object.defineProperty(server, UNTRACKED_SERVER, { value: true });
  return server;
}

function listen(server: Server, { host, port }: ResolvedReceiver): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}

/** What is being answered is answered. */
async function stopListening(server: Server): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([stopped, sleep(CLOSING_MILLIS)]);
  server.closeAllConnections();
}

const CLOSING_MILLIS = 500;

function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

function urlOf(server: Server, { tls }: ResolvedReceiver): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http${tls ? 's' : ''}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(`${text}\n`);
}
