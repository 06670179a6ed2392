import type { SharedKeys } from '../common/visitor-keys.js';
import type { Hit } from '../hit/hit-text.js';
import type { DeliveryCounts, Results } from './counts.js';
import type { SpoolLog } from './delivery-log.js';

/** A place for hits until they are sent: memory, or a spool, which several processes share. No method rejects. */
export interface Store {
  /**
   * Takes hits, all or none. `false`: it cannot take them now, and logs why. If a disk hangs, a spool takes them, and has them among its `count`
   * until it is known whether they are stored.
   */
  put(hits: readonly Hit[]): boolean | Promise<boolean>;
  /**
   * Takes out the oldest hits, about so many: more if they were put together. A process has one claim at a time. `undefined` if nothing waits,
   * or the store cannot be used.
   */
  claim(most: number): Claim | undefined | Promise<Claim | undefined>;
  /** Hits that only this process has, in its memory or in its open claim. */
  readonly count: number;
}

/** Hits that only this process sends. */
export interface Claim {
  readonly hits: readonly Hit[];
  /**
   * Ends the claim. `back`: hits without a result, which keep their place, or go behind all others. The rest has these results, which are
   * counted in the same moment. Resolves with `false` if another process has taken the claim for a dead one's: then that one counts them.
   */
  done(results: Results, back: readonly Hit[], isBehind?: boolean): Promise<boolean>;
  /** Ends the claim at once, at the event `exit`. Missing if that is not possible. */
  doneNow?(results: Results, back: readonly Hit[]): void;
}

/** A store that outlives the process. */
export interface Spool extends Store {
  /** Whether the spool can be used now. If not, hits are sent from memory. */
  readonly isUsable: boolean;
  /** Hits that wait in the spool, of all processes, as far as this one knows. */
  readonly hits: number;
  /** Bytes that more hits may take. */
  readonly room: number;
  /** Time at which the oldest hit that waits was stored, in epoch seconds; `Infinity` if there is none. */
  readonly oldestSeconds: number;
  /**
   * The process ends: an operation that takes longer from now on, also one that is under way, hangs, and the spool is not usable until it
   * has ended. What waits for it resolves. Resolves when it is known whether the spool can take hits, or hangs.
   */
  hurry?(millis: number): void | Promise<void>;
  /**
   * When the time of a shutdown is over, and at the event `exit`: stores these hits at once, and ends what is under way. Hits of a `put` that
   * has not ended are stored, returned, or counted as lost. Returns the hits that are not stored.
   */
  putNow?(hits: readonly Hit[]): readonly Hit[];
  /** Closes the spool, in which hits stay. Resolves soon, even if a disk or a network hangs. */
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** The option `spool`: a folder, or the URL of a Redis. */
  readonly place: string;
  /** Only hits for this Matomo are claimed. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  /** The maximum number of hits in a file. */
  readonly maxExportBatchSize: number;
  /** A minute and the time-out of a request after it was made, a claim is that of a dead process. */
  readonly deadMillis: number;
  /** Whether this process has a token. Hits that it stores then need one, and a process without leaves them alone. */
  readonly hasToken: boolean;
  /** Whether hits that a dead process was sending are sent again. Otherwise they count as unconfirmed. */
  readonly resendUnconfirmed: boolean;
  /** Visitor keys that processes share, if they are not set. */
  readonly keys: SharedKeys | undefined;
  /** Gets `stored` and `claimed`, `unconfirmed` hits of dead processes, and `spool` for damaged lines. */
  readonly counts: DeliveryCounts;
  /** Called with hits of a claim that cannot be given back. */
  readonly keep: (hits: readonly Hit[]) => void;
  readonly log: SpoolLog;
}
