import type { DeliveryCounters } from '../../queue/counters.js';
import type { SegmentReaderEvents } from './segment-reader.js';

/** What the backlog reports to the sender's own process. */
export interface BacklogEvents extends SegmentReaderEvents {
  /** Hits of an ended process now belong to this one. If there are many, this is called repeatedly. */
  takeOver(hits: number): Promise<void>;
  /** Sum of what was taken over, and the start of the oldest request. */
  takenOver(hits: number, oldestSeconds: number): void;
  /** Whether this process still holds the lease. */
  stillSends(): Promise<boolean>;
  /** Results of hits taken over. */
  countTakenOver(counts: DeliveryCounters): void;
  /** All results so far for a segment whose process is alive, which may be this one. */
  learn(segment: string, counts: DeliveryCounters): void;
  /** A segment was deleted because all its hits have results. */
  finish(segment: string): void;
  /** Results could not be written. */
  notWritten(error: unknown): void;
  /** A segment cannot be read now. It is tried again. */
  unreadable(segment: string, error: unknown): void;
  /** Hits taken over that are missing in a segment. */
  lost(hits: number, segment: string): void;
}
