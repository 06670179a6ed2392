import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';
import { type RequestMessage, requestListener } from '../common/channel-listener.js';
import type { RecordOption } from '../options/resolved-options.js';
import {
  type CapturedRequest,
  captureRequest,
  currentRequest,
} from '../requests/captured-requests.js';
import { describeAsSpan, type NodeRequestStart, startOf } from '../requests/node-request.js';
import { internalsOf } from '../requests/processor-internals.js';

/** Requests without a SERVER span, from Node's diagnostics channels. */
export interface NodeRequests {
  /** A provider has the processor: from now on, requests that instrumentations see are left to spans. */
  preferSpans(): void;
  /** Adds a request that was announced before the subscription. */
  addFirst(message: unknown): void;
  stop(): void;
}

const CHANNEL = 'http.server.request.start';

/**
 * Passes each request to a processor when its response is closed, unless it has a SERVER span by then. So each request is
 * counted once, whenever tracing starts.
 */
export function trackNodeRequests(processor: object, record: RecordOption): NodeRequests {
  const internals = internalsOf(processor);
  let hasProvider = false;
  let isStopped = false;

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
    const start = startOf(request);
    captured.onClosed = () => onClose(captured, message, start);
    response.once('close', captured.onClosed);
  });

  function onClose(
    captured: CapturedRequest,
    message: RequestMessage,
    start: NodeRequestStart,
  ): void {
    const { request, response } = message;
    // The request has a span, whose processor counts it.
    if (isStopped || captured.request !== request || captured.span !== undefined) return;
    internals?.addNodeRequest(captured, () =>
      describeAsSpan(captured, request, response.statusCode, start),
    );
  }

  channel(CHANNEL).subscribe(onRequest);
  return {
    preferSpans() {
      hasProvider = true;
    },
    addFirst(message) {
      captureRequest(message);
      onRequest(message);
    },
    stop() {
      isStopped = true;
      channel(CHANNEL).unsubscribe(onRequest);
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

/** OpenTelemetry's instrumentations mark what they patch with `__wrapped`. */
function isInstrumented(server: Server): boolean {
  return (server.emit as { __wrapped?: boolean }).__wrapped === true;
}
