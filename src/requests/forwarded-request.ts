import type { Attributes } from '@opentelemetry/api';
import { type FurtherHit, MAX_FURTHER_HITS } from '../hit/further-hit.js';
import type { HttpRequest } from '../hit/http-request.js';
import type { FinishedSpan } from './finished-span.js';
import type { EndedRecord, RequestRecord } from './request-record.js';
import { SERVER_SPAN } from './span-kind.js';

/** An ended request as data that can be sent from one thread to another. */
export interface ForwardedRequest {
  readonly request: HttpRequest;
  readonly isIgnored: boolean;
  /** Of the server span. */
  readonly attributes: Attributes;
  /** What options may read besides: visitors by Matomo's cookie. */
  readonly cookie: string | undefined;
  readonly furtherHits: readonly FurtherHit[] | undefined;
  /** The request itself has been forwarded before: these hits were tracked later. */
  readonly isKnown: boolean;
}

/** A hit that is of no request, with the visitor that it names. */
export interface ForwardedHit {
  readonly hit: FurtherHit;
}

export type Forwarded = ForwardedRequest | ForwardedHit;

/** Under this key a processor of any copy takes requests of other threads. */
export const FORWARDED_REQUESTS: unique symbol = Symbol.for('opentelemetry-matomo.forwarded.1');

export type ForwardedRequestSink = (forwarded: Forwarded) => void;

const hitCounts = new WeakMap<RequestRecord, number>();

/** Adds a hit to a request that will be forwarded. Returns whether it may have as many. */
export function addFurtherHit(record: RequestRecord, hit: FurtherHit): boolean {
  const count = (hitCounts.get(record) ?? 0) + 1;
  if (count > MAX_FURTHER_HITS) return false;
  hitCounts.set(record, count);
  record.furtherHits = [...(record.furtherHits ?? []), hit];
  return true;
}

/** Why a hit was not added. */
export const TOO_MANY_HITS: string = `A request has more than ${MAX_FURTHER_HITS} further hits. The others were dropped. Track a total instead of each`;

/** What came in time of a request, for good. */
export function toForwarded(
  record: EndedRecord,
  attributes: Attributes,
  cookie: string | undefined,
  isKnown = false,
): ForwardedRequest {
  record.close();
  const { request, ignored: isIgnored, furtherHits } = record;
  record.furtherHits = undefined;
  return { request, isIgnored, attributes, cookie, furtherHits, isKnown };
}

/** The request as if it had been served in this thread. */
export function fromForwarded(forwarded: ForwardedRequest): {
  record: EndedRecord;
  span: FinishedSpan;
} {
  const { request, isIgnored, attributes, cookie, furtherHits, isKnown } = forwarded;
  const record = {
    request,
    currentRequest: request,
    furtherHits,
    ignored: isIgnored,
    running: false,
    captured: { request: { headers: { cookie } } },
    closed: isKnown,
    close() {
      record.closed = true;
    },
  };
  const span: FinishedSpan = {
    name: request.spanName,
    kind: SERVER_SPAN,
    startTime: [0, 0],
    duration: [0, 0],
    attributes,
    status: { code: 0 },
    spanContext: () => ({ traceId: '', spanId: '', traceFlags: 0 }),
  };
  return { record: record as unknown as EndedRecord, span };
}
