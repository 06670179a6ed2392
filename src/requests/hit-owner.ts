import type { FurtherHit } from '../hit/further-hit.js';
import type { AssembledRequest } from './assemble-requests.js';
import type { CapturedRequest, StoredRecord } from './captured-requests.js';
import { type FinishedSpan, SERVER_SPAN } from './finished-span.js';
import { readRequest } from './read-request.js';
import type { RequestReading } from './request-reading.js';
import { type EndedRecord, endRecord, type RequestIndex, RequestRecord } from './request-record.js';

/** The request to which a further hit belongs. */
export interface HitOwner {
  readonly record: RequestRecord | EndedRecord;
  /** The current state of the request, which may still run; `undefined` if it is not an HTTP request. */
  read(): AssembledRequest | undefined;
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

const NOWHERE: RequestIndex = { remove() {} };

export function toHitOwner(record: RequestRecord, reading: RequestReading): HitOwner {
  return {
    record,
    read() {
      const span = record.span as FinishedSpan | undefined;
      if (!span) return undefined;
      const copy = new RequestRecord(span, undefined, NOWHERE); // without those from code, which are in `annotations`
      copy.captured = record.captured;
      copy.nestedRoute = record.nestedRoute;
      const request = readRequest(copy, span, reading);
      if (!request) return undefined;
      const annotations = record.collectAnnotations() ?? [];
      const statusCode = record.captured?.response?.statusCode ?? 200;
      const current = { ...request, annotations, statusCode, aborted: false };
      return { record: endRecord(copy, current), span };
    },
  };
}

/** The record that one processor stored with a captured request. */
export function findRecord(
  captured: CapturedRequest | undefined,
  processor: object,
): RequestRecord | undefined {
  let record = captured?.records;
  while (record && record.processor !== processor) record = record.next;
  return record as RequestRecord | undefined;
}

/** Stores a record with a captured request, as long as anything runs in its async context. */
export function storeRecord(captured: CapturedRequest, record: StoredRecord): void {
  record.next = captured.records;
  captured.records = record;
}

/** Record of a request without a span. It makes no page view, only further hits. */
export function createSpanlessRecord(
  captured: CapturedRequest,
  index: RequestIndex,
  epochMillis: number,
): RequestRecord | undefined {
  const { request } = captured;
  if (!request) return undefined;
  const { method = 'GET', socket } = request;
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  const span: FinishedSpan = {
    name: method,
    kind: SERVER_SPAN,
    startTime: [Math.floor(epochMillis / 1000), Math.floor(epochMillis % 1000) * 1e6],
    duration: [0, 0],
    attributes: { 'http.request.method': method, 'url.scheme': scheme },
    status: { code: 0 },
    spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  };
  const record = new RequestRecord(span, captured, index);
  storeRecord(captured, record);
  return record;
}

/** Replaces the span of a request that has ended, so that its attributes and headers can be freed. */
export function createGoneSpan({ request, traceId, spanId }: EndedRecord): FinishedSpan {
  return {
    name: request.spanName,
    kind: SERVER_SPAN,
    startTime: [0, 0],
    duration: [0, 0],
    attributes: {},
    status: { code: 0 },
    spanContext: () => ({ traceId, spanId, traceFlags: 0 }),
  };
}
