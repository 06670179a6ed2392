import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import {
  type RequestMessage,
  requestListener,
  streamListener,
} from '../common/channel-listener.js';
import type { RecordOption } from '../options/option-table.js';
import {
  areStreamsCaptured,
  type CapturedRequest,
  capturedOf,
  captureRequest,
  currentRequest,
} from '../requests/captured-requests.js';
import { connectionOf, describeAsSpan, type NodeRequest } from '../requests/node-request.js';
import { internalsOf } from '../requests/processor-internals.js';

/** Requests without a SERVER span, from Node's diagnostics channels. Over HTTP/2, no instrumentation makes one. */
export interface NodeRequests {
  /** A provider has the processor: from now on, requests that instrumentations see are left to spans. */
  preferSpans(): void;
  /** Adds a request that was announced before the subscription. */
  addFirst(message: unknown): void;
  /** Finds out if the streams of an HTTP/2 server are announced, when the first one begins. */
  expectStreams(server: NetServer): void;
  stop(): void;
}

const REQUEST_CHANNEL = 'http.server.request.start';
const STREAM_CHANNEL = 'http2.server.stream.created';

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

  const onRequest = requestListener((message) => {
    if (isLeftToSpans(message)) return;
    const { request, response } = message;
    const captured = currentRequest();
    if (captured?.request !== request || captured.untracked) return;
    const onClosed = prepareClose(captured, request, response);
    captured.onClosed = onClosed;
    response.once('close', onClosed);
  });

  const onStream = streamListener(({ stream }) => {
    areStreamsAnnounced = true;
    if (!areStreamsCaptured()) reportUntracked();
    if (hasProvider && record === 'sampled') return;
    const captured = capturedOf(stream);
    if (!captured?.request || !captured.response || captured.untracked) return;
    captured.onClosed = prepareClose(captured, captured.request, captured.response);
  });

  /** Returns what is called when the response is closed. */
  function prepareClose(
    captured: CapturedRequest,
    request: NodeRequest,
    response: { readonly statusCode: number },
  ): () => void {
    const connection = connectionOf(request);
    return function onClosed() {
      // The request has a span, whose processor counts it.
      if (isStopped || captured.request !== request || captured.span !== undefined) return;
      internals?.addNodeRequest(captured, () =>
        describeAsSpan(captured, request, response.statusCode, connection),
      );
    };
  }

  channel(REQUEST_CHANNEL).subscribe(onRequest);
  channel(STREAM_CHANNEL).subscribe(onStream);
  return {
    preferSpans() {
      hasProvider = true;
    },
    addFirst(message) {
      captureRequest(message);
      onRequest(message);
      onStream(message);
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
      channel(REQUEST_CHANNEL).unsubscribe(onRequest);
      channel(STREAM_CHANNEL).unsubscribe(onStream);
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
