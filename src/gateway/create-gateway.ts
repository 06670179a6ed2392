import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../common/describe-error.js';
import { createDiagnostics } from '../common/diagnostics.js';
import { environment } from '../common/environment.js';
import { coded } from '../common/messages.js';
import { listenUntracked, urlOf } from '../common/own-server.js';
import { DEFAULT_TITLE } from '../hit/page/title.js';
import { optionError } from '../options/option.js';
import { findMisspelled, warnAboutMisspelled } from '../options/resolve-options.js';
import { addEvents, addRequest } from '../spans/assemble-requests.js';
import { createPipeline, type Pipeline } from '../tracker/pipeline.js';
import type { MatomoStats } from '../tracker/stats.js';
import { createAnswerExport, MEMORY_OF_BODIES } from './receiver/answer-export.js';
import {
  createServer,
  findForeignSender,
  MAX_CONNECTIONS,
  stopListening,
} from './receiver/server.js';
import { type GatewayOptions, RECEIVER_OPTIONS, resolveReceiver } from './receiver-options.js';
import { Assembler, type SpanCounts } from './traces/assembler.js';
import { createIsKept, toReceivedSpans } from './traces/received-span.js';
import { normalize } from './traces/to-request.js';

/** The share of a spool that stays free for hits in memory, of all processes that use the spool. Beyond it, exports are refused. */
const SPARE_SHARE = 1 / 8;

/** Memory of a hit without the texts of its spans, and the limit for these texts, which may contain much that no hit has. */
const HIT_BYTES = 1000;
const MAX_TEXT_BYTES = 65_536;

const ROOM_POLL_MILLIS = 20;

/** Log messages by the cause of a refusal. */
const REFUSED = {
  'no room':
    'The queue or the spool is full: new exports are answered with 503 until Matomo has processed hits. Check why it does not, or raise maxQueueSize or, with a spool, maxSpoolBytes.',
  'no memory': `Too many exports arrive at the same time: new ones are answered with 429. Add gateways, or raise maxBodyBytes: ${MEMORY_OF_BODIES} exports of that size are read at the same time.`,
  connections: `All ${MAX_CONNECTIONS} connections are in use: new ones are closed. Add gateways, or let services export to a Collector, which needs few connections.`,
} as const;

/** Counters of a gateway: requests, and the spans from which requests are assembled. */
export interface GatewayStats extends MatomoStats {
  /** At every moment `received = waiting + used + unused`. */
  readonly spans: SpanCounts & {
    /** Spans that were answered with success. */
    readonly received: number;
    /** Spans that a partial success reported as rejected. */
    readonly rejected: number;
  };
  /** Requests that wait for their spans. They are not counted as hits yet. */
  readonly pendingRequests: number;
  /**
   * Exports that were answered with 429 or 503 because there was no room, and connections that were closed because there were too many.
   * The senders have to send these exports again.
   */
  readonly refusedExports: number;
}

/** A running gateway. */
export interface Gateway {
  /** Base URL, such as `http://127.0.0.1:4318`. Send spans to `/v1/traces` below it. */
  readonly url: string;
  /** Results of all spans and requests so far. */
  stats(): GatewayStats;
  /**
   * Waits for the remaining spans of requests that have arrived, flushes and stops, within `shutdownTimeoutMillis`. Accepts
   * no new exports. Never rejects.
   */
  close(): Promise<void>;
}

/**
 * Starts an OTLP/HTTP receiver that turns every HTTP request in the spans of services in any language into a hit. Options
 * that are missing are read from the environment.
 *
 * @throws TypeError naming the option and the value, if one is invalid or missing
 * @throws Error if the gateway cannot listen on `listen`
 *
 * @example
 * const gateway = await createGateway({ url: 'https://matomo.example.org', siteId: 1 });
 * console.log(gateway.url); // http://127.0.0.1:4318
 * process.once('SIGTERM', () => gateway.close());
 */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { receiver, matomo } = resolveReceiver(options, environment());
  const diagnostics = createDiagnostics();
  for (const { problem } of findMisspelled(environment(), RECEIVER_OPTIONS))
    warnAboutMisspelled(problem, diagnostics);
  let received = 0;
  let rejected = 0;
  let refusedExports = 0;
  let boundTo = '';
  let closed: Promise<void> | undefined;
  const pipeline = openPipeline(matomo, diagnostics, {
    component: 'matomo_gateway',
    countUnused: () => assembler.counts.unused,
    counters: {
      'matomo.exports.refused': {
        unit: '{export}',
        description: 'Exports that a gateway refused because there was no room',
        read: () => refusedExports,
      },
    },
  });
  const { reading, options: resolved } = pipeline;
  const { maxSpoolBytes, shutdownTimeoutMillis } = resolved;
  const isKept = createIsKept(reading);
  const namesBySpan = resolved.actionName === DEFAULT_TITLE;

  /** Whether the spool has no room for hits. Senders can keep such hits. In memory, they would be lost if the gateway ended. */
  function isSpoolFull(): boolean {
    const { room = Number.POSITIVE_INFINITY } = pipeline.delivery.spool ?? {};
    return room < maxSpoolBytes * SPARE_SHARE;
  }

  function refuse(cause: keyof typeof REFUSED): void {
    refusedExports += 1;
    diagnostics.lines.add('exports-refused', 1, (count) => `${REFUSED[cause]} Refused: ${count}.`);
  }

  const assembler = new Assembler(receiver.graceMillis, {
    hasRoom: (hits, bytes) =>
      pipeline.delivery.hasRoom(hits, hits * HIT_BYTES + Math.min(bytes, hits * MAX_TEXT_BYTES)),
    addRequest: (group) => addRequest(() => normalize(group, namesBySpan), pipeline),
    addEvents: (left) => addEvents(left, pipeline),
  });

  const answerExport = createAnswerExport(receiver, {
    isKept,
    isFull: () => assembler.isBlocked || !pipeline.delivery.hasRoom(1, HIT_BYTES) || isSpoolFull(),
    onRefused: refuse,
    onUnread: (reason) =>
      diagnostics.warnOnce(`unread ${reason}`, () =>
        coded(
          'export-not-read',
          `An export was not read, or not all of it: ${reason}. What was not read is missing in Matomo. Correct that at the sender, which got the same reason.`,
        ),
      ),
    accept(resources, bytes) {
      const read = toReceivedSpans(resources, bytes);
      received += read.spans.length;
      rejected += read.rejected;
      assembler.add(read.spans);
      return read;
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = request.url?.split('?', 1) ?? [];
    const foreign = findForeignSender(request.headers, boundTo, receiver.listen.host);
    if (foreign !== undefined) return sendText(response, 403, foreign);
    if (path === '/v1/traces') return answerExport(request, response);
    if (path === '/healthz') return sendText(response, 200, 'ok');
    if (path === '/readyz' && closed === undefined) return sendText(response, 200, 'ready');
    if (path === '/readyz') return sendText(response, 503, 'closing');
    sendText(response, 404, 'not found: send spans to /v1/traces');
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      const text = `An export could not be processed (${describeError(error)}). It was answered with 500. Please report this.`;
      diagnostics.warnOnce('export', coded('internal-error', text));
      if (response.headersSent) response.destroy();
      else sendText(response, 500, 'internal error');
    });
  });

  server.on('drop', () => refuse('connections'));

  async function close(): Promise<void> {
    const deadline = performance.now() + shutdownTimeoutMillis;
    const isWaiting = assembler.waitingRequests > 0;
    // Other spans of requests that have arrived may still be in transit.
    if (isWaiting) await sleep(Math.min(receiver.graceMillis, shutdownTimeoutMillis / 2));
    await stopListening(server);
    assembler.finish();
    // While the queue is full, requests wait until there is only enough time left to send the rest.
    if (assembler.counts.waiting > 0) void pipeline.flush();
    const lastMillis = deadline - shutdownTimeoutMillis / 4;
    while (assembler.counts.waiting > 0 && performance.now() < lastMillis) {
      await sleep(ROOM_POLL_MILLIS);
      assembler.pass();
    }
    assembler.passAll();
    await pipeline.shutdown(Math.max(0, deadline - performance.now()));
  }

  try {
    await listenUntracked(server, receiver.listen.host, receiver.listen.port);
    boundTo = (server.address() as AddressInfo).address;
  } catch (error) {
    await pipeline.shutdown(0);
    throw error;
  }
  return {
    url: urlOf(server),
    stats: () => ({
      ...pipeline.stats(),
      spans: { ...assembler.counts, received, rejected },
      pendingRequests: assembler.waitingRequests,
      refusedExports,
    }),
    close() {
      closed ??= close();
      return closed;
    },
  };
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' });
  response.end(`${text}\n`);
}

/** @throws TypeError if a required option is missing, or if an option is invalid or off so that nothing is tracked */
function openPipeline(...given: Parameters<typeof createPipeline>): Pipeline {
  const pipeline = createPipeline(...given);
  if (pipeline) return pipeline;
  const needed = 'url and siteId, valid privacy options, and enabled must not be false';
  throw optionError(`a gateway needs ${needed}`);
}
