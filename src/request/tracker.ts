import type { MessageCode } from '../common/messages.js';
import type { AdditionalHit } from '../hit/additional-hit.js';
import type { RequestReading } from './read-request.js';
import type { Request } from './request.js';

/** The tracker of a process, as the capture of requests calls it. */
export interface Tracker {
  /** Called when a server listens, or a connection or request begins, before an instrumentation sees it. Never throws. */
  begin(): void;
  /** Called when a stream of HTTP/2 was announced, before its request begins. */
  beginStream(canCapture: boolean): void;
}

/** Makes hits of the calls of an application. */
export interface HitReceiver {
  /** Adds a hit besides a page view, with or without a request. Throws if the hit cannot be read. */
  addHit(hit: AdditionalHit, request: Request | 'unknown' | undefined): void;
  /** Counts a call that makes no hit as invalid, and logs it once for each key. */
  refuseHit(key: string, message: string): void;
  /** Logs once for each key that a part of a hit was dropped. */
  reportHit(key: string, message: string, code?: MessageCode): void;
}

/** Makes hits of the events of spans. */
export interface SpanReceiver extends Pick<HitReceiver, 'addHit'> {
  readonly reading: RequestReading;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}
