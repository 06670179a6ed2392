import type { IncomingMessage, Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { RequestMessage } from '../common/channel-listener.js';
import type { RecordOption } from '../options/option-table.js';
import {
  areStreamsCaptured,
  type CapturedRequest,
  captureRequest,
  observeRequests,
  onResponseClosed,
} from '../requests/captured-requests.js';
import { internalsOf } from '../requests/processor-internals.js';

/** Requests without a SERVER span. Over HTTP/2, no instrumentation makes one. */
export interface NodeRequests {
  /** A provider has the processor: from now on, requests that instrumentations see are left to spans. */
  preferSpans(): void;
  /** Adds a request that was announced before anything listened. */
  addFirst(message: unknown): void;
  /** Finds out if the streams of an HTTP/2 server are announced, when the first one begins. */
  expectStreams(server: NetServer): void;
  stop(): void;
}

/**
 * Passes each request to a processor when its response is closed, unless it has a SERVER span by then. So each request is
 * counted once, whenever tracing starts. `reportUntracked` is called if a stream of HTTP/2 cannot be tracked.
 */
export function trackNodeRequests(
  processor: object,
  record: RecordOption,
  reportUntracked: () => void,
): NodeRequests {
  const internals = internalsOf(processor);
  let hasProvider = false;
  let isStopped = false;
  let areStreamsAnnounced = false;
  const http2Servers = new WeakSet<NetServer>();

  function isLeftToSpans({ request, server }: RequestMessage): boolean {
    if (!hasProvider) return false;
    if (record === 'sampled') return true;
    if (!isInstrumentable(server) || isContinueListened(request, server)) return false;
    return isInstrumented(server);
  }

  function onClosed(captured: CapturedRequest): void {
    // If it has a span, the processor of that counts it.
    if (isStopped || captured.request === undefined || captured.span !== undefined) return;
    internals?.addNodeRequest(captured);
  }

  const stop = observeRequests({
    onRequest(captured, message) {
      if (captured.untracked || isLeftToSpans(message)) return;
      captured.onClosed = onClosed;
      void message.request.socket.remoteAddress; // Node.js remembers it: it is unknown once the connection is closed
      message.response.on('close', onResponseClosed);
    },
    onStream(captured) {
      areStreamsAnnounced = true;
      if (!areStreamsCaptured()) reportUntracked();
      if (!captured || captured.untracked || (hasProvider && record === 'sampled')) return;
      captured.onClosed = onClosed;
    },
  });

  return {
    preferSpans() {
      hasProvider = true;
    },
    addFirst: captureRequest,
    expectStreams(server) {
      if (areStreamsAnnounced || http2Servers.has(server)) return;
      http2Servers.add(server);
      server.once('stream', () => {
        if (!areStreamsAnnounced && !isStopped) reportUntracked();
      });
    },
    stop() {
      isStopped = true;
      stop();
    },
  };
}

/** Instrumentations patch servers of `http` and `https`, but not those of `http2` that also speak HTTP/1.1. */
function isInstrumentable(server: Server): boolean {
  return 'maxHeadersCount' in server;
}

/** Such a request emits `checkContinue` instead of `request`, the only event that instrumentations see. */
function isContinueListened(request: IncomingMessage, server: Server): boolean {
  return server.listenerCount('checkContinue') > 0 && request.headers.expect !== undefined;
}

/** OpenTelemetry's instrumentations mark what they patch, which is the class, with `__wrapped`. */
function isInstrumented(server: Server): boolean {
  return Object.getPrototypeOf(server).emit.__wrapped === true;
}
