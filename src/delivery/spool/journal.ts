import { randomBytes } from 'node:crypto';
import type { Hit } from '../../hit/hit.js';

/** Where a line is in a segment: bytes of a file, or numbers of entries of a stream. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** A line that was read, without line feed. */
export interface JournalLine extends Range {
  readonly line: Buffer;
}

/** A hit in a journal. */
export interface JournalHit extends Hit, Range {
  readonly segment: Segment;
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
  /** For messages. */
  readonly name: string;
  /** Start of its first request, in epoch seconds. */
  readonly startSeconds: number;
  /** Hits that were not read. */
  readonly unread: number;
  /** The next lines without a result, at most `MAX_READ_HITS`, and how many others have vanished. Each is returned once. */
  read(): Promise<{ readonly lines: readonly JournalLine[]; readonly lost: number }>;
  /** Stores that lines have a result. They are never read again. */
  markDecided(lines: readonly Range[]): Promise<void>;
  /** The same at the event `exit`. Returns `false` if it cannot be stored then: the hits are sent again. */
  markDecidedAtExit?(lines: readonly Range[]): boolean;
}

/** The journal was deleted, or taken over after this process had stood still. */
export class JournalLost extends Error {}

/** Called with the hits of a dead process that were taken over. */
export type OnTakenOver = (hits: number) => void;

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
  open(onTakenOver: OnTakenOver): Promise<Journal | undefined>;
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

// When is a process dead, and how does another one take over its hits? A process has a heartbeat every 3 s (`JOURNAL_TIMES`). It is dead if it
// has marked its journal as ended, if its pid can be checked and is gone (in a folder), or if it had no heartbeat for 30 s. Others look for dead
// processes at each of their heartbeats, and take over the whole journal in one step that only one process can do: they rename its folder, or its
// streams. A process that only stood still finds its journal gone at its next look (`Spool`), and goes on with a new one.

/** Whether a process may send the hits of a dead one: without a token, Matomo accepts neither addresses nor hits that are old. */
export function mayTakeOver({ hasToken }: { readonly hasToken: boolean }, hadToken: boolean) {
  return hasToken || !hadToken;
}

/**
 * Notices that this process has stood still. All others may have, too, so that each gets `deadMillis` from then on to show that it is alive.
 * Call the returned function at each look. It returns since when there was no long pause between two, on the monotonic clock.
 */
export function noticePauses(deadMillis: number): () => number {
  let lookedMillis = performance.now();
  let sinceMillis = lookedMillis;
  return function lookedWithoutPauseSince() {
    const now = performance.now();
    if (now - lookedMillis > deadMillis / 3) sinceMillis = now;
    lookedMillis = now;
    return sinceMillis;
  };
}

/** A new name for a journal of this process. Names sort by the time of opening. */
export function newInstanceName(): string {
  const time = String(Math.max(0, Date.now())).padStart(13, '0');
  return `${time}-${process.pid}-${randomBytes(4).toString('hex')}`;
}
