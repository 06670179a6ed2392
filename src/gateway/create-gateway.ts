import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDiagnostics } from '../common/diagnostics.js';
import { coded } from '../common/messages.js';
import { listenUntracked, urlOf } from '../common/untracked-server.js';
import { DEFAULT_TITLE } from '../hit/action-name.js';
import { findMisspelledVariables, warnAboutMisspelled } from '../options/misspelled-variables.js';
import { wrongOption } from '../options/wrong-option.js';
import { createHitPipeline } from '../pipeline/hit-pipeline.js';
import { REQUEST_BYTES } from '../pipeline/pending-hits.js';
import type { MatomoStats } from '../pipeline/stats.js';
import { hitsOfEvents } from '../requests/span-hit-events.js';
import { GATEWAY_VARIABLES, type GatewayOptions, resolveReceiver } from './gateway-options.js';
import { createSelection } from './otlp/span-selection.js';
import { createAnswerExport } from './receiver/answer-export.js';
import { findForeignSender } from './receiver/guard-request.js';
import { createServer, stopListening } from './receiver/server.js';
import { Assembler, type SpanCounts } from './traces/assembler.js';
import { toRequest } from './traces/to-request.js';

/** An eighth of a spool is left to those that share it: what they have taken and not stored is not known here. */
const SHARE_OF_OTHERS = 8;

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

/**
 * Starts a receiver of OTLP/HTTP that makes a hit of every HTTP request in the spans that it gets, from services in any
 * language.
 *
 * @throws TypeError naming the option and the value, where one is wrong or missing.
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { receiver, matomo } = resolveReceiver(options, process.env);
  const diagnostics = createDiagnostics();
  const variables = Object.values(GATEWAY_VARIABLES);
  for (const misspelled of findMisspelledVariables(process.env, variables)) {
    warnAboutMisspelled(misspelled, diagnostics);
  }
  const made = createHitPipeline(matomo, diagnostics, 'matomo_gateway');
  if (!made) {
    throw wrongOption(
      'a gateway needs url and siteId, privacy options that can be read, and enabled not to be false',
    );
  }
  const { pipeline, reading, resolved } = made;
  const { maxQueueSize, maxQueueBytes, maxSpoolBytes, shutdownTimeoutMillis } = resolved;
  const namesBySpan = resolved.actionName === DEFAULT_TITLE;
  let received = 0;
  let rejected = 0;
  let isClosing = false;
  let boundTo = '';
  let closed: Promise<void> | undefined;

  const assembler = new Assembler(
    receiver.graceMillis,
    (spans) => {
      const request = toRequest(spans, reading, namesBySpan);
      if (request) pipeline.addRequest(request.record, request.span);
    },
    (span) => {
      for (const hit of hitsOfEvents(span)) pipeline.addFurtherHit(hit);
    },
  );

  const answerExport = createAnswerExport(receiver, {
    selection: createSelection(receiver, reading),
    hasRoom(requests, bytes) {
      const { pending, spooled } = pipeline.stats();
      const { waitingRequests, waitingRequestBytes } = assembler;
      const waiting = pending - spooled + waitingRequests;
      const newBytes = waitingRequestBytes + bytes + REQUEST_BYTES * (waitingRequests + requests);
      const allBytes = pipeline.queueBytes + newBytes;
      const spoolRoom = pipeline.spoolRoom();
      // More than ever fit are taken where nothing waits; what is too much then is counted as lost.
      if (waiting === 0 && spoolRoom > maxSpoolBytes / 2) return true;
      if (allBytes > spoolRoom - maxSpoolBytes / SHARE_OF_OTHERS) {
        diagnostics.warnOnce('spool_full', coded('spool-full', SPOOL_FULL));
        return false;
      }
      return waiting + requests <= maxQueueSize && allBytes <= maxQueueBytes;
    },
    accept({ spans, leftOut, rejected: count }) {
      received += spans.length + leftOut;
      rejected += count;
      assembler.add(spans);
      assembler.countUnused(leftOut);
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    const foreign = findForeignSender(request.headers, boundTo, receiver.host);
    if (path === '/v1/traces') return answerExport(request, response, foreign);
    if (foreign !== undefined) {
      request.resume();
      return say(response, 403, foreign);
    }
    if (path === '/healthz') return say(response, 200, 'ok');
    if (path === '/readyz') {
      return isClosing ? say(response, 503, 'closing') : say(response, 200, 'ready');
    }
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
    isClosing = true;
    const deadline = performance.now() + shutdownTimeoutMillis;
    const isWaiting = assembler.waitingRequests > 0;
    // Spans of requests that have come may still be on their way.
    if (isWaiting) await sleep(Math.min(receiver.graceMillis, shutdownTimeoutMillis / 2));
    await stopListening(server);
    assembler.finish();
    await pipeline.shutdown(Math.max(0, deadline - performance.now()));
  }

  try {
    await listenUntracked(server, receiver.host, receiver.port);
    boundTo = (server.address() as AddressInfo).address;
  } catch (error) {
    await pipeline.shutdown(0);
    throw error;
  }
  return {
    url: urlOf(server, receiver.tls ? 'https' : 'http'),
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

const SPOOL_FULL =
  'the spool has room for no more hits, new requests are answered with 503 until Matomo has taken some. Raise maxSpoolBytes if it is to hold more';

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(`${text}\n`);
}
