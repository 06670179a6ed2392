import type { MessageCode } from '../common/messages.js';
import type { AdditionalHit } from '../hit/additional-hit.js';
import type { SpanResource } from './matomo-attributes.js';
import type { RequestReading } from './read-request.js';
import type { Request } from './request.js';

/** The interface of the tracker for requests, spans and calls of the application. */
export interface Tracker {
  /** How requests are read. */
  readonly reading: RequestReading;
  /** Adds a hit other than a page view. Without a request, the hit belongs to the service of the resource. Throws if the hit cannot be read. */
  addHit(hit: AdditionalHit, of: Request | 'unknown' | undefined, resource?: SpanResource): void;
  /** Counts a call that sends no hit as invalid, and logs it once for each key. */
  refuseHit(key: string, message: string): void;
  /** Logs once for each key that a part of a hit was dropped. */
  reportHit(key: string, message: string, code?: MessageCode): void;
  /** Counts a span with data for Matomo that ended too late for its request, or belongs to no request. */
  countUnused(): void;
}
