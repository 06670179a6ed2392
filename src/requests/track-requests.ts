import type { RequestMessage } from '../common/channel-listener.js';
import { spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { captureRequests, openRequests } from './captured-requests.js';
import { closeRequest } from './connections.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';
import { hasHitEvent, hitsOfEvents, PERF_KEY_ATTRIBUTE } from './matomo-attributes.js';
import { isOperationSpan, updateOperation } from './operations/index.js';
import { type RequestReading, readRequest } from './read-request.js';
import type { Request, RequestSink } from './request.js';
import { RequestFinder } from './request-of-span.js';
import { measureResponse } from './response.js';
import { routeOf } from './routes/index.js';
import { annotateBelow, annotateOwn, isAnnotated, isAnnotatedBelow } from './span-annotations.js';

export interface RequestTracker {
  /** Whether the latest request was to be tracked even without a SERVER span. */
  readonly tracksSpanless: boolean;
  /** Called for every span that starts. */
  onStart(span: Span, parentContext: Context): void;
  /** Called for every span that ends. */
  onEnd(span: FinishedSpan): void;
  /** From now on, also tracks requests without a SERVER span that `rules` accept; with `undefined`, no longer. */
  trackSpanless(rules: SpanlessRules | undefined): void;
  /** Ends requests whose responses have begun and are open, with their current status: the process is about to end. */
  endOpen(): void;
  /** Stops capturing requests. */
  stop(): void;
}

/** Which requests are tracked if they have no SERVER span when they end. */
export interface SpanlessRules {
  isAccepted(message: RequestMessage): boolean;
  /** Called for each stream of HTTP/2 that begins. */
  isStreamAccepted(): boolean;
}

/**
 * Watches live spans and passes on each HTTP request once, when its server span ends. `report` gets what fails outside of the
 * calls of the SDK.
 */
export function trackRequests(
  sink: RequestSink,
  reading: RequestReading,
  report: (callback: string, error: unknown) => void,
): RequestTracker {
  const finder = new RequestFinder();
  /** The requests of spans that had a perf key when they started. */
  const tagged = new WeakMap<object, Request>();
  let spanless: SpanlessRules | undefined;
  let tracksSpanless = false;

  const stop = captureRequests({
    begin(announced, message) {
      if (reading.isMeasured) measureResponse(announced, message, reading.isMeasured);
      if (announced.untracked) return;
      tracksSpanless = spanless?.isAccepted(message) ?? false;
      if (!tracksSpanless) return;
      announced.onClosed = endSpanless;
      void message.request.socket.remoteAddress; // Node.js remembers it: it is unknown once the connection is closed
    },
    beginStream(announced) {
      const isAccepted = spanless?.isStreamAccepted();
      if (isAccepted && announced && !announced.untracked) announced.onClosed = endSpanless;
    },
    findAnnotations(span, announced) {
      if (announced?.untracked) return undefined;
      const request = finder.ofCall(announced, span);
      return request?.closed ? undefined : request?.ensureAdditions();
    },
    takeHit(hit, announced, span) {
      if (!announced?.untracked) sink.addFurtherHit(hit, finder.ofHit(announced, span));
    },
    reports: sink,
    abandon(announced) {
      try {
        const request = finder.own(announced);
        if (!request?.span || !request.response) return;
        // If only its span has not ended, that may come, or not.
        if (request.response.closed === false) end(request, request.response.statusCode);
        else finder.index.weaken(request);
      } catch (error) {
        report('abandon', error);
      }
    },
  });

  /** Adds the hits in events of an ended span. */
  function takeEvents(span: FinishedSpan, found: Request | undefined): void {
    if (!hasHitEvent(span)) return;
    const owner = finder.ofEvents(span, found);
    for (const hit of hitsOfEvents(span)) sink.addFurtherHit(hit, owner);
  }

  return {
    get tracksSpanless() {
      return tracksSpanless;
    },

    onStart(span, parentContext) {
      const started = span as Span & FinishedSpan;
      if (started.attributes === undefined) return; // the tracer is not of an OpenTelemetry SDK
      const parent = spanOf(parentContext);
      if (started.kind === SERVER_SPAN) {
        finder.addServerSpan(started, parent);
        return;
      }
      finder.addSpan(started, parent);
      if (started.attributes[PERF_KEY_ATTRIBUTE] !== undefined) {
        const traced = finder.ofChild(started);
        if (traced) {
          traced.ensureSpanAdditions().running += 1;
          tagged.set(started, traced);
        }
      }
    },

    onEnd(span) {
      if (span.kind === SERVER_SPAN) {
        const traced = finder.ofServerSpan(span);
        if (traced) end(traced);
        else endSpanBelow(finder.nested.get(span), span);
        return;
      }
      if (!isAnnotatedBelow(span, reading)) return;
      const taggedFor = tagged.get(span);
      if (taggedFor) taggedFor.ensureSpanAdditions().running -= 1;
      endSpanBelow(taggedFor ?? finder.ofChild(span), span);
    },

    trackSpanless(rules) {
      spanless = rules;
    },

    endOpen() {
      for (const announced of openRequests()) {
        try {
          endOpenRequest(announced);
        } catch (error) {
          report('endOpen', error);
        }
      }
    },

    stop,
  };

  /** If it has a span, that ends the request. */
  function endSpanless(announced: Request): void {
    if (!spanless || announced.isTraced || !announced.incoming) return;
    try {
      end(finder.takeOwn(announced));
    } catch (error) {
      report('onNodeRequest', error);
    }
  }

  function endOpenRequest(announced: Request): void {
    const request = finder.own(announced);
    const { response } = request ?? announced;
    if (!response?.headersSent) return;
    if (!announced.isTraced) closeRequest(announced);
    else if (request?.span) end(request, response.statusCode);
  }

  /** `unendedStatus`: that of the response, if the SERVER span has not ended. */
  function end(request: Request, unendedStatus?: number): void {
    const { span } = request;
    if (unendedStatus !== undefined) request.endWithStatus(unendedStatus);
    try {
      if (span) annotateOwn(request, span, reading);
      const read = readRequest(request, reading);
      if (read) {
        if (span) takeEvents(span, request); // they wait for the end, so that the page view is queued first
        sink.addRequest(request.end(read));
      } else if (span) {
        request.close();
        takeEvents(span, undefined);
        countUnused(span);
      }
    } finally {
      request.release(); // one span, one hit
    }
  }

  /** Routes are not counted: most of the spans that have one add nothing to their request. */
  function countUnused(span: FinishedSpan): void {
    if (isAnnotated(span, reading) && !hasHitEvent(span)) sink.countUnused();
  }

  function endSpanBelow(traced: Request | undefined, span: FinishedSpan): void {
    takeEvents(span, traced);
    if (!traced || traced.closed) {
      countUnused(span);
      return;
    }
    annotateBelow(traced, span, reading);
    const { request, spanAdditions } = traced;
    if (!request || !spanAdditions) return;
    let { route, operation } = request;
    // Next.js ends its own SERVER span after the one of the http instrumentation.
    if (route === undefined && spanAdditions.route !== undefined)
      route = routeOf(traced, {}, request.path, request.statusCode);
    if (isOperationSpan(span))
      operation = updateOperation(operation, spanAdditions, reading.readsMcp);
    traced.request = { ...request, route, operation };
  }
}
