import type { DeliveryCounters } from '../../counters.js';
import type { SegmentReaderEvents } from './segment-reader.js';

/** What the sender's own process is to know of what it decides. */
export interface BacklogEvents extends SegmentReaderEvents {
  /** Hits of a process that has gone are this one's from now on. With many of them this goes on for some time. */
  adopt(hits: number): Promise<void>;
  /** Whether this process sends still. */
  stillSends(): Promise<boolean>;
  /** What became of adopted hits. */
  countAdopted(counts: DeliveryCounters): void;
  /** All that has been decided of a segment whose process lives, which may be this one. */
  learn(segment: string, counts: DeliveryCounters): void;
  /** A segment has been deleted, everything in it being decided. */
  finish(segment: string): void;
  /** What was decided could not be written down. */
  notWritten(error: unknown): void;
  /** A segment cannot be read at present. */
  unreadable(segment: string, error: unknown): void;
  /** Adopted hits that a segment has no more. */
  lost(hits: number, segment: string): void;
}
