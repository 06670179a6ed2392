import type { AdditionalHit } from '../hit/additional-hit.js';
import type { Request } from './request.js';

/** What the capture of requests, spans and the functions of the application tell the tracker of a process. */
export interface Tracker {
  /** A request was announced. Called before an instrumentation sees it. Never throws. */
  begin(request: Request): void;
  /** A stream of HTTP/2 was announced. Called before its request begins, if it is one. */
  beginStream(canCapture: boolean): void;
  /** Called once for each request, at its end, in its async context. Makes its hits and releases it. Never throws. */
  end(request: Request): void;
  /** A hit besides a page view, of a request, of one of which nothing is known, or of none. Throws if the hit cannot be read. */
  addHit(hit: AdditionalHit, request: Request | 'unknown' | undefined): void;
  /** A call that makes no hit: it is counted as invalid, and logged once for each key. */
  refuseHit(key: string, message: string): void;
  /** Part of a hit was dropped, which is logged once for each key. */
  reportHit(key: string, message: string): void;
  /** A call for a request that has ended, which is logged once. */
  reportLate(name: 'annotate' | 'ignore'): void;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}

/** What the functions of the application tell it. */
export type CallTracker = Pick<Tracker, 'addHit' | 'refuseHit' | 'reportHit' | 'reportLate'>;
