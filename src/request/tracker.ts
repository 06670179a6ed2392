import type { MessageCode } from '../common/messages.js';
import type { AdditionalHit } from '../hit/additional-hit.js';
import type { SpanResource } from './matomo-attributes.js';
import type { RequestReading } from './read-request.js';
import type { Request } from './request.js';

/** The tracker, as requests, spans and calls of the application see it. */
export interface Tracker {
  /** The rules by which requests are read. */
  readonly reading: RequestReading;
  /** Adds a hit besides a page view. Without a request, it is one of the resource's service. Throws if the hit cannot be read. */
  addHit(hit: AdditionalHit, of: Request | 'unknown' | undefined, resource?: SpanResource): void;
  /** Counts a call that makes no hit as invalid, and logs it once for each key. */
  refuseHit(key: string, message: string): void;
  /** Logs once for each key that a part of a hit was dropped. */
  reportHit(key: string, message: string, code?: MessageCode): void;
  /** Counts a span with something for Matomo that ended too late for its request, or belongs to none. */
  countUnused(): void;
}
