import type { Attributes } from '@opentelemetry/api';
import { type FurtherHit, MAX_FURTHER_HITS } from '../hit/further-hit.js';
import type { ChatbotResponse, HttpRequest } from '../hit/http-request.js';
import type { FinishedSpan } from './finished-span.js';
import type { EndedRecord, RequestRecord } from './request-record.js';
import { SERVER_SPAN } from './span-kind.js';

export { TOO_MANY_HITS } from '../hit/further-hit.js';

/** An ended request as data that can be sent from one thread to another. */
export interface ForwardedRequest {
  readonly request: HttpRequest;
  readonly isIgnored: boolean;
  /** Attributes of the server span. */
  readonly attributes: Attributes;
  /** For `visitorId: 'cookie'`. */
  readonly cookie: string | undefined;
  /** Which part an AI chatbot asked for. */
  readonly range?: string | undefined;
  readonly furtherHits: readonly FurtherHit[] | undefined;
  /** If an AI chatbot asked. */
  readonly chatbotResponse?: ChatbotResponse | undefined;
  /** Whether the request itself was forwarded before. Then only its further hits count. */
  readonly isKnown: boolean;
}

/** A hit outside of any request, with the visitor that it names. */
export interface ForwardedHit {
  readonly hit: FurtherHit;
}

export type ForwardedItem = ForwardedRequest | ForwardedHit;

/** What a forwarded request has besides its record. */
type Details = Pick<ForwardedRequest, 'attributes' | 'cookie' | 'range' | 'chatbotResponse'>;

/** Key under which a processor, of any copy, accepts requests of other threads. */
export const FORWARDED_REQUESTS: unique symbol = Symbol.for('opentelemetry-matomo.forwarded.1');

export type ForwardedRequestSink = (forwarded: ForwardedItem) => void;

const hitCounts = new WeakMap<RequestRecord, number>();

/** Adds a hit to a request that will be forwarded, unless it has the maximum number already. */
export function addFurtherHit(record: RequestRecord, hit: FurtherHit): boolean {
  const count = (hitCounts.get(record) ?? 0) + 1;
  if (count > MAX_FURTHER_HITS) return false;
  hitCounts.set(record, count);
  record.furtherHits = [...(record.furtherHits ?? []), hit];
  return true;
}

/** Closes a record and returns what is known about its request until then. */
export function toForwarded(
  record: EndedRecord,
  { attributes, cookie, range, chatbotResponse }: Details,
  isKnown = false,
): ForwardedRequest {
  record.close();
  const { ignored: isIgnored, furtherHits } = record;
  const request = { ...record.request, client: undefined };
  record.furtherHits = undefined;
  return { request, isIgnored, attributes, cookie, range, furtherHits, chatbotResponse, isKnown };
}

/** The request as if this thread had handled it. */
export function fromForwarded(forwarded: ForwardedRequest): {
  record: EndedRecord;
  span: FinishedSpan;
} {
  const { request, isIgnored, attributes, cookie, range, furtherHits, chatbotResponse, isKnown } =
    forwarded;
  const record = {
    request,
    currentRequest: request,
    furtherHits,
    chatbotResponse,
    ignored: isIgnored,
    running: false,
    captured: { request: { headers: { cookie, range } } },
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

/**
 * Leaves out functions and symbols, which cannot be sent to another thread and are not valid as parameters. If a parameter
 * contains itself, the request is left without what was tracked in it. `undefined` if nothing is left.
 */
export function toPlain(forwarded: ForwardedItem): ForwardedItem | undefined {
  try {
    return JSON.parse(
      JSON.stringify(forwarded, (_name, value) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    );
  } catch {
    if (!('request' in forwarded)) return undefined;
    const request = { ...forwarded.request, annotations: [] };
    return { ...forwarded, request, furtherHits: undefined };
  }
}
