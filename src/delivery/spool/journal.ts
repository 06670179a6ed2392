import type { Hit } from '../../hit/hit.js';

/** A hit that was read from a journal: the range `from … to` of a segment. */
export interface JournalHit extends Hit {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
}

/** A hit and its line, with line feed. */
export interface HitLine {
  readonly hit: Hit;
  readonly line: Buffer;
}

/** Hits that a segment reads at once. */
export const MAX_READ_HITS = 500;

/** A file or a stream with hits, in the order in which they were appended. */
export interface Segment {
  /** Start of its first request, in epoch seconds. */
  readonly startSeconds: number;
  /** Hits that were not read. */
  readonly unread: number;
  /** The next hits, at most `MAX_READ_HITS`. Each is returned once; none if those are damaged or lost. */
  read(): Promise<readonly JournalHit[]>;
  /** Stores that hits have a result. They are never read again. */
  markDecided(hits: readonly JournalHit[]): Promise<void>;
  /** The same at the event `exit`. Returns `false` if it cannot be stored then: the hits are sent again. */
  markDecidedAtExit?(hits: readonly JournalHit[]): boolean;
}

/** The journal was deleted, or taken over after this process had stood still. */
export class JournalLost extends Error {}

/** What a journal reports. The hits are no longer in it. */
export interface JournalEvents {
  /** Lines of `segment` are damaged; `hits` of them were counted before. */
  damaged(segment: string, hits: number): void;
  /** A journal of a dead process was taken over. */
  takenOver(hits: number, oldestSeconds: number): void;
  /** Hits vanished. */
  lost(hits: number): void;
  /** `segment` belongs to another user, or is no regular file. */
  foreign(segment: string): void;
  /** A segment cannot be read, and is tried again at the next beat. */
  unreadable(error: unknown): void;
}

/**
 * The hits of one process that survive it: its own, and those of dead processes that it took over. Methods reject if the disk or Redis
 * fails, and with `JournalLost` if the journal is gone. A store that cannot be used synchronously has no methods for the event `exit`.
 */
export interface Journal {
  /** Segments with hits that have no result. */
  readonly segments: Iterable<Segment>;
  /** Approximate bytes of all journals of the spool. */
  readonly spoolBytes: number;
  /** Whether hits can be stored and read now. */
  readonly isOpen: boolean;
  /** Stores all lines or none. With `keeps`, returns the hits as read; no others may be unread then. */
  append(lines: readonly HitLine[], keeps: boolean): Promise<readonly JournalHit[]>;
  /** At the event `exit`: stores lines, also those of the current `append`. Returns whether all are stored. */
  appendAtExit?(lines: readonly HitLine[]): boolean;
  /** Rejects if the journal is gone. Call it before each bulk. */
  confirm(): Promise<void>;
  /** Shows other processes that this one is alive. */
  keepAlive(): Promise<void>;
  /** Finds dead processes, and takes over the journals of at most `most`. Returns how many it took. */
  takeOver(most: number): Promise<number>;
  /** Leaves the hits to others, which take them over at once. */
  close(): Promise<void>;
  /** The same at the event `exit`. */
  closeAtExit?(): void;
}

/** Opens journals in a store whose code is loaded. */
export interface JournalOpener {
  /** Opens a journal under a new name; `undefined` if the store cannot be used now, which is logged. */
  open(events: JournalEvents): Promise<Journal | undefined>;
  /** The key of visitor IDs stored in it, once `open` has ended. */
  readonly visitorKey: Buffer | undefined;
  /** Closes connections. */
  close?(): void;
}

/** Whether a hit is young enough to be sent. */
export type IsFresh = (hit: { readonly startSeconds: number }) => boolean;

/** Intervals, in milliseconds. Tests shorten them. */
export interface JournalTimes {
  /** Between two beats. */
  readonly beatMillis: number;
  /** A process without a beat for this long is dead. */
  readonly deadMillis: number;
}

export const JOURNAL_TIMES: JournalTimes = { beatMillis: 3_000, deadMillis: 30_000 };
