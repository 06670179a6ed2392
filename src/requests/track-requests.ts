import type { RequestMessage } from '../common/channel-listener.js';
import { spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import { captureRequests, currentRequest, openRequests } from './captured-requests.js';
import { closeRequest } from './connections.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
  toMillis,
} from './finished-span.js';
import { hasHitEvent, hitsOfEvents } from './hit-events.js';
import { isOperationSpan, updateOperation } from './operations/index.js';
import { isMcpSpan, linkedRequestOf } from './operations/mcp.js';
import { type RequestReading, readRequest } from './read-request.js';
import { Request, type RequestSink } from './request.js';
import { measureResponse } from './response.js';
import { routeOf } from './routes/index.js';
import {
  annotateBelow,
  annotateOwn,
  isAnnotated,
  isAnnotatedBelow,
  PERF_KEY_ATTRIBUTE,
} from './span-annotations.js';
import { TraceIndex } from './trace-index.js';

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
  // Keyed by the span object, which is the same in onStart and onEnd, so that spans that never end leave nothing behind.
  // Requests are in the index instead: a WeakMap of them costs a tenth of all the CPU time of a hit.
  const nested = new WeakMap<object, Request>();
  const tagged = new WeakMap<object, Request>();
  // Spans of work that no request of this process began: all below a span without a local parent that is not a SERVER span. A span of
  // any other kind may belong to a request of which nothing else is known, and whose visitor may have opted out.
  const jobs = new WeakSet<object>();
  const index = new TraceIndex();
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
      const request = requestOfCall(announced, span);
      return request?.closed ? undefined : request?.annotationsFromCode();
    },
    takeHit(hit, announced, span) {
      if (announced?.untracked) return;
      let request = requestOfCall(announced, span);
      if (!request && announced?.incoming && !findOwn(announced)) request = takeOwn(announced);
      const unknown = announced || (span && !jobs.has(span)) ? 'unknown' : undefined;
      sink.addFurtherHit(hit, request ?? unknown);
    },
    reports: sink,
    abandon(announced) {
      try {
        const request = findOwn(announced);
        if (!request?.span || !request.response) return;
        // If only its span has not ended, that may come, or not.
        if (request.response.closed === false) end(request, request.response.statusCode);
        else index.weaken(request);
      } catch (error) {
        report('abandon', error);
      }
    },
  });

  /** The request of this processor, if it has used that in the async context before. */
  function findOwn(announced: Request | undefined): Request | undefined {
    let each = announced;
    while (each && each.index !== index) each = each.next;
    return each;
  }

  /** The same; from now on, this processor has one. */
  function takeOwn(announced: Request): Request {
    const found = findOwn(announced);
    if (found) return found;
    if (!announced.index) {
      announced.index = index;
      return announced;
    }
    const own = new Request(index, announced);
    own.next = announced.next;
    announced.next = own;
    return own;
  }

  /**
   * The request of a call. The active span wins over the async context: a connection of a pool that was opened in another request
   * may run all its callbacks in that one's async context, and instrumentations bind them to the right span.
   *
   * | the active span                                  | the request of the call                |
   * |--------------------------------------------------|----------------------------------------|
   * | none, or the SERVER span of the current request  | the current one, of the async context  |
   * | another SERVER span                              | its own, or the one around it          |
   * | in the trace of the current request              | that of its parent, else the current   |
   * | in the trace of another request                  | that one, unless it is closed          |
   * | of a job                                         | the current one, which has begun it    |
   * | not recorded, while the current one has no span  | the current one                        |
   * | any other                                        | none: it may be of another request     |
   */
  function requestOfCall(
    announced: Request | undefined,
    span: Span | undefined,
  ): Request | undefined {
    const current = findOwn(announced);
    if (!span || current?.isOf(span)) return current;
    const own = nested.get(span) ?? index.root(span);
    if (own) return own;
    const owner = index.ownerOf(span);
    if (current?.traceId === span.spanContext().traceId) return owner ?? current;
    if (owner && !owner.closed) return owner;
    if (jobs.has(span)) return current;
    const isRecorded = (span as Partial<FinishedSpan>).kind !== undefined;
    return current?.traceId === '' && !isRecorded ? current : undefined;
  }

  /** Adds the hits in events of an ended span. If its request ended long ago, the async context identifies it. */
  function takeEvents(span: FinishedSpan, found: Request | undefined): void {
    if (!hasHitEvent(span)) return;
    const current = found ?? findOwn(currentRequest());
    const isIts = current?.traceId === span.spanContext().traceId;
    const unknown = jobs.has(span) ? undefined : 'unknown';
    const owner = current && isIts ? current : unknown;
    for (const hit of hitsOfEvents(span)) sink.addFurtherHit(hit, owner);
  }

  function startServerSpan(span: Span & FinishedSpan, parentContext: Context): void {
    const isHttp = methodOf(span.attributes) !== undefined;
    const announced = isHttp ? requestInProgress() : undefined;
    const outer = findOuter(span, spanOf(parentContext), announced);
    if (outer) {
      nested.set(span, outer);
      if (index.hasSharedTraces) index.assign(span, undefined, outer);
      return;
    }
    if (announced?.untracked) return;
    // Node's request belongs to the first HTTP SERVER span in its async context. Paths are not compared: the span has none if the URL
    // parser rejects the Host header or the target.
    const own = announced && takeOwn(announced);
    const request = own && !own.request && !own.closed ? own : new Request(index);
    request.startSpan(span);
    index.add(request);
  }

  /**
   * The request that a SERVER span is a part of, as it has begun before:
   *
   * | the span                                                       | the request                     |
   * |----------------------------------------------------------------|---------------------------------|
   * | of HTTP or MCP, below a span of a request of this process      | that one                        |
   * | of MCP, below the call of the client                           | the one that brought its message |
   * | of HTTP, while the current request has another SERVER span     | the current one                 |
   */
  function findOuter(
    span: Span & FinishedSpan,
    parent: Span | undefined,
    announced: Request | undefined,
  ): Request | undefined {
    const isHttp = methodOf(span.attributes) !== undefined;
    if (!isHttp && !isMcpSpan(span)) return undefined;
    const around = outerRequest(parent, span.spanContext().traceId);
    if (around) return around;
    if (!isHttp) return linkedRequest(span);
    // One application behind two servers: the second `request` event starts another root span in the context of the first.
    const current = findOwn(announced);
    return current?.span && !current.isOf(span) ? current : undefined;
  }

  /** The request that brought the message of an MCP span whose parent is the call of the client. */
  function linkedRequest(span: FinishedSpan): Request | undefined {
    const context = linkedRequestOf(span);
    return context && index.findById(context);
  }

  /** The request around a span with this parent. Only a local parent proves that there is one. */
  function outerRequest(parent: Span | undefined, traceId: string): Request | undefined {
    if (!parent) return undefined;
    const context = parent.spanContext();
    if (context.isRemote || context.traceId !== traceId) return undefined;
    return index.root(parent) ?? nested.get(parent) ?? index.find(parent);
  }

  /** The request of a child span, as long as its hit can change. */
  function requestOf(span: FinishedSpan): Request | undefined {
    const traced = index.find(span);
    return traced && toMillis(span.startTime) >= traced.startMillis ? traced : undefined;
  }

  return {
    get tracksSpanless() {
      return tracksSpanless;
    },

    onStart(span, parentContext) {
      const started = span as Span & FinishedSpan;
      if (started.attributes === undefined) return; // the tracer is not of an OpenTelemetry SDK
      if (started.kind === SERVER_SPAN) {
        startServerSpan(started, parentContext);
        return;
      }
      const parent = spanOf(parentContext);
      if (isLocalRoot(started) || (parent && jobs.has(parent))) jobs.add(started);
      if (index.hasSharedTraces) {
        const current = findOwn(currentRequest());
        index.assign(started, parent, current?.span && current);
      }
      if (started.attributes[PERF_KEY_ATTRIBUTE] !== undefined) {
        const traced = requestOf(started);
        if (traced) {
          traced.runningSpans += 1;
          tagged.set(started, traced);
        }
      }
    },

    onEnd(span) {
      if (span.kind === SERVER_SPAN) {
        const current = findOwn(currentRequest());
        const traced = current?.isOf(span) ? current : index.root(span);
        if (traced) end(traced);
        else endSpanBelow(nested.get(span), span);
        return;
      }
      if (!isAnnotatedBelow(span, reading)) return;
      const taggedFor = tagged.get(span);
      if (taggedFor) taggedFor.runningSpans -= 1;
      endSpanBelow(taggedFor ?? requestOf(span), span);
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
      end(takeOwn(announced));
    } catch (error) {
      report('onNodeRequest', error);
    }
  }

  function endOpenRequest(announced: Request): void {
    const request = findOwn(announced);
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
    const { request, nestedRoute } = traced;
    if (!request) return;
    let { route, operation } = request;
    // Next.js ends its own SERVER span after the one of the http instrumentation.
    if (route === undefined && nestedRoute !== undefined)
      route = routeOf(traced, {}, request.path, request.statusCode);
    if (isOperationSpan(span)) operation = updateOperation(operation, traced, reading.readsMcp);
    traced.request = { ...request, route, operation };
  }
}

/** Whether nothing in this process began what a span is about. In SDK 1, only its kind shows that its parent may be remote. */
function isLocalRoot(span: FinishedSpan): boolean {
  const { kind, parentSpanContext } = span;
  if (parentSpanIdOf(span) === undefined) return true;
  return parentSpanContext?.isRemote ?? (parentSpanContext === undefined && kind === CONSUMER_SPAN);
}

/**
 * The request that Node.js handles in the current async context. The context may live longer: what a finished request started
 * must not get its headers.
 */
function requestInProgress(): Request | undefined {
  const announced = currentRequest();
  return announced?.incoming === undefined || announced.response?.closed ? undefined : announced;
}
