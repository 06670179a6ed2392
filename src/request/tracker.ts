import type { MessageCode } from '../common/messages.js';
import type { AdditionalHit } from '../hit/additional-hit.js';
import type { RequestReading } from './read-request.js';
import type { Request } from './request.js';

/** What the capture of requests tells the tracker of a process. */
export interface Tracker {
  /** A server listens, or a connection or request begins. Called before an instrumentation sees the request. Never throws. */
  begin(): void;
  /** A stream of HTTP/2 was announced. Called before its request begins, if it is one. */
  beginStream(canCapture: boolean): void;
}

/** What makes hits of the calls of an application. */
export interface HitReceiver {
  /** A hit besides a page view, of a request, of one of which nothing is known, or of none. Throws if the hit cannot be read. */
  addHit(hit: AdditionalHit, request: Request | 'unknown' | undefined): void;
  /** A call that makes no hit: it is counted as invalid, and logged once for each key. */
  refuseHit(key: string, message: string): void;
  /** Part of a hit was dropped, which is logged once for each key. */
  reportHit(key: string, message: string, code?: MessageCode): void;
}

/** What makes hits of the events of spans. */
export interface SpanReceiver extends Pick<HitReceiver, 'addHit'> {
  readonly reading: RequestReading;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}
