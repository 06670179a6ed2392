import type { Hit } from '../hit/hit.js';
import type { Results } from './delivery-counts.js';

/** The number of failures of hits that Matomo has rejected as invalid, with a token that works. */
export const INVALID = 100;

/** Where hits wait until they are sent: memory, or a spool, whose hits any process claims that shares it. No method rejects. */
export interface Store {
  /**
   * The hits that failed least, of these the oldest, at most so many: one bulk. None that failed more than `maxFailures` times. A process has
   * one claim at a time. `undefined` if there are no such hits, or the store cannot be used.
   */
  claim(most: number, maxFailures: number): Claim | undefined | Promise<Claim | undefined>;
  /** Hits that only this process has: in its memory, or of its open claim. */
  readonly count: number;
  /** How many bulks wait that have failed more than once. Nearly all have one hit. */
  readonly suspects: number;
}

/** Hits that have no result. */
export interface PendingHits {
  readonly hits: readonly Hit[];
  /** How often they failed. `INVALID` or more: Matomo has rejected all of them as invalid. */
  readonly failures: number;
}

/** Hits that only this process sends. */
export interface Claim extends PendingHits {
  /** The claim goes on: it takes longer than one request. */
  touch(): Promise<void>;
  /**
   * The claim ends. Hits that are given `back` can be claimed again: in their old place if nothing was learned of them, else behind all
   * others. The others have these results, which are counted in the same moment. Resolves with `false` if another process has taken the
   * claim for a dead one's: then that one counts them.
   */
  done(results: Results, back?: readonly PendingHits[]): Promise<boolean>;
  /** At the event `exit`, the same at once, also while `done` runs. Missing if that is not possible. */
  endNow?(results: Results, back: readonly PendingHits[]): void;
}

/** A store that several processes share. */
export interface Spool extends Store {
  /** Resolves with how many of these hits are stored: all up to one that is not, of which the store logs why. */
  store(hits: readonly Hit[]): Promise<number>;
  /** `false` if it cannot be used now: then hits stay in memory, and are sent from there. */
  readonly isUsable: boolean;
  /** Bytes that more hits may take. */
  readonly room: number;
  /** When the oldest hit that is not claimed was stored, in epoch seconds; `Infinity` if there is none. */
  readonly oldestSeconds: number;
  /** Hits that wait in it, of all processes, as far as this one knows. */
  readonly hits: number;
  /** At the event `exit`: stores hits at once. Returns those that are not stored. Missing if that is not possible. */
  storeNow?(hits: readonly Hit[]): readonly Hit[];
  /** Hits stay in it. Resolves within `limits.closeMillis`, even if a disk or a network hangs. */
  close(): Promise<void>;
}
