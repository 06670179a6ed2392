import { spanOf } from '../common/otel-global.js';
import type { Context, Span } from '../common/otel-types.js';
import {
  type CapturedRequest,
  captureRequests,
  currentRequest,
  isOpen,
  openRequests,
  releaseRequest,
} from './captured-requests.js';
import {
  CONSUMER_SPAN,
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
  toMillis,
} from './finished-span.js';
import { hasHitEvent, hitsOfEvents } from './hit-events.js';
import {
  createSpanless,
  findTraced,
  type RequestSink,
  storeTraced,
  toHitOwner,
} from './hit-owner.js';
import { describeUnended } from './node-request.js';
import { isOperationSpan, updateOperation } from './operations/index.js';
import { isMcpSpan, linkedRequestOf } from './operations/mcp.js';
import { type RequestReading, readRequest } from './read-request.js';
import {
  annotateBelow,
  annotateOwn,
  endRecord,
  isAnnotated,
  isAnnotatedBelow,
  PERF_KEY_ATTRIBUTE,
  type RequestRecord,
} from './request-record.js';
import { routeOf } from './routes/index.js';
import { TracedRequest, TraceIndex } from './trace-index.js';

export interface RequestTracker {
  /** Called for every span that starts. */
  onStart(span: Span, parentContext: Context): void;
  /** Called for every span that ends. */
  onEnd(span: FinishedSpan): void;
  /** Called for a request that ended without a SERVER span; `span` describes it. */
  onNodeRequest(captured: CapturedRequest, span: FinishedSpan): void;
  /** Ends requests whose responses have begun and are open, with their current status: the process is about to end. */
  endOpen(): void;
  /** Stops capturing requests. */
  stop(): void;
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
  const nested = new WeakMap<object, TracedRequest>();
  const tagged = new WeakMap<object, TracedRequest>();
  // Spans of work that no request of this process began: all below a span without a local parent that is not a SERVER span. A span of
  // any other kind may belong to a request of which nothing else is known, and whose visitor may have opted out.
  const jobs = new WeakSet<object>();
  const index = new TraceIndex();

  const stop = captureRequests({
    findAnnotations(span, captured) {
      if (captured?.untracked) return undefined;
      const traced = requestOfCall(captured, span);
      return traced?.closed ? undefined : traced?.record.annotations.fromCode;
    },
    takeHit(hit, captured, span) {
      if (captured?.untracked) return;
      let traced = requestOfCall(captured, span);
      if (!traced && captured && !findTraced(captured, index)) {
        traced = createSpanless(captured, index);
      }
      const unknown = captured || (span && !jobs.has(span)) ? 'unknown' : undefined;
      sink.addFurtherHit(hit, traced ? toHitOwner(traced, reading) : unknown);
    },
    refuseHit: (key, message) => sink.refuseHit(key, message),
    reportHit: (key, message) => sink.reportHit(key, message),
    abandon(captured) {
      try {
        const traced = findTraced(captured, index);
        if (traced) abandon(traced, captured);
      } catch (error) {
        report('abandon', error);
      }
    },
  });

  /** Ends a request that Node.js does not end. If only its span has not ended, that may come, or not. */
  function abandon(traced: TracedRequest, captured: CapturedRequest): void {
    const { span, response } = captured;
    if (!traced.span || !span || !response) return;
    if (!isOpen(response)) index.weaken(traced);
    else endUnended(traced, captured, response.statusCode);
  }

  /**
   * The request of a call. The active span wins over the async context: a connection of a pool that was opened in another request
   * may run all its callbacks in that one's async context, and instrumentations bind them to the right span.
   */
  function requestOfCall(
    captured: CapturedRequest | undefined,
    span: Span | undefined,
  ): TracedRequest | undefined {
    const current = findTraced(captured, index);
    if (!span || current?.span === span) return current;
    const isSameTrace = current?.traceId === span.spanContext().traceId;
    if (isSameTrace) return nested.get(span) ?? index.findInSharedTrace(span) ?? current;
    return (
      index.root(span) ??
      nested.get(span) ??
      index.find(span) ??
      (current && mayBegin(span, current) ? current : undefined)
    );
  }

  /** Whether a span of another trace may belong to work that a request began. Otherwise it belongs to another request. */
  function mayBegin(span: Span, around: TracedRequest): boolean {
    const isRecorded = (span as Partial<FinishedSpan>).kind !== undefined;
    return jobs.has(span) || (around.traceId === '' && !isRecorded);
  }

  /** Adds the hits in events of an ended span. If its request ended long ago, the async context identifies it. */
  function takeEvents(span: FinishedSpan, found: TracedRequest | undefined): void {
    if (!hasHitEvent(span)) return;
    const current = found ?? findTraced(currentRequest(), index);
    const isIts = current?.traceId === span.spanContext().traceId;
    const unknown = jobs.has(span) ? undefined : 'unknown';
    const owner = current && isIts ? toHitOwner(current, reading) : unknown;
    for (const hit of hitsOfEvents(span)) sink.addFurtherHit(hit, owner);
  }

  function startServerSpan(span: Span & FinishedSpan, parentContext: Context): void {
    const isHttp = methodOf(span.attributes) !== undefined;
    const captured = isHttp ? requestInProgress() : undefined;
    const isNested = isHttp || isMcpSpan(span);
    const outer = isNested
      ? (outerRequest(spanOf(parentContext), span.spanContext().traceId) ??
        (isHttp ? requestOfOtherSpan(captured, span) : linkedRequest(span)))
      : undefined;
    if (outer) {
      nested.set(span, outer);
      if (index.hasSharedTraces) index.assign(span, undefined, outer);
      return;
    }
    if (!isHttp) {
      index.add(new TracedRequest(span, undefined, index));
      return;
    }
    if (captured?.untracked) return;
    const taken = takeCaptured(captured, span);
    const traced = new TracedRequest(span, taken, index);
    if (taken) storeTraced(taken, traced);
    index.add(traced, parentSpanIdOf(span) === undefined);
  }

  /** The request that brought the message of an MCP span whose parent is the call of the client. */
  function linkedRequest(span: FinishedSpan): TracedRequest | undefined {
    const context = linkedRequestOf(span);
    return context && index.findBySpan(context);
  }

  /** One application behind two servers: the second `request` event starts another root span in the context of the first. */
  function requestOfOtherSpan(
    captured: CapturedRequest | undefined,
    span: Span,
  ): TracedRequest | undefined {
    const first = captured?.span;
    return first === undefined || first === span ? undefined : index.root(first);
  }

  /** The request around a span with this parent. Only a local parent proves that there is one. */
  function outerRequest(parent: Span | undefined, traceId: string): TracedRequest | undefined {
    if (!parent) return undefined;
    const context = parent.spanContext();
    if (context.isRemote || context.traceId !== traceId) return undefined;
    return index.root(parent) ?? nested.get(parent) ?? index.find(parent);
  }

  /** The request of a child span, as long as its hit can change. */
  function requestOf(span: FinishedSpan): TracedRequest | undefined {
    const traced = index.find(span);
    return traced && toMillis(span.startTime) >= traced.record.startMillis ? traced : undefined;
  }

  return {
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
        const current = currentRequest()?.span;
        index.assign(started, parent, current && index.root(current));
      }
      if (started.attributes[PERF_KEY_ATTRIBUTE] !== undefined) {
        const traced = requestOf(started);
        if (traced) {
          traced.record.annotations.runningSpans += 1;
          tagged.set(started, traced);
        }
      }
    },

    onEnd(span) {
      if (span.kind === SERVER_SPAN) {
        const current = findTraced(currentRequest(), index);
        const traced = current?.span === span ? current : index.root(span);
        if (traced) endServerSpan(traced, span);
        else endSpanBelow(nested.get(span), span);
        return;
      }
      if (!isAnnotatedBelow(span, reading)) return;
      const taggedFor = tagged.get(span);
      if (taggedFor) taggedFor.record.annotations.runningSpans -= 1;
      endSpanBelow(taggedFor ?? requestOf(span), span);
    },

    onNodeRequest(captured, span) {
      captured.readers += 1;
      let traced = findTraced(captured, index);
      if (!traced) {
        traced = new TracedRequest(span, captured, index);
        storeTraced(captured, traced);
      }
      endServerSpan(traced, span);
    },

    endOpen() {
      for (const captured of openRequests()) {
        try {
          endOpenRequest(captured);
        } catch (error) {
          report('endOpen', error);
        }
      }
    },

    stop,
  };

  function endOpenRequest(captured: CapturedRequest): void {
    if (captured.span === undefined) {
      captured.onClosed?.();
      return;
    }
    const traced = findTraced(captured, index);
    const status = captured.response?.statusCode;
    if (traced?.span && status !== undefined) endUnended(traced, captured, status);
  }

  function endUnended(traced: TracedRequest, captured: CapturedRequest, status: number): void {
    endServerSpan(traced, describeUnended(traced.span as FinishedSpan, captured, status));
  }

  function endServerSpan(traced: TracedRequest, span: FinishedSpan): void {
    const { record } = traced;
    traced.span = undefined; // one span, one hit
    annotateOwn(record, span, reading);
    const request = readRequest(record, span, reading);
    if (request) {
      takeEvents(span, traced);
      sink.addRequest(endRecord(record, request), span);
    } else {
      record.close();
      takeEvents(span, undefined);
      countUnused(span);
    }
    if (record.captured) releaseRequest(record.captured);
    record.captured = undefined;
  }

  /** Routes are not counted: most of the spans that have one add nothing to their request. */
  function countUnused(span: FinishedSpan): void {
    if (isAnnotated(span, reading) && !hasHitEvent(span)) sink.countUnused();
  }

  function endSpanBelow(traced: TracedRequest | undefined, span: FinishedSpan): void {
    takeEvents(span, traced);
    if (!traced || traced.closed) {
      countUnused(span);
      return;
    }
    const { record } = traced;
    annotateBelow(record, span, reading);
    const { request, nestedRoute } = record;
    // Next.js ends its own SERVER span after the one of the http instrumentation.
    if (request && request.route === undefined && nestedRoute !== undefined) {
      const route = routeOf(record, {}, request.path, request.statusCode);
      record.request = { ...request, route };
    }
    if (isOperationSpan(span)) readLateOperation(record, reading);
  }
}

/** A span that ends after the SERVER span may name the operation, or show that it has failed. */
function readLateOperation(record: RequestRecord, { readsMcp }: RequestReading): void {
  const { request } = record;
  if (!request) return;
  const operation = updateOperation(request.operation, record, readsMcp);
  record.request = { ...request, operation };
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
function requestInProgress(): CapturedRequest | undefined {
  const captured = currentRequest();
  return captured?.request === undefined || captured.response?.closed ? undefined : captured;
}

/**
 * Node's request belongs to the first HTTP SERVER span in its async context. Paths are not compared: the span has none if the
 * URL parser rejects the Host header or the target.
 */
function takeCaptured(
  captured: CapturedRequest | undefined,
  span: Span,
): CapturedRequest | undefined {
  if (!captured || (captured.span !== undefined && captured.span !== span)) return undefined;
  captured.span = span;
  captured.readers += 1;
  return captured;
}
