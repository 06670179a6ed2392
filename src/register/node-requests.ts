import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { RecordOption } from '../options/resolved-options.js';
import {
  type CapturedRequest,
  captureRequest,
  currentRequest,
} from '../requests/captured-requests.js';
import {
  describeAsSpan,
  NODE_REQUESTS,
  type NodeRequestSink,
  type NodeRequestStart,
  startOf,
} from '../requests/node-request.js';

/** Requests that have no SERVER span, from Node's diagnostics channels. */
export interface NodeRequests {
  /** A provider has the processor: from now on a request without a span is one that the application leaves out. */
  preferSpans(): void;
  /** A request that was announced before anybody listened. */
  addFirst(message: unknown): void;
  stop(): void;
}

interface RequestMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

const CHANNEL = 'http.server.request.start';

/**
 * Gives a processor each request when its response is closed, unless a SERVER span has claimed it by then: so a request is
 * counted once, whenever tracing starts.
 */
export function trackNodeRequests(processor: object, record: RecordOption): NodeRequests {
  const add = (processor as { [NODE_REQUESTS]?: NodeRequestSink })[NODE_REQUESTS];
  let hasProvider = false;
  /** A provider makes SERVER spans, in whichever way. */
  let hasSeenSpans = false;

  function isLeftToSpans({ request, server }: RequestMessage): boolean {
    if (!hasProvider) return false;
    if (record === 'sampled') return true;
    if (!isInstrumentable(server) || isContinueListened(request, server)) return false;
    return hasSeenSpans || isInstrumented(server);
  }

  function onRequest(message: unknown): void {
    if (isLeftToSpans(message as RequestMessage)) return;
    const { request, response } = message as RequestMessage;
    const captured = currentRequest();
    if (captured?.request !== request || captured.untracked) return;
    const start = startOf(request);
    response.once('close', () => onClose(captured, message as RequestMessage, start));
  }

  function onClose(
    captured: CapturedRequest,
    message: RequestMessage,
    start: NodeRequestStart,
  ): void {
    const { request, response } = message;
    // Released, or held by the processor that it is counted by.
    if (captured.request !== request || captured.span !== undefined) {
      hasSeenSpans ||= hasProvider;
      return;
    }
    add?.(captured, describeAsSpan(captured, request, response.statusCode, start));
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
      channel(CHANNEL).unsubscribe(onRequest);
    },
  };
}

/** Instrumentations patch `emit` of the servers of `http` and `https`; others that speak HTTP/1.1 are those of `http2`. */
function isInstrumentable(server: Server): boolean {
  return 'maxHeadersCount' in server;
}

/** Such a request is no `request` event, which is all that instrumentations see. */
function isContinueListened(request: IncomingMessage, server: Server): boolean {
  return server.listenerCount('checkContinue') > 0 && request.headers.expect !== undefined;
}

/** As OpenTelemetry's instrumentations mark what they have patched. */
function isInstrumented(server: Server): boolean {
  return (server.emit as { __wrapped?: boolean }).__wrapped === true;
}
