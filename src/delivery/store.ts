import type { SharedKeys } from '../common/visitor-keys.js';
import type { Hit } from '../hit/hit-text.js';
import type { DeliveryCounts, Results } from './counts.js';
import type { SpoolLog } from './delivery-log.js';

/** Stores hits until they are sent: in memory, or in a spool that several processes share. No method rejects. */
export interface Store {
  /**
   * Stores all hits, or none. Returns `false` if it cannot accept them now; a spool logs the reason. If a disk hangs, a spool accepts the hits, and
   * includes them in `count` until it is known whether they are stored.
   */
  put(hits: readonly Hit[]): boolean | Promise<boolean>;
  /**
   * Claims the oldest hits, about `most` of them, or more if they were put together. A process has one claim at a time. `undefined` if no hit can be
   * claimed, or the store cannot be used.
   */
  claim(most: number): Claim | undefined | Promise<Claim | undefined>;
  /** The number of hits that only this process has, in memory or in its open claim. */
  readonly count: number;
}

/** Hits that only this process sends. */
export interface Claim {
  readonly hits: readonly Hit[];
  /**
   * Ends the claim. Hits in `back` have no result. They keep their position, or go behind all others. The other hits have `results`, which are
   * counted at the same time. Resolves with `false` if another process has claimed the hits, because this one seemed dead. That process counts them.
   */
  done(results: Results, back: readonly Hit[], isBehind?: boolean): Promise<boolean>;
  /** Ends the claim synchronously, at the event `exit`. Missing if the store cannot do that. */
  doneNow?(results: Results, back: readonly Hit[]): void;
}

/** A store that survives the process. */
export interface Spool extends Store {
  /** Whether the spool can be used now. If not, hits are sent from memory. */
  readonly isUsable: boolean;
  /** The number of pending hits in the spool, of all processes, as far as this process knows. */
  readonly hits: number;
  /** The number of bytes that more hits may use. */
  readonly room: number;
  /** Time at which the oldest pending hit in the spool was stored, in epoch seconds; `Infinity` if there is none. */
  readonly oldestSeconds: number;
  /**
   * Called when the process ends. The current and further operations that exceed the limit count as hanging. Their callers stop waiting, and the
   * spool is unusable until they have ended. Resolves when it is known whether the spool accepts hits, or hangs.
   */
  hurry?(millis: number): void | Promise<void>;
  /**
   * Stores hits synchronously and ends all operations, when the shutdown timeout is over, and at the event `exit`. Hits of an unfinished `put` are
   * stored, returned, or counted as lost. Returns the hits that are not stored.
   */
  putNow?(hits: readonly Hit[]): readonly Hit[];
  /** Closes the spool. Its hits stay stored. Resolves soon, even if a disk or a network hangs. */
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** The option `spool`: a folder, or the URL of a Redis. */
  readonly place: string;
  /** The URL of the Matomo whose hits are claimed. */
  readonly matomoUrl: string;
  readonly maxBytes: number;
  /** The maximum number of hits in a file. */
  readonly maxExportBatchSize: number;
  /** A claim that is older belongs to a dead process: a minute plus the timeout of a request. */
  readonly deadMillis: number;
  /** Whether this process has a token. Hits that it stores then need one, and processes without a token do not claim them. */
  readonly hasToken: boolean;
  /** Whether hits that a dead process was sending are sent again. Otherwise they count as unconfirmed. */
  readonly resendUnconfirmed: boolean;
  /** The visitor keys that processes share if no option sets a key. */
  readonly keys: SharedKeys | undefined;
  /** Counts `stored`, `claimed`, `unconfirmed` hits of dead processes, and damaged lines as `spool`. */
  readonly counts: DeliveryCounts;
  /** Called with hits of a claim that cannot be given back. */
  readonly keep: (hits: readonly Hit[]) => void;
  readonly log: SpoolLog;
}
