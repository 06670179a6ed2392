import type { FurtherHit } from '../hit/further-hit.js';
import type { AssembledRequest } from './assemble-requests.js';
import type { CapturedRequest, StoredRecord } from './captured-requests.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';
import { describeSpanless } from './node-request.js';
import { type RequestReading, readRequest } from './read-request.js';
import { type EndedRecord, endRecord, RequestRecord } from './request-record.js';
import { sentStatusOf } from './response-status.js';
import { TracedRequest, type TraceIndex } from './trace-index.js';

/** The request to which a further hit belongs. */
export interface HitOwner {
  readonly record: RequestRecord | EndedRecord;
  /** The current state of the request, which may still run; `undefined` if it is not an HTTP request. */
  read(): AssembledRequest | undefined;
  /** Whether the response of the request, which may still run, has begun. */
  hasStatus(): boolean;
}

/** Receives requests and calls that make hits. */
export interface RequestSink {
  /** Each HTTP request once, when its server span has ended. */
  addRequest(record: EndedRecord, span: FinishedSpan): void;
  /** A hit besides a page view, and the request to which it belongs. `unknown`: nothing is known of that request any more. */
  addFurtherHit(hit: FurtherHit, owner: HitOwner | 'unknown' | undefined): void;
  /** A call that makes no hit, which is counted and logged. */
  refuseHit(key: string, message: string): void;
  /** Part of a hit was dropped, which is logged. */
  reportHit(key: string, message: string): void;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}

export function toHitOwner(traced: TracedRequest, reading: RequestReading): HitOwner {
  const { record } = traced;
  return {
    record,
    read() {
      const span = traced.span as FinishedSpan | undefined;
      if (!span) return undefined;
      const copy = new RequestRecord(record.startMillis); // without annotations from code, which are in `annotations`
      copy.captured = record.captured;
      copy.nestedRoute = record.nestedRoute;
      copy.spanOperation = record.spanOperation;
      const request = readRequest(copy, span, reading);
      if (!request) return undefined;
      const annotations = record.annotations.collect() ?? [];
      const { start, response } = record.captured ?? {};
      const statusCode = response?.statusCode ?? 200;
      // A span that has not ended has a negative duration.
      const durationMillis = start ? performance.now() - start.millis : 0;
      const current = { ...request, annotations, statusCode, aborted: false, durationMillis };
      return { record: endRecord(copy, current), span };
    },
    hasStatus() {
      const { attributes = {} } = (traced.span ?? {}) as Partial<FinishedSpan>;
      return sentStatusOf(record.captured?.response, attributes) !== undefined;
    },
  };
}

/** What one processor stored with a captured request. */
export function findTraced(
  captured: CapturedRequest | undefined,
  index: TraceIndex,
): TracedRequest | undefined {
  let stored = captured?.records;
  while (stored && stored.processor !== index) stored = stored.next;
  return stored as TracedRequest | undefined;
}

/** Stores a request of one processor with a captured request, as long as anything runs in its async context. */
export function storeTraced(captured: CapturedRequest, traced: StoredRecord): void {
  traced.next = captured.records;
  captured.records = traced;
}

/** A request with further hits that has no span, at least not yet. */
export function createSpanless(
  captured: CapturedRequest,
  index: TraceIndex,
): TracedRequest | undefined {
  const { request } = captured;
  if (!request) return undefined;
  const traced = new TracedRequest(describeSpanless(captured, request), captured, index);
  storeTraced(captured, traced);
  return traced;
}

/** Replaces the span of a request that has ended, so that its attributes and headers can be freed. */
export function createSpanOf({ request }: EndedRecord): FinishedSpan {
  return {
    name: request.spanName,
    kind: SERVER_SPAN,
    startTime: [0, 0],
    duration: [0, 0],
    attributes: {},
    status: { code: 0 },
    spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  };
}
