import type { SharedKeys } from '../../common/visitor-keys.js';
import type { DeliveryCounts } from '../delivery-counts.js';
import type { DeliveryLimits } from '../delivery-limits.js';
import type { SpoolLog } from './spool-log.js';

/** What a spool is opened with. */
export interface SpoolOptions {
  /** The option `spool`: a folder, or the URL of a Redis. */
  readonly place: string;
  /** Only hits for this Matomo are claimed. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  /** Older hits are removed, and count as expired. */
  readonly maxAgeMillis: number;
  /** The time-out of a request, after which a claim can be dead. */
  readonly exportTimeoutMillis: number;
  /** What this process stores needs a token if it has one, and a process without leaves that alone. */
  readonly hasToken: boolean;
  /** What a dead process was sending is sent again. Otherwise it counts as unconfirmed. */
  readonly resendUnconfirmed: boolean;
  /** Visitor keys that processes share, if they are not set. */
  readonly keys: SharedKeys | undefined;
  readonly limits: DeliveryLimits;
  /** Gets `stored` and `claimed`, and what a spool counts itself: `unconfirmed` of dead processes, `expired`, and `spool` for damaged lines. */
  readonly counts: DeliveryCounts;
  readonly log: SpoolLog;
}
