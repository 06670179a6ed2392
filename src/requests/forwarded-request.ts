import type { Attributes } from '@opentelemetry/api';
import type { FurtherHit } from '../hit/further-hit.js';
import type { ChatbotResponse, HttpRequest } from '../hit/http-request.js';
import type { FinishedSpan } from './finished-span.js';
import type { EndedRecord } from './request-record.js';
import { SERVER_SPAN } from './span-kind.js';

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
}

/** Key under which a processor, of any copy, accepts requests of other threads. */
export const FORWARDED_REQUESTS: unique symbol = Symbol.for('opentelemetry-matomo.forwarded.1');

export type ForwardedRequestSink = (forwarded: ForwardedRequest) => void;

/** Closes a record and returns what is known about its request until then. */
export function toForwarded(
  record: EndedRecord,
  {
    attributes,
    cookie,
    range,
    chatbotResponse,
  }: Pick<ForwardedRequest, 'attributes' | 'cookie' | 'range' | 'chatbotResponse'>,
): ForwardedRequest {
  record.close();
  const { request, ignored: isIgnored, furtherHits } = record;
  return { request, isIgnored, attributes, cookie, range, furtherHits, chatbotResponse };
}

/** The request as if this thread had handled it. */
export function fromForwarded(forwarded: ForwardedRequest): {
  record: EndedRecord;
  span: FinishedSpan;
} {
  const { request, isIgnored, attributes, cookie, range, furtherHits, chatbotResponse } = forwarded;
  const record = {
    request,
    currentRequest: request,
    furtherHits,
    chatbotResponse,
    ignored: isIgnored,
    running: false,
    captured: { request: { headers: { cookie, range } } },
    close: () => undefined,
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
