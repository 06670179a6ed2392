import type { IncomingMessage, Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { RecordOption } from '../options/option-table.js';
import { areStreamsCaptured } from '../requests/connections.js';
import { internalsOf } from '../requests/processor-internals.js';

/** Requests without a SERVER span. Over HTTP/2, no instrumentation makes one. */
export interface NodeRequests {
  /** A provider has the processor: from now on, requests that instrumentations see are left to spans. */
  preferSpans(): void;
  /** Finds out if the streams of an HTTP/2 server are announced, when the first one begins. */
  expectStreams(server: NetServer): void;
  stop(): void;
}

/**
 * Makes a processor track each request that has no SERVER span by its end. So each request is counted once, whenever tracing starts.
 * `reportUntracked` is called if a stream of HTTP/2 cannot be tracked.
 */
export function trackNodeRequests(
  processor: object,
  record: RecordOption,
  reportUntracked: () => void,
): NodeRequests {
  let hasProvider = false;
  let isStopped = false;
  let areStreamsAnnounced = false;
  const http2Servers = new WeakSet<NetServer>();
  const internals = internalsOf(processor);
  internals?.trackSpanless({
    isAccepted({ request: incoming, server }) {
      if (!hasProvider) return true;
      if (record === 'sampled') return false;
      if (!isInstrumentable(server) || !emitsRequest(incoming, server)) return true;
      return !isInstrumented(server);
    },
    isStreamAccepted() {
      areStreamsAnnounced = true;
      if (!areStreamsCaptured()) reportUntracked();
      return !hasProvider || record !== 'sampled';
    },
  });

  return {
    preferSpans() {
      hasProvider = true;
    },
    expectStreams(server) {
      if (areStreamsAnnounced || http2Servers.has(server)) return;
      http2Servers.add(server);
      server.once('stream', () => {
        if (!areStreamsAnnounced && !isStopped) reportUntracked();
      });
    },
    stop() {
      isStopped = true;
      internals?.trackSpanless(undefined);
    },
  };
}

/** Instrumentations patch servers of `http` and `https`, but not those of `http2` that also speak HTTP/1.1. */
function isInstrumentable(server: Server): boolean {
  return 'maxHeadersCount' in server;
}

/** Instrumentations see only the event `request`. Node.js answers other requests itself, or emits another event. */
function emitsRequest({ headers, httpVersion }: IncomingMessage, server: Server): boolean {
  const { expect, host } = headers;
  if (httpVersion !== '1.1') return true;
  if (expect === undefined) return host !== undefined;
  return server.listenerCount('checkContinue') === 0 && /\b100-continue\b/i.test(expect);
}

/** OpenTelemetry's instrumentations mark what they patch, which is the class, with `__wrapped`. */
function isInstrumented(server: Server): boolean {
  return Object.getPrototypeOf(server).emit.__wrapped === true;
}
