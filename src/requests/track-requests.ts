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
  type FinishedSpan,
  methodOf,
  parentSpanIdOf,
  SERVER_SPAN,
  toMillis,
} from './finished-span.js';
import { hasHitEvent, hitsOfEvents } from './hit-events.js';
import {
  createSpanlessRecord,
  findRecord,
  type RequestSink,
  storeRecord,
  toHitOwner,
} from './hit-owner.js';
import { describeUnended } from './node-request.js';
import { isOperationSpan, updateOperation } from './operations/index.js';
import { readRequest } from './read-request.js';
import type { RequestReading } from './request-reading.js';
import {
  annotateBelow,
  annotateOwn,
  endRecord,
  isAnnotated,
  isAnnotatedBelow,
  PERF_KEY_ATTRIBUTE,
  RequestRecord,
} from './request-record.js';
import { routeOf } from './routes/index.js';
import { TraceIndex } from './trace-index.js';

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
  const nested = new WeakMap<object, RequestRecord>();
  const tagged = new WeakMap<object, RequestRecord>();
  const index = new TraceIndex();

  const stop = captureRequests({
    findAnnotations(span, captured) {
      if (captured?.untracked) return undefined;
      const record = recordOfCall(captured, span);
      return record?.closed ? undefined : record?.fromCode;
    },
    takeHit(hit, captured, span) {
      if (captured?.untracked) return;
      let record = recordOfCall(captured, span);
      if (!record && captured && !findRecord(captured, index)) {
        record = createSpanlessRecord(captured, index, hit.epochMillis);
      }
      const unknown = captured && 'unknown';
      sink.addFurtherHit(hit, record ? toHitOwner(record, reading) : unknown);
    },
    refuseHit: (key, message) => sink.refuseHit(key, message),
    reportHit: (key, message) => sink.reportHit(key, message),
    abandon(captured) {
      try {
        const record = findRecord(captured, index);
        if (record) abandon(record, captured);
      } catch (error) {
        report('abandon', error);
      }
    },
  });

  /** Ends a request that Node.js does not end. If only its span has not ended, that may come, or not. */
  function abandon(record: RequestRecord, { span, response }: CapturedRequest): void {
    if (!record.span || !span || !response) return;
    if (!isOpen(response)) index.weaken(record);
    else endServerSpan(record, describeUnended(record.span as FinishedSpan, response.statusCode));
  }

  /**
   * The request of a call. The active span wins over the async context: a connection of a pool that was opened in another request
   * may run all its callbacks in that one's async context, and instrumentations bind them to the right span.
   */
  function recordOfCall(
    captured: CapturedRequest | undefined,
    span: Span | undefined,
  ): RequestRecord | undefined {
    const current = findRecord(captured, index);
    if (!span || current?.span === span) return current;
    const isSameTrace = current?.traceId === span.spanContext().traceId;
    if (isSameTrace) return nested.get(span) ?? index.findInSharedTrace(span) ?? current;
    return (
      index.root(span) ??
      nested.get(span) ??
      index.find(span) ??
      (current && isOfEndedRequest(span, current) ? undefined : current)
    );
  }

  /** Adds the hits in events of an ended span. If its request ended long ago, the async context identifies it. */
  function takeEvents(span: FinishedSpan, found: RequestRecord | undefined): void {
    if (!hasHitEvent(span)) return;
    const current = found ?? findRecord(currentRequest(), index);
    const isIts = current?.traceId === span.spanContext().traceId;
    const unknown = current && parentSpanIdOf(span) !== undefined ? 'unknown' : undefined;
    const owner = current && isIts ? toHitOwner(current, reading) : unknown;
    for (const hit of hitsOfEvents(span)) sink.addFurtherHit(hit, owner);
  }

  function startServerSpan(span: Span & FinishedSpan, parentContext: Context): void {
    if (methodOf(span.attributes) === undefined) {
      index.add(new RequestRecord(span, undefined, index));
      return;
    }
    const captured = requestInProgress();
    const outer =
      outerRequest(spanOf(parentContext), span.spanContext().traceId) ??
      requestOfOtherSpan(captured, span);
    if (outer) {
      nested.set(span, outer);
      if (index.hasSharedTraces) index.assign(span, undefined, outer);
      return;
    }
    if (captured?.untracked) return;
    const taken = takeCaptured(captured, span);
    const record = new RequestRecord(span, taken, index);
    if (taken) storeRecord(taken, record);
    index.add(record, parentSpanIdOf(span) === undefined);
  }

  /** One application behind two servers: the second `request` event starts another root span in the context of the first. */
  function requestOfOtherSpan(
    captured: CapturedRequest | undefined,
    span: Span,
  ): RequestRecord | undefined {
    const first = captured?.span;
    return first === undefined || first === span ? undefined : index.root(first);
  }

  /** The request around a span with this parent. Only a local parent proves that there is one. */
  function outerRequest(parent: Span | undefined, traceId: string): RequestRecord | undefined {
    if (!parent) return undefined;
    const context = parent.spanContext();
    if (context.isRemote || context.traceId !== traceId) return undefined;
    return index.root(parent) ?? nested.get(parent) ?? index.find(parent);
  }

  /** The request of a child span, as long as its hit can change. */
  function recordOf(span: FinishedSpan): RequestRecord | undefined {
    const record = index.find(span);
    return record && toMillis(span.startTime) >= record.startMillis ? record : undefined;
  }

  return {
    onStart(span, parentContext) {
      const started = span as Span & FinishedSpan;
      if (started.attributes === undefined) return; // the tracer is not of an OpenTelemetry SDK
      if (started.kind === SERVER_SPAN) {
        startServerSpan(started, parentContext);
        return;
      }
      if (index.hasSharedTraces) {
        const current = currentRequest()?.span;
        index.assign(started, spanOf(parentContext), current && index.root(current));
      }
      if (started.attributes[PERF_KEY_ATTRIBUTE] !== undefined) {
        const record = recordOf(started);
        if (record) {
          record.runningSpans += 1;
          tagged.set(started, record);
        }
      }
    },

    onEnd(span) {
      if (span.kind === SERVER_SPAN) {
        const current = findRecord(currentRequest(), index);
        const record = current?.span === span ? current : index.root(span);
        if (record) endServerSpan(record, span);
        else endSpanBelow(nested.get(span), span);
        return;
      }
      if (!isAnnotatedBelow(span, reading)) return;
      const taggedFor = tagged.get(span);
      if (taggedFor) taggedFor.runningSpans -= 1;
      endSpanBelow(taggedFor ?? recordOf(span), span);
    },

    onNodeRequest(captured, span) {
      captured.readers += 1;
      let record = findRecord(captured, index);
      if (!record) {
        record = new RequestRecord(span, captured, index);
        storeRecord(captured, record);
      }
      endServerSpan(record, span);
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
    const record = findRecord(captured, index);
    const status = captured.response?.statusCode;
    if (record?.span && status !== undefined)
      endServerSpan(record, describeUnended(record.span as FinishedSpan, status));
  }

  function endServerSpan(record: RequestRecord, span: FinishedSpan): void {
    record.span = undefined; // one span, one hit
    annotateOwn(record, span, reading);
    const request = readRequest(record, span, reading);
    if (request) {
      takeEvents(span, record);
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

  function endSpanBelow(record: RequestRecord | undefined, span: FinishedSpan): void {
    takeEvents(span, record);
    if (!record || record.closed) {
      countUnused(span);
      return;
    }
    annotateBelow(record, span, reading);
    const { request, nestedRoute } = record;
    // Next.js ends its own SERVER span after the one of the http instrumentation.
    if (request && request.route === undefined && nestedRoute !== undefined) {
      const route = routeOf(record, {}, request.path, request.statusCode);
      record.request = { ...request, route };
    }
    if (isOperationSpan(span)) readLateOperation(record);
  }
}

/** A span that ends after the SERVER span may name the operation, or show that it has failed. */
function readLateOperation(record: RequestRecord): void {
  const { request } = record;
  if (request)
    record.request = { ...request, operation: updateOperation(request.operation, record) };
}

/**
 * Whether an unknown span of another trace belongs to a request whose hit was built, not to work in the async context of
 * `around`: work in its own trace begins with a span that has no parent.
 */
function isOfEndedRequest(span: Span, around: RequestRecord): boolean {
  const { kind } = span as Partial<FinishedSpan>;
  const hasParent = kind !== undefined && parentSpanIdOf(span as Span & FinishedSpan) !== undefined;
  return around.closed && around.traceId !== '' && (hasParent || kind === SERVER_SPAN);
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
